import assert from "node:assert/strict";
import { test } from "node:test";

import { LearningRateSchema } from "../gen/rankspec/optim/v1/learning_rate_pb.js";
import { ModelConfigSchema } from "../gen/rankspec/recap/v1/model_pb.js";
import { namesField } from "../paths.js";
import { prewarm, RecapConfigSchema } from "../index.js";
import { validate } from "../validation.js";
import { read } from "./reading.js";
import { summary } from "./refusals.js";

const FEATURIZATION = "featurization_config { log1p_abs_config {} }";

test("a rule over several fields is a violation of each field that it names, below its own site", () => {
  const config = read(RecapConfigSchema, `model { ${FEATURIZATION}
    tasks { key: "a.b" value { mlp_config { layer_sizes: 1 } } } tasks { key: "a__b" value { mlp_config { layer_sizes: 1 } } } }`);

  const violations = validate(RecapConfigSchema, config);

  assert.deepEqual(
    summary(violations).filter((line) => line.includes("distinct")),
    ['model.tasks["a.b"] recap.model.distinct_task_names', 'model.tasks["a__b"] recap.model.distinct_task_names'],
  );
  const first = violations.find(({ path }) => path === 'model.tasks["a.b"]');
  assert.doesNotMatch(first?.message ?? "", /^tasks|\n/);
});

test("keys of maps stand in a path with their quotes escaped and everything else as it is", () => {
  const config = read(ModelConfigSchema, `${FEATURIZATION} tasks { key: "a\\"\\\\\\n" value { mlp_config { layer_sizes: -1 } } }`);

  assert.ok(summary(validate(ModelConfigSchema, config)).includes('tasks["a\\"\\\\\n"].mlp_config.layer_sizes[0] int32.gt'));
});

test("a number that is not finite breaks that rule and no other", () => {
  for (const number of ["nan", "inf", "-inf"]) {
    const config = read(LearningRateSchema, `constant: ${number}`);

    assert.deepEqual(summary(validate(LearningRateSchema, config)), ["constant double.finite"]);
  }
});

test("the path of a oneof that is not set ends in its name", () => {
  assert.deepEqual(summary(validate(LearningRateSchema, read(LearningRateSchema, ""))), ["lr required"]);
});

test("a path names a field if each step is one, with a key where the next step needs it", () => {
  for (const path of ["tasks", "tasks[\"a\"]", "tasks[\"a\"].mlp_config.layer_sizes[0]", "backbone.mlp_config"]) {
    assert.ok(namesField(ModelConfigSchema, path), path);
  }
  for (const path of ["", "task", "tasks.mlp_config", "tasks[0]", "tasks[\"a\"].", "backbone[\"a\"]", "backbone.pos_weight.x", "stratifiers[\"a\"]"]) {
    assert.ok(!namesField(ModelConfigSchema, path), path);
  }
});

test("prewarming runs through every rule without an error", () => {
  prewarm(RecapConfigSchema);
});
