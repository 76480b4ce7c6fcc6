import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { fromBinary, toBinary } from "@bufbuild/protobuf";

import { readBinary } from "../binary/read.js";
import { RecapConfigSchema } from "../index.js";
import { read } from "./reading.js";
import { summary, violationsOf } from "./refusals.js";

const CONFIG = 'training { num_train_steps: 5 } model { tasks { key: "a" value { pos_weight: 2 } } stratifiers { } }';
const VALID = toBinary(RecapConfigSchema, read(RecapConfigSchema, CONFIG));

/** Puts fields of the message, given as bytes, behind those of a valid config. */
function refusedWith(...bytes: number[]): string[] {
  return summary(violationsOf(() => readBinary(RecapConfigSchema, Uint8Array.of(...VALID, ...bytes))));
}

test("what was written is read again", () => {
  assert.deepEqual(readBinary(RecapConfigSchema, VALID), fromBinary(RecapConfigSchema, VALID));
});

describe("what does not decode is refused", () => {
  const cases: Record<string, number[]> = {
    "a field cut off": [0x0a],
    "a list longer than its message": [0x1a, 0x02, 0x0a, 0x05],
    "a message longer than the rest": [0x0a, 0x05, 0x10, 0x01],
    "a number longer than its message": [0x0a, 0x01, 0x10, 0x01],
    "a number of eleven bytes": [0x0a, 0x0c, 0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    "a string that is not UTF-8": [0x0a, 0x03, 0x0a, 0x01, 0xff],
    "a group that ends without a beginning": [0x0c],
    "a group without an end": [0x0b],
    "a field numbered 0": [0x00, 0x01],
    "an unknown wire type": [0x0e],
  };
  for (const [id, bytes] of Object.entries(cases)) {
    test(id, () => assert.deepEqual(refusedWith(...bytes), [" parse.syntax"]));
  }
});

describe("what the schema does not have is refused at the message that holds it", () => {
  const cases: Record<string, [bytes: number[], paths: string[]]> = {
    "an unknown number": [[0xf8, 0x07, 0x01], [""]],
    "an unknown number below": [[0x0a, 0x03, 0xf8, 0x07, 0x01], ["training"]],
    "a known number with another wire type": [[0x0a, 0x05, 0x15, 0x01, 0x00, 0x00, 0x00], [""]],
    "a group": [[0x0b, 0x08, 0x01, 0x0c], [""]],
    "inside a map's value, whose key follows": [[0x12, 0x0a, 0x0a, 0x08, 0x12, 0x03, 0xf8, 0x07, 0x01, 0x0a, 0x01, 0x62], ['model.tasks["b"]']],
    "in a map's entry": [[0x12, 0x04, 0x0a, 0x02, 0x18, 0x01], [""]],
    "twice": [[0xf8, 0x07, 0x01, 0xf8, 0x07, 0x01], [""]],
  };
  for (const [id, [bytes, paths]] of Object.entries(cases)) {
    test(id, () => assert.deepEqual(refusedWith(...bytes), paths.map((path) => `${path} parse.unknown_field`)));
  }
});

test("more than 16 MiB are refused", () => {
  const violations = violationsOf(() => readBinary(RecapConfigSchema, new Uint8Array(16 * 2 ** 20 + 1)));

  assert.deepEqual(summary(violations), [" parse.too_large"]);
});
