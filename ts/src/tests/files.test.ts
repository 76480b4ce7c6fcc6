import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { toBinary } from "@bufbuild/protobuf";

import { loadFile, loadText, messageSchema, RecapConfigSchema, verdictOn } from "../index.js";
import { REPOSITORY } from "./places.js";
import { violationsOf } from "./refusals.js";

const FOLDER = mkdtempSync(join(tmpdir(), "rankspec-"));
const SCHEDULE = "constant: 0.1\n";

function written(name: string, content: string | Uint8Array): string {
  const path = join(FOLDER, name);
  writeFileSync(path, content);
  return path;
}

describe("the header says which message a text holds", () => {
  const cases: Record<string, string> = {
    "a full name": "# proto-message: rankspec.optim.v1.LearningRate\n",
    "a name and a file": "\n#\tproto-file: x/rankspec/optim/v1/learning_rate.proto \r\n# other\n#proto-message:LearningRate\n",
    "the first of two": "# proto-message: rankspec.optim.v1.LearningRate\n# proto-message: rankspec.recap.v1.RecapConfig\n",
  };
  for (const [id, header] of Object.entries(cases)) {
    test(id, () => {
      assert.equal(loadFile(written("schedule", header + SCHEDULE)).schema.typeName, "rankspec.optim.v1.LearningRate");
    });
  }
});

describe("a file that cannot be read is refused with the reason", () => {
  const cases: Record<string, [path: string, code: string]> = {
    "no such file": [join(FOLDER, "none.textproto"), "file.missing"],
    "below a file": [join(written("file", ""), "none"), "file.missing"],
    "a NUL in its name": ["\0", "file.missing"],
    "a name that was not UTF-8": [join(FOLDER, "\ufffd.textproto"), "file.unreadable"],
    "a folder": [FOLDER, "file.is_folder"],
    JSON: [written("a.json", "{}"), "file.unsupported_form"],
    YAML: [written("a.YML", ""), "file.unsupported_form"],
    "another extension": [written("a.toml", ""), "file.unknown_form"],
    "no extension after a dot": [written("a.", ""), "file.unknown_form"],
    "an unknown message": [written("b", "# proto-message: rankspec.recap.v1.None"), "file.unknown_message"],
    "a message of others": [written("c", "# proto-message: google.protobuf.Any"), "file.unknown_message"],
    "a file of others": [written("d", "# proto-file: a/b.proto"), "file.unknown_message"],
    "a file without a main message": [written("e", "# proto-file: rankspec/optim/v1/optimizer.proto"), "file.unknown_message"],
    "too large": [written("f", new Uint8Array(17 * 2 ** 20)), "parse.too_large"],
  };
  for (const [id, [path, code]] of Object.entries(cases)) {
    test(id, () => assert.deepEqual(violationsOf(() => loadFile(path)).map((violation) => violation.code), [code]));
  }
});

test("an unknown message is shown at the last line of the header", () => {
  const [violation] = violationsOf(() => loadFile(written("g", "\n# proto-file: a/b.proto\n#\n# proto-message: None\n#\n")));

  assert.deepEqual([violation?.line, violation?.column], [4, 1]);
});

test("a text and its binary form have the same verdict", () => {
  const path = join(REPOSITORY, "configs/movielens/ranker.textproto");
  const config = loadText(RecapConfigSchema, readFileSync(path));
  const binary = written("ranker.binpb", toBinary(RecapConfigSchema, config));

  const verdict = verdictOn(path, {});

  assert.ok(verdict.ok);
  assert.deepEqual(verdictOn(binary, {}), { ...verdict, file: binary });
});

test("a verdict's violations are sorted by place, path and code", () => {
  const path = written("broken.textproto", "training {\n num_train_steps: -1 checkpoint_every_n: 0 }");

  assert.deepEqual(verdictOn(path, {}), {
    file: path,
    ok: false,
    violations: [
      { path: "model", code: "required", line: 1, column: 1 },
      { path: "optimizer", code: "required", line: 1, column: 1 },
      { path: "train_data", code: "required", line: 1, column: 1 },
      { path: "training.num_train_steps", code: "int64.gt", line: 2, column: 19 },
      { path: "training.checkpoint_every_n", code: "int64.gt", line: 2, column: 42 },
    ],
    semantic: null,
    full: null,
  });
});

test("a verdict on what is no text has neither lines nor columns", () => {
  const { violations } = verdictOn(written("empty.binpb", ""), {});

  assert.deepEqual(violations[0], { path: "model", code: "required", line: null, column: null });
});

test("every message of the spec is found by its name", () => {
  const generated = readdirSync(join(REPOSITORY, "gen/ts/rankspec"), { recursive: true, encoding: "utf8" });
  for (const file of generated.filter((name) => name.endsWith("_pb.ts"))) {
    const text = readFileSync(join(REPOSITORY, "gen/ts/rankspec", file), "utf8");
    for (const [, name] of text.matchAll(/@generated from message (rankspec\.\S+)/g)) {
      assert.equal(messageSchema(name ?? "")?.typeName, name);
    }
  }
});
