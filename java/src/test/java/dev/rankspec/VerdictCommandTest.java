package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictCommandTest {
  @TempDir Path folder;

  private String verdict(String name, String text) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    return VerdictCommand.verdict(file.toString()).replace(folder.toString(), "");
  }

  @Test
  void aValidFileHasFingerprints() throws IOException {
    String text = "# proto-message: rankspec.optim.v1.LearningRate\nconstant: 1";
    String line = verdict("a.textproto", text);
    assertTrue(
        line.matches(
            "\\{\"file\": \"/a.textproto\", \"ok\": true, \"violations\": \\[],"
                + " \"semantic\": \"[0-9a-f]{64}\", \"full\": \"[0-9a-f]{64}\"}"),
        line);
    assertEquals(line, verdict("a.textproto", text + ".0"));
  }

  @Test
  void violationsComeInTheOrderOfTheirPlaces() throws IOException {
    assertEquals(
        "{\"file\": \"/a\", \"ok\": false, \"violations\": ["
            + "{\"path\": \"model\", \"code\": \"required\", \"line\": 1, \"column\": 1}, "
            + "{\"path\": \"optimizer\", \"code\": \"required\", \"line\": 1, \"column\": 1}, "
            + "{\"path\": \"train_data\", \"code\": \"required\", \"line\": 1, \"column\": 1}, "
            + "{\"path\": \"training.num_train_steps\", \"code\": \"int64.gt\", \"line\": 2, \"column\": 18}], "
            + "\"semantic\": null, \"full\": null}",
        verdict("a", "training {\nnum_train_steps: -1 }"));
  }

  @Test
  void theBinaryFormHasNoPlaces() throws IOException {
    assertTrue(
        verdict("a.binpb", "").contains("{\"path\": \"model\", \"code\": \"required\", \"line\": null, \"column\": null}"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "a.json, file.unsupported_form, null",
    "a.txt, file.unknown_form, null",
    "a.textproto, parse.syntax, 1",
  })
  void whatCannotBeReadHasACode(String name, String code, String place) throws IOException {
    String expected = "\"code\": \"" + code + "\", \"line\": " + place + ", \"column\": " + place + "}";
    assertTrue(verdict(name, "{}").contains(expected), code);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "# proto-message: rankspec.optim.v1.Nothing | false",
        "# proto-message: rankspec.optim.v1.LearningRateProto | false",
        "# proto-message: LearningRate | false",
        "# proto-file: elsewhere.proto | false",
        "# proto-file: rankspec/optim/v1/learning_rate.proto | false",
        "# proto-file: elsewhere.proto\\n# proto-message: rankspec.optim.v1.LearningRate | false",
        "# proto-file: rankspec/twhin/v1/twhin.proto | true",
        "# proto-file: \u0085/rankspec/twhin/v1/twhin.proto | true",
        "# proto-message: TwhinConfig\\n\\n#proto-file: proto/rankspec/twhin/v1/twhin.proto | true",
        "# proto-message: RecapConfig | true",
        "training {}\\n# proto-message: Nothing | true",
      })
  void theHeaderNamesTheMessage(String header, boolean isKnown) throws IOException {
    String line = verdict("a.textproto", header.replace("\\n", "\n"));
    assertEquals(!isKnown, line.contains("file.unknown_message"), line);
  }

  @Test
  void whatIsNoFileHasACode() {
    assertTrue(VerdictCommand.verdict(folder.toString()).contains("file.is_folder"));
    assertTrue(VerdictCommand.verdict(folder.resolve("é").toString()).contains("\\u00e9\", \"ok\": false"));
    assertTrue(VerdictCommand.verdict(folder.resolve("a").toString()).contains("file.missing"));
    assertTrue(VerdictCommand.verdict(folder + "/a\0").contains("file.missing"));
  }

  @Test
  void aNameThatTheJvmCouldNotReadIsNotCalledMissing() {
    String name = folder + "/caf\ufffd";
    assertTrue(VerdictCommand.verdict(name).contains("file.unreadable"));
    assertTrue(FileNames.misreading(name).orElseThrow().contains("the locale, whose encoding"));
    assertTrue(FileNames.misreading(folder + "/cafe").isEmpty());
    assertTrue(FileNames.misreading(folder + "/\0").isEmpty());
  }
}
