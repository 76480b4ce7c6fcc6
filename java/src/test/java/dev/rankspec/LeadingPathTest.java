package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rankspec.recap.v1.RecapConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeadingPathTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "training",
        "training.save_dir",
        "model.tasks",
        "model.tasks[\"a: b]\\\"\"]",
        "model.tasks[\"a\"].mlp_config.layer_sizes[1]",
        "model.backbone.mask_net_config.mask_blocks[0].output_size",
      })
  void aPathThatLeadsToAFieldIsOne(String path) {
    assertEquals(path.length(), LeadingPath.length(path + ": text: more", RecapConfig.getDescriptor()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no path",
        "training",
        "training:x",
        "training.: x",
        ".training: x",
        "training.steps: x",
        "training[0]: x",
        "training.save_dir.x: x",
        "model.tasks.mlp_config: x",
        "model.tasks[0]: x",
        "model.tasks[a]: x",
        "model.tasks[\"a: x",
        "model.tasks[\"a\\",
        "model.backbone.mask_net_config.mask_blocks.output_size: x",
        "model.backbone.mask_net_config.mask_blocks[]: x",
        "model.backbone.mask_net_config.mask_blocks[\"0\"]: x",
      })
  void anyOtherBeginningIsNone(String line) {
    assertEquals(-1, LeadingPath.length(line, RecapConfig.getDescriptor()));
  }
}
