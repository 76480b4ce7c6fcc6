package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.UnknownFieldSet;
import dev.rankspec.optim.v1.LearningRate;
import dev.rankspec.recap.v1.RecapConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
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

  @Test
  void aTextThatIsNotUtf8IsRefused() {
    byte[] latin1 = "# é\nconstant: 1".getBytes(StandardCharsets.ISO_8859_1);
    InvalidConfigException refused = assertThrows(InvalidConfigException.class, () -> RATE.loadText(latin1));
    assertEquals("parse.not_portable.encoding", refused.violations().get(0).code());
    assertEquals(new Position(1, 3), refused.violations().get(0).position());
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
