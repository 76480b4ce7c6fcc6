package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.UnknownFieldSet;
import dev.rankspec.optim.v1.LearningRate;
import dev.rankspec.recap.v1.RecapConfig;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
  private static final ConfigLoader<RecapConfig> RECAP = ConfigLoader.of(RecapConfig.getDefaultInstance());
  private static final ConfigLoader<LearningRate> RATE = ConfigLoader.of(LearningRate.getDefaultInstance());

  private static final Path TINY = Repository.at("configs/recap/tiny.textproto");

  private static List<String> refusal(Executable loading) {
    return assertThrows(InvalidConfigException.class, loading).violations().stream()
        .map(violation -> violation.path() + " " + violation.code())
        .sorted()
        .toList();
  }

  @Test
  void aValidFileIsResolvedAndItsVariablesReplaced() throws Exception {
    Config<RecapConfig> config =
        RECAP.withVariables(Map.of("RANKSPEC_RUNS", "/runs")).load(TINY);
    assertEquals("/runs/tiny", config.message().getTraining().getSaveDir());
    assertEquals("build/runs/tiny", RECAP.load(TINY).message().getTraining().getSaveDir());
    assertFalse(config.message().getTraining().hasEvalTimeoutInS());
    assertTrue(config.resolved().getTraining().hasEvalTimeoutInS());
  }

  @Test
  void theBinaryFormHasTheSameFingerprintAsTheText() throws Exception {
    Config<RecapConfig> fromText = RECAP.load(TINY);
    Config<RecapConfig> fromBinary = RECAP.loadBinary(fromText.message().toByteArray());
    Config<RecapConfig> fromResolved = RECAP.loadBinary(fromText.resolved().toByteArray());
    assertEquals(fromText.fingerprint(), fromBinary.fingerprint());
    assertEquals(fromText.fingerprint(), fromResolved.fingerprint());
  }

  @Test
  void everyViolationOfTheRulesIsReportedAtItsPath() {
    assertEquals(
        List.of("linear_ramp_to_cosine.num_ramp_steps optim.linear_ramp_to_cosine.ramp_before_final"),
        refusal(() -> RATE.loadText("linear_ramp_to_cosine { learning_rate: 1 final_learning_rate: 0"
            + " num_ramp_steps: 9 final_num_steps: 9 }")));
    assertEquals(
        List.of(
            "model required",
            "optimizer required",
            "train_data required",
            "training.num_train_steps int64.gt"),
        refusal(() -> RECAP.loadText("training { num_train_steps: -5 }")));
  }

  @Test
  void aNumberThatIsNotFiniteBreaksNoRangeBesides() {
    assertEquals(List.of("constant double.finite"), refusal(() -> RATE.loadText("constant: nan")));
  }

  @Test
  void aRuleOverSeveralFieldsIsReportedAtEachOfThem() {
    String text = Repository.text("configs/recap/tiny.textproto");
    String renamed = text.replaceFirst("key: \"recap.engagement.is_favorited\"", "key: \"one.more\"");
    List<String> found = refusal(() -> RECAP.loadText(renamed));
    assertTrue(
        found.contains("model.tasks[\"one.more\"] recap.config.model_tasks_have_data"), found::toString);
    assertTrue(found.size() > 1, found::toString);
  }

  @Test
  void whatCannotBeReadIsReportedWithItsPlace() {
    InvalidConfigException refused =
        assertThrows(InvalidConfigException.class, () -> RATE.loadText("constant:\n  01"));
    assertEquals(1, refused.violations().size());
    assertTrue(refused.getMessage().startsWith("2:3: constant: "), refused.getMessage());
    assertTrue(refused.getMessage().endsWith("[parse.not_portable.number]"), refused.getMessage());
  }

  private static List<String> places(Executable loading) {
    return assertThrows(InvalidConfigException.class, loading).violations().stream()
        .map(v -> v.position().map(at -> at.line() + ":" + at.column()).orElse("-") + " " + v.path())
        .toList();
  }

  @Test
  void violationsAreSortedByTheirPlacesWhichCountCodePoints() {
    String text =
        """
        train_data { inputs: "\ud83d\ude00" global_batch_size: 0 }
        validation_data { value { inherit_train_data: true global_batch_size: -1 } key: "like" }
        model {
          tasks { value { mlp_config { layer_sizes: 1 layer_sizes: [2, 0] } } key: "a].\\"" }
          stratifiers: [{ name: "s" value: 0 index: 0 }, { name: "\ud83d\ude00" index: -1 }]
        }
        """;
    assertEquals(
        List.of(
            "1:1 ",
            "1:1 optimizer",
            "1:1 train_data.seg_dense_schema",
            "1:1 train_data.tasks",
            "1:45 train_data.global_batch_size",
            "2:71 validation_data[\"like\"].global_batch_size",
            "2:81 validation_data[\"like\"].seg_dense_schema",
            "2:81 validation_data[\"like\"].tasks",
            "2:81 validation_data[\"like\"].tasks",
            "3:1 model.featurization_config",
            "4:19 model.tasks[\"a].\\\"\"].mlp_config",
            "4:64 model.tasks[\"a].\\\"\"].mlp_config.layer_sizes[2]",
            "4:76 model.tasks[\"a].\\\"\"]",
            "5:50 model.stratifiers[1].value",
            "5:58 model.stratifiers[1].name",
            "5:69 model.stratifiers[1].index"),
        places(() -> RECAP.loadText(text)));
  }

  @Test
  void whatWasNotReadFromATextHasNoPlace() {
    byte[] negative = LearningRate.newBuilder().setConstant(-1).build().toByteArray();
    assertEquals(List.of("- constant"), places(() -> RATE.loadBinary(negative)));
    assertEquals(List.of("- "), places(() -> RATE.loadBinary(new byte[ConfigLoader.MAX_BYTES + 1])));
    assertEquals(List.of("1:1 "), places(() -> RATE.loadText(new byte[ConfigLoader.MAX_BYTES + 1])));
  }

  @Test
  void anExceptionKeepsItsViolationsWhenItIsSerialized() throws Exception {
    InvalidConfigException refused =
        assertThrows(InvalidConfigException.class, () -> RATE.loadText("constant: -1"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ObjectOutputStream(bytes).writeObject(refused);
    ObjectInputStream reader = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()));
    InvalidConfigException copy = (InvalidConfigException) reader.readObject();
    assertEquals(refused.getMessage(), copy.getMessage());
    assertEquals(Optional.of(new Position(1, 11)), copy.violations().get(0).position());
  }

  @Test
  void onlyLoadersMakeConfigs() {
    assertEquals(0, Config.class.getConstructors().length);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "# proto-message: rankspec.train.v1.TrainingConfig | 1:1  [file.other_message]",
        "# proto-file: rankspec/recap/v1/recap.proto       | 1:1  [file.other_message]",
        "\\n# proto-message: LearningRate                  | 2:1  [file.unknown_message]",
        "# proto-file: elsewhere.proto                     | 1:1  [file.unknown_message]",
        "# proto-file: rankspec/optim/v1/optimizer.proto   | 1:1  [file.unknown_message]",
      })
  void aFileWhoseHeaderAsksForAnotherMessageIsRefused(String header, String refusal, @TempDir Path folder)
      throws IOException {
    Path file = Files.writeString(folder.resolve("a"), header.replace("\\n", "\n") + "\nconstant: 1");
    InvalidConfigException refused = assertThrows(InvalidConfigException.class, () -> RATE.load(file));
    assertEquals(refusal, refused.getMessage().replaceFirst(": .*? (?=\\[file)", "  "));
  }

  @Test
  void aFileWhoseHeaderAsksForTheLoadersMessageOrForNoneIsLoaded(@TempDir Path folder) throws Exception {
    String text = "# proto-file: rankspec/recap/v1/recap.proto\nconstant: 1";
    String named = "# proto-message: rankspec.optim.v1.LearningRate\nconstant: 1";
    Fingerprint expected = RATE.loadText(text).fingerprint();
    assertEquals(expected, RATE.load(Files.writeString(folder.resolve("a"), named)).fingerprint());
    assertEquals(expected, RATE.load(Files.writeString(folder.resolve("b"), "constant: 1")).fingerprint());
  }

  @ParameterizedTest
  @ValueSource(strings = {"tr-TR", "ar-EG-u-nu-arab", "hi-IN-u-nu-deva"})
  void theLocaleOfTheJvmChangesNothing(String locale) throws Exception {
    Executable odd = () -> RATE.loadText("constant: 1\u000b");
    String message = assertThrows(InvalidConfigException.class, odd).getMessage();
    String form = RECAP.load(TINY).canonicalForm().full();
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag(locale));
      assertEquals(message, assertThrows(InvalidConfigException.class, odd).getMessage());
      assertEquals(form, RECAP.load(TINY).canonicalForm().full());
      assertEquals(Form.TEXT, Form.ofFile(Path.of("A.TXTPB")));
      assertEquals(Form.BINARY, Form.ofFile(Path.of("A.BINPB")));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void aTextThatIsNotUtf8IsRefused() {
    byte[] latin1 = "# é\nconstant: 1".getBytes(StandardCharsets.ISO_8859_1);
    InvalidConfigException refused = assertThrows(InvalidConfigException.class, () -> RATE.loadText(latin1));
    assertEquals("parse.not_portable.encoding", refused.violations().get(0).code());
    assertEquals(Optional.of(new Position(1, 3)), refused.violations().get(0).position());
    assertEquals(List.of(" parse.not_portable.encoding"), refusal(() -> RATE.loadText("# \ud800")));
  }

  @Test
  void aConfigOfMoreThan16MebibytesIsRefused() {
    byte[] large = new byte[ConfigLoader.MAX_BYTES + 1];
    assertEquals(List.of(" parse.too_large"), refusal(() -> RATE.loadText(large)));
    assertEquals(List.of(" parse.too_large"), refusal(() -> RATE.loadBinary(large)));
  }

  @Test
  void longLiteralsAndDeepNestingEndInAVerdict() {
    String longKey = "\\\\\\\"".repeat(500_000);
    assertTrue(refusal(() -> RECAP.loadText("model { tasks { key: '" + longKey + "' } }")).size() > 1);
    assertEquals(
        List.of("training.training parse.unknown_field"),
        refusal(() -> RECAP.loadText("training{".repeat(100_000))));
  }

  @Test
  void unknownFieldsOfTheBinaryFormAreRefusedAtAnyDepth() throws Exception {
    RecapConfig.Builder config = RECAP.load(TINY).message().toBuilder();
    UnknownFieldSet unknown =
        UnknownFieldSet.newBuilder()
            .addField(9999, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .build();
    String task = "recap.engagement.is_favorited";
    config.getModelBuilder().putTasks(task,
        config.getModel().getTasksOrThrow(task).toBuilder().setUnknownFields(unknown).build());
    assertEquals(
        List.of("model.tasks[\"" + task + "\"] parse.unknown_field"),
        refusal(() -> RECAP.loadBinary(config.build().toByteArray())));
    assertEquals(List.of(" parse.syntax"), refusal(() -> RECAP.loadBinary(new byte[] {1, 2, 3})));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.json", "a.yaml", "a.yml"})
  void otherFormsAreRefusedByName(String file) {
    assertEquals(List.of(" file.unsupported_form"), refusal(() -> RECAP.load(Path.of(file))));
  }

  @Test
  void prewarmingChangesNoVerdict() throws Exception {
    assertEquals(
        RATE.loadText("constant: 1").fingerprint(), RATE.prewarm().loadText("constant: 1.0").fingerprint());
  }
}
