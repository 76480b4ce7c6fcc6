import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { WandbConfigSchema } from "../gen/rankspec/train/v1/wandb_pb.js";
import { loadText, RecapConfigSchema, ConfigError } from "../index.js";
import { readText } from "../text/read.js";
import { violationsOf } from "./refusals.js";

/** The places that a text has for paths, as `line:column`. */
function places(text: string, paths: readonly string[], copies: readonly [path: string, source: string][] = []): string[] {
  const { places } = readText(RecapConfigSchema, text);
  const violations = paths.map((path) => ({ path, code: "", message: "" }));
  const shown = places.show(violations, copies.map(([path, source]) => ({ path, source, base: source })));
  return shown.map(({ line, column }) => `${line}:${column}`);
}

describe("a path is shown at its value, or at the name of what is around it", () => {
  const text = `model {
    tasks { value { pos_weight: 2 } key: "a.b[\\"" } tasks <>
    backbone { mlp_config { layer_sizes: [1,
      2] layer_sizes: 3 } }
    stratifiers: [{ }, { name: "😀" index: 1 }]
  }`;
  const cases: Record<string, string> = {
    "": "1:1",
    training: "1:1",
    model: "1:1",
    "model.tasks": "2:5",
    'model.tasks["a.b[\\""]': "2:42",
    'model.tasks["a.b[\\""].pos_weight': "2:33",
    'model.tasks["a.b[\\""].name.missing': "2:42",
    'model.tasks[""]': "2:59",
    'model.tasks["none"].pos_weight': "2:5",
    "model.backbone.mlp_config": "3:16",
    "model.backbone.mlp_config.layer_sizes": "3:29",
    "model.backbone.mlp_config.layer_sizes[1]": "4:7",
    "model.backbone.mlp_config.layer_sizes[2]": "4:23",
    "model.backbone.mlp_config.layer_sizes[3]": "3:29",
    "model.stratifiers[0].index": "5:19",
    "model.stratifiers[1].name": "5:32",
    "model.stratifiers[1].index": "5:43",
  };
  for (const [path, place] of Object.entries(cases)) {
    test(path, () => assert.deepEqual(places(text, [path]), [place]));
  }
});

test("what was filled in has the places of what it was copied from, an empty list its own", () => {
  const text = `train_data { evaluation_tasks: "a" tasks { key: "a" value { neg_downsampling_rate: 1 } } }
    validation_data { key: "v" value { evaluation_tasks: [] } }`;
  const heir = 'validation_data["v"]';
  const paths = [`${heir}.evaluation_tasks`, `${heir}.evaluation_tasks[0]`, `${heir}.tasks["a"].neg_downsampling_rate`];
  const copies: [string, string][] = [
    [`${heir}.evaluation_tasks`, "train_data.evaluation_tasks"],
    [`${heir}.tasks`, "train_data.tasks"],
  ];

  assert.deepEqual(places(text, paths, copies), ["2:40", "1:32", "1:84"]);
});

test("violations are sorted by line and column, then by the bytes of path and code", () => {
  const at = (path: string, code: string, line: number, column: number) => ({ path, code, message: "", line, column });
  const sorted = [
    at("z", "z", 1, 9),
    at("z", "z", 2, 1),
    at('a["\uffff"]', "b", 2, 10),
    at('a["\u{1f600}"]', "a", 2, 10),
    at('a["\u{1f600}"]', "b", 2, 10),
    at('a["\u{1f600}"].b', "a", 2, 10),
  ];

  assert.deepEqual(new ConfigError(sorted.toReversed()).violations, sorted);
});

describe("what is not UTF-8 is refused where it begins", () => {
  const cases: Record<string, [bytes: number[], column: number]> = {
    "a byte that begins nothing": [[0xff], 4],
    "a character cut off": [[0xe2, 0x82], 4],
    "one cut off that begins as the replacement character does": [[0xef, 0xbf, 0x41], 4],
    "behind the replacement character itself": [[0xef, 0xbf, 0xbd, 0xc3, 0x28], 5],
  };
  for (const [id, [bytes, column]] of Object.entries(cases)) {
    test(id, () => {
      const source = Uint8Array.of(...new TextEncoder().encode("#\n# 😀"), ...bytes);
      const [violation] = violationsOf(() => loadText(RecapConfigSchema, source));

      assert.deepEqual([violation?.code, violation?.line, violation?.column], ["parse.not_portable.encoding", 2, column]);
    });
  }

  test("a lone surrogate", () => {
    const [violation] = violationsOf(() => loadText(RecapConfigSchema, "#\n# \ud800"));

    assert.deepEqual([violation?.line, violation?.column], [2, 3]);
  });
});

test("a key of millions of escaped characters overflows nothing", () => {
  const key = "\\\\".repeat(2_000_000);
  const [violation] = violationsOf(() => loadText(WandbConfigSchema, `metadata { key: "${key}" value: "\${NONE}" }`));

  assert.deepEqual([violation?.code, violation?.line, violation?.column], ["env.unset", 1, 4_000_027]);
});
