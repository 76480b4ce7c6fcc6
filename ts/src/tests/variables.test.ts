import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { create } from "@bufbuild/protobuf";

import { WandbConfigSchema } from "../gen/rankspec/train/v1/wandb_pb.js";
import { loadText, RecapConfigSchema } from "../index.js";
import { replaceVariables } from "../variables.js";
import { summary, violationsOf } from "./refusals.js";

const VARIABLES = { NAME: "value", EMPTY: "", NESTED: "${NAME}", BROKEN: "\ud800", REPLACED: "caf\ufffd", MISSING: undefined };

function expanded(text: string): string {
  const config = create(WandbConfigSchema, { keyPath: text });
  const violations = replaceVariables(WandbConfigSchema, config, VARIABLES);
  return violations.length === 0 ? config.keyPath : summary(violations).join();
}

describe("references are replaced from left to right", () => {
  const cases: Record<string, string> = {
    "a ${NAME} b ${NAME}": "a value b value",
    "${MISSING:-default}": "default",
    "${EMPTY:-default}": "default",
    "${NAME:-default}": "value",
    "${MISSING:-}": "",
    "${EMPTY}": "",
    "${MISSING:-\ufffd}": "\ufffd",
    "\ufffd${NAME:-${}": "\ufffdvalue",
    "${NESTED}": "${NAME}",
    "$${NAME}": "${NAME}",
    "$$${NAME}": "$${NAME}",
    $NAME: "$NAME",
  };
  for (const [text, result] of Object.entries(cases)) {
    test(text, () => assert.equal(expanded(text), result));
  }
});

describe("a bad reference is a violation of the value", () => {
  const cases: Record<string, string> = {
    "${MISSING}": "env.unset",
    "${UNKNOWN} ${1}": "env.unset",
    "${constructor}": "env.unset",
    "${1}": "env.malformed",
    "${NAME": "env.malformed",
    "${}": "env.malformed",
    "${BROKEN}": "env.not_text",
    "${REPLACED}": "env.not_text",
    "${REPLACED:-default}": "env.not_text",
  };
  for (const [text, code] of Object.entries(cases)) {
    test(text, () => assert.equal(expanded(text), `key_path ${code}`));
  }
});

test("lists and values of maps are replaced at any depth, keys are not", () => {
  const config = create(RecapConfigSchema, {
    trainData: { tasks: { "${NAME}": {} }, evaluationTasks: ["${NAME}"], segDenseSchema: { renamedFeatures: { a: "${NAME}" } } },
  });

  assert.deepEqual(replaceVariables(RecapConfigSchema, config, VARIABLES), []);

  assert.deepEqual(config.trainData?.evaluationTasks, ["value"]);
  assert.deepEqual(config.trainData?.segDenseSchema?.renamedFeatures, { a: "value" });
  assert.deepEqual(Object.keys(config.trainData?.tasks ?? {}), ["${NAME}"]);
});

test("a config with bad references is refused for all of them, and for nothing else", () => {
  const text = 'training { save_dir: "${A}" num_train_steps: -1 initial_checkpoint_dir: "${B" }';

  assert.deepEqual(summary(violationsOf(() => loadText(RecapConfigSchema, text))), [
    "training.initial_checkpoint_dir env.malformed",
    "training.save_dir env.unset",
  ]);
});
