import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { DescMessage } from "@bufbuild/protobuf";

import { LearningRateSchema } from "../gen/rankspec/optim/v1/learning_rate_pb.js";
import { OptimizerConfigSchema } from "../gen/rankspec/optim/v1/optimizer_pb.js";
import { WandbConfigSchema } from "../gen/rankspec/train/v1/wandb_pb.js";
import { RecapConfigSchema } from "../index.js";
import { readText } from "../text/read.js";
import { read } from "./reading.js";
import { violationsOf } from "./refusals.js";

function codeOf(text: string | Uint8Array, schema: DescMessage = RecapConfigSchema): string {
  const violations = violationsOf(() => readText(schema, text));
  assert.equal(violations.length, 1);
  return violations[0]?.code ?? "";
}

const training = (field: string) => `training { ${field} }`;

describe("spellings that not all languages read alike are refused", () => {
  const cases: Record<string, [text: string, code: string]> = {
    octal: [training("num_train_steps: 010"), "parse.not_portable.number"],
    "capital hexadecimal": [training("num_train_steps: 0X10"), "parse.not_portable.number"],
    underscores: [training("num_train_steps: 1_000"), "parse.not_portable.number"],
    plus: [training("num_train_steps: +1"), "parse.not_portable.number"],
    "sign apart": [training("num_train_steps: - 1"), "parse.not_portable.sign"],
    "sign on another line": [training("num_train_steps: -\n1"), "parse.not_portable.sign"],
    "hexadecimal real": [training("gradient_clip_norm: 0x1"), "parse.not_portable.number"],
    "signed nan": [training("gradient_clip_norm: -nan"), "parse.not_portable.number"],
    "signed infinity": [training("gradient_clip_norm: +Infinity"), "parse.not_portable.number"],
    "hexadecimal bool": ["runtime { enable_amp: 0x1 }", "parse.not_portable.bool"],
    "octal enum": ["runtime { amp_dtype: 01 }", "parse.not_portable.number"],
    escape: [training('save_dir: "\\q"'), "parse.not_portable.escape"],
    "escaped question mark": [training('save_dir: "\\?"'), "parse.not_portable.escape"],
    "octal escape over a byte": [training('save_dir: "\\400"'), "parse.not_portable.escape"],
    "surrogate pair": [training('save_dir: "\\ud83d\\ude00"'), "parse.not_portable.escape"],
    "bytes that are not UTF-8": [training('save_dir: "\\xff"'), "parse.not_portable.utf8"],
    "raw NUL": [training('save_dir: "\0"'), "parse.not_portable.control_character"],
    "no-break space": ["training\u00a0{ }", "parse.not_portable.white_space"],
    "form feed": ["training\f{ }", "parse.not_portable.white_space"],
    "byte order mark": ["\ufefftraining { }", "parse.not_portable.byte_order_mark"],
    "line separator in a comment": ["# a\u2028training { }", "parse.not_portable.comment"],
    "return that ends a comment": ["# a\rtraining { }", "parse.not_portable.comment"],
    "lone surrogate": ["# \ud800", "parse.not_portable.encoding"],
  };
  for (const [id, [text, code]] of Object.entries(cases)) {
    test(id, () => assert.equal(codeOf(text), code));
  }

  test("bytes of the source that are not UTF-8", () => {
    assert.equal(codeOf(Uint8Array.of(0x23, 0xff)), "parse.not_portable.encoding");
  });
});

