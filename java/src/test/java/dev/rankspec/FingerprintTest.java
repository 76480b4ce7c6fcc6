package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.rankspec.optim.v1.OptimizerConfig;
import dev.rankspec.recap.v1.RecapConfig;
import dev.rankspec.train.v1.WandbConfig;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class FingerprintTest {
  private static final String PAGE = Repository.text("docs/fingerprint.md");

  private static String example(String kind) {
    Matcher block = Pattern.compile("```" + kind + "\n(.*?)```", Pattern.DOTALL).matcher(PAGE);
    if (!block.find()) {
      throw new AssertionError("the page shows no " + kind);
    }
    return block.group(1);
  }

  @Test
  void theExampleOfTheDefinitionComesOutAsShown() throws InvalidConfigException {
    Config<OptimizerConfig> config =
        ConfigLoader.of(OptimizerConfig.getDefaultInstance()).loadText(example("textproto"));
    Fingerprint fingerprint = config.fingerprint();
    assertEquals(example("form"), config.canonicalForm().full());
    assertEquals(
        example("hashes"),
        "semantic " + fingerprint.semantic() + "\nfull " + fingerprint.full() + "\n");
    assertEquals(fingerprint, Fingerprint.of(config.message()));
  }

  @Test
  void anOperationalFieldChangesTheFullPartAlone() throws Exception {
    ConfigLoader<RecapConfig> loader = ConfigLoader.of(RecapConfig.getDefaultInstance());
    RecapConfig config = loader.load(Repository.at("configs/recap/tiny.textproto")).message();
    RecapConfig.Builder other = config.toBuilder();
    other.getTrainingBuilder().setSaveDir("elsewhere");
    assertEquals(Fingerprint.of(config).semantic(), Fingerprint.of(other.build()).semantic());
    assertNotEquals(Fingerprint.of(config).full(), Fingerprint.of(other.build()).full());
  }

  @Test
  void bothZerosAreOneAndStringsAreWrittenInAscii() {
    String form =
        CanonicalForm.of(WandbConfig.newBuilder().putMetadata("é\"", "\\\n").build()).full();
    assertEquals(true, form.contains("metadata[\"\\xc3\\xa9\\x22\"]=\"\\x5c\\x0a\"\n"), form);
    assertEquals(
        CanonicalForm.of(OptimizerConfig.newBuilder().setLearningRate(constant(0.0)).build()),
        CanonicalForm.of(OptimizerConfig.newBuilder().setLearningRate(constant(-0.0)).build()));
  }

  private static dev.rankspec.optim.v1.LearningRate constant(double rate) {
    return dev.rankspec.optim.v1.LearningRate.newBuilder().setConstant(rate).build();
  }

  @Test
  void resolvingTwiceChangesNothing() throws Exception {
    Config<RecapConfig> config =
        ConfigLoader.of(RecapConfig.getDefaultInstance()).load(Repository.at("configs/recap/tiny.textproto"));
    assertEquals(config.resolved(), Defaults.resolve(config.resolved()));
  }
}
