import assert from "node:assert/strict";
import { test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";

import { RecapConfigSchema } from "../index.js";
import { TrainingConfigSchema } from "../gen/rankspec/recap/v1/training_pb.js";

test("unset fields read as their schema defaults", () => {
  assert.equal(create(TrainingConfigSchema).numTrainSteps, 1_000_000n);
});

test("every violation is reported with its path and rule", () => {
  const config = create(RecapConfigSchema, { training: { numTrainSteps: -5n } });
  const result = createValidator().validate(RecapConfigSchema, config);
  assert.equal(result.kind, "invalid");
  const violations = (result.violations ?? []).map(
    (violation) => `${violation.toString().split(":")[0]} ${violation.ruleId}`,
  );
  assert.deepEqual(violations.sort(), [
    "model required",
    "optimizer required",
    "train_data required",
    "training.num_train_steps int64.gt",
  ]);
});
