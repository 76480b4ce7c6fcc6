import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { LearningRateSchema } from "../gen/rankspec/optim/v1/learning_rate_pb.js";
import { learningRateAt } from "../index.js";
import { read } from "./reading.js";

const RAMP = "linear_ramp_to_constant { learning_rate: 0.1 num_ramp_steps: 3 }";
const COSINE =
  "linear_ramp_to_cosine { learning_rate: 0.1 final_learning_rate: 0.01 num_ramp_steps: 10 final_num_steps: 110 }";
const PIECES = "piecewise_constant { learning_rate_boundaries: [10, 20] learning_rate_values: [0.3, 0.2, 0.1] }";

describe("the rate at a step", () => {
  const cases: [schedule: string, step: number, rate: number][] = [
    ["constant: 0.1", 5, 0.1],
    [RAMP, 0, 0],
    [RAMP, 2, (2 * 0.1) / 3],
    [RAMP, 3, 0.1],
    [PIECES, 9, 0.3],
    [PIECES, 10, 0.2],
    [PIECES, 20, 0.1],
    ["piecewise_constant { learning_rate_values: 0.3 }", 7, 0.3],
    [COSINE, 5, 0.05],
    [COSINE, 10, 0.1],
    [COSINE, 60, 0.055],
    [COSINE, 110, 0.01],
  ];
  for (const [schedule, step, rate] of cases) {
    test(`${schedule} at ${step}`, () => {
      const message = read(LearningRateSchema, schedule);

      assert.ok(Math.abs(learningRateAt(message, step) - rate) <= 1e-15 * rate);
      assert.equal(learningRateAt(message, BigInt(step)), learningRateAt(message, step));
    });
  }
});

test("steps that are none, and messages without a schedule, are errors", () => {
  const constant = read(LearningRateSchema, "constant: 0.1");

  assert.throws(() => learningRateAt(constant, -1), RangeError);
  assert.throws(() => learningRateAt(constant, 0.5), RangeError);
  assert.throws(() => learningRateAt(constant, Number.NaN), RangeError);
  assert.throws(() => learningRateAt(read(LearningRateSchema, ""), 0), /no schedule/);
});