describe("mistakes have codes", () => {
  const cases: Record<string, [text: string, code: string, schema?: DescMessage]> = {
    "unknown field": ["trainin { }", "parse.unknown_field"],
    "field of JavaScript": ["constructor { }", "parse.unknown_field"],
    "JSON name": ["trainData { }", "parse.unknown_field"],
    "field twice": [training("save_dir: 'a' save_dir: 'a'"), "parse.duplicate_field"],
    "message twice": ["training { } training { }", "parse.duplicate_field"],
    "two members of a oneof": ["adam { } sgd { }", "parse.oneof_conflict", OptimizerConfigSchema],
    "key twice": ['model { tasks { key: "a" } tasks { key: "\\141" } }', "parse.duplicate_key"],
    "no key twice": ["model { tasks { } tasks { } }", "parse.duplicate_key"],
    "value twice": ["model { tasks { value { } value { } } }", "parse.duplicate_field"],
    "block for a scalar": [training("num_train_steps { }"), "parse.wrong_type"],
    "list for a singular field": [training("num_train_steps: [1]"), "parse.wrong_type"],
    "real for a whole number": [training("num_train_steps: 1.5"), "parse.wrong_type"],
    "over 64 bits": [training("num_train_steps: 9223372036854775808"), "parse.out_of_range"],
    "over 32 bits": [training("gradient_accumulation: -2147483649"), "parse.out_of_range"],
    "unknown enum value": ["runtime { amp_dtype: FLOAT }", "parse.unknown_enum_value"],
    "open block": ["training {", "parse.unterminated"],
    "open string": [training('save_dir: "a'), "parse.unterminated"],
    "open list": ["adam { betas: [0.1", "parse.unterminated", OptimizerConfigSchema],
    "wrong closer": ["training < }", "parse.syntax"],
    "missing colon": [training("num_train_steps 1"), "parse.syntax"],
    "two separators": ["training { },, runtime { }", "parse.syntax"],
    "comma at a list's end": ["adam { betas: [0.1,] }", "parse.syntax", OptimizerConfigSchema],
    extension: ["[rankspec.x]: 1", "parse.syntax"],
    "field number": ["1 { }", "parse.syntax"],
  };
  for (const [id, [text, code, schema]] of Object.entries(cases)) {
    test(id, () => assert.equal(codeOf(text, schema), code));
  }
});

test("a mistake has the line and column of its first character, and the path of its field", () => {
  const [violation] = violationsOf(() => read(RecapConfigSchema, 'training {\n  save_dir: "😀" num_train_steps: 010\n}'));

  assert.equal(violation?.path, "training.num_train_steps");
  assert.deepEqual([violation?.line, violation?.column], [2, 34]);
});

test("every portable spelling of a value is read", () => {
  const spellings = ["16", "0x10"];
  for (const spelling of spellings) {
    assert.equal(read(RecapConfigSchema, training(`num_train_steps: ${spelling}`)).training?.numTrainSteps, 16n);
  }
  for (const spelling of ["0.5", ".5", "5e-1", "0.5f", "50E-2F"]) {
    assert.deepEqual(read(LearningRateSchema, `constant: ${spelling}`).lr, { case: "constant", value: 0.5 });
  }
  for (const spelling of ["1e400", "inf", "INF", "infinity", "Infinity"]) {
    assert.deepEqual(read(LearningRateSchema, `constant: ${spelling}`).lr, { case: "constant", value: Infinity });
  }
  assert.deepEqual(read(LearningRateSchema, "constant: NaN").lr, { case: "constant", value: NaN });
  assert.equal(read(RecapConfigSchema, "runtime { device: 0x2 }").runtime?.device, 2);
  assert.equal(read(RecapConfigSchema, training("save_dir: 'a\x1b\r'")).training?.saveDir, "a\x1b\r");
});

test("separators, brackets of both kinds, and lists in any form are read", () => {
  const config = read(WandbConfigSchema, `metadata: [{ key: "a", value: "1"; }, < key: "b" value: '2' "3" >] metadata {}`);

  assert.deepEqual(config.metadata, { a: "1", b: "23", "": "" });
  assert.deepEqual(read(WandbConfigSchema, `metadata [{ key: "a" }] # \x01\f`).metadata, { a: "" });
});

test("a text of more than 16 MiB is refused", () => {
  assert.equal(codeOf(" ".repeat(16 * 2 ** 20 + 1)), "parse.too_large");
  assert.equal(codeOf(`#${"é".repeat(8 * 2 ** 20)}`), "parse.too_large");
  read(RecapConfigSchema, " ".repeat(16 * 2 ** 20));
});

test("neither depth nor length overflows the stack", () => {
  assert.equal(codeOf("a {".repeat(100_000)), "parse.unknown_field");
  const long = read(RecapConfigSchema, training(`save_dir: "${"\\n".repeat(500_000)}"`));
  assert.equal(long.training?.saveDir.length, 500_000);
});
