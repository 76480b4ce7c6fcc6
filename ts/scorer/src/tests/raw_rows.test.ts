import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { fromBinary, toBinary } from "@bufbuild/protobuf";

import { type Recipe, RecipeSchema } from "../gen/rankspec/data/v1/recipe_pb.js";
import { BundleManifestSchema } from "../gen/rankspec/serving/v1/bundle_pb.js";
import { ErrorCode, openBundle, type RawValue, type Row, ScoringError } from "../index.js";
import { rankRaw } from "./raw_example.js";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const BUNDLES = join(PACKAGE, "../../tests/scoring");
// Of a data set that `rankspec data import` made; every language's tests open it.
const BUNDLE = join(BUNDLES, "example_raw_bundle");

const FIRST = { customer: "c17", income: 2500, city: "Ulm", tags: ["eco", "new"], member: true } satisfies Row;
const ROWS: readonly Row[] = [FIRST, { customer: null, income: null, city: "Paris", tags: [], member: false }];
// What Python's scorer gives these rows, which are those of docs/serving.md.
const EXPECTED = [0.5844031, 0.58885825];

function isNear(found: Float32Array | undefined, expected: readonly number[]): boolean {
  return found?.length === expected.length && expected.every((score, row) => Math.abs(score - (found[row] ?? NaN)) < 1e-6);
}

function without(row: Row, column: string): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== column));
}

test("the example of README and page runs, and tells a value that cannot be read", async () => {
  const example = readFileSync(join(PACKAGE, "src/tests/raw_example.ts"), "utf8");
  const inner = example.slice(example.indexOf("    const known"), example.indexOf("    return scores")).replace(/^ {4}/gm, "");
  const scores = await rankRaw(BUNDLE, "2500");

  assert.ok(readFileSync(join(PACKAGE, "../README.md"), "utf8").includes(`\`\`\`ts\n${example}\`\`\``));
  assert.ok(readFileSync(join(PACKAGE, "../../docs/serving.md"), "utf8").includes(`\`\`\`ts\n${inner}\`\`\``));
  assert.ok(scores instanceof Float32Array && scores.length === 2 && scores[0] !== scores[1]);
  assert.equal(
    await rankRaw(BUNDLE, "secret"),
    'row 0 cannot be read: VALUE_INVALID "income", row 0: a value is to be a number, such as 1.5, -2 or 3e-4',
  );
});

test("raw rows score as in Python, beside other columns too, and no rows give no scores", async () => {
  const scorer = await openBundle(BUNDLE);

  assert.ok(isNear((await scorer.scoreRaw(ROWS)).get("bought"), EXPECTED));
  assert.ok(isNear((await scorer.scoreRaw(ROWS.map((row) => ({ ...row, remark: 1n })))).get("bought"), EXPECTED));
  assert.equal((await scorer.scoreRaw([])).get("bought")?.length, 0);
  assert.deepEqual(scorer.rawColumns(), ["customer", "income", "city", "tags", "member"]);
  await scorer.close();
});

test("a scorer that is closed takes no raw rows, whether it has read the recipe or not", async () => {
  for (const isRead of [true, false]) {
    const scorer = await openBundle(BUNDLE);
    if (isRead) {
      scorer.rawColumns();
    }
    await scorer.close();

    await assert.rejects(scorer.scoreRaw(ROWS), { code: ErrorCode.CLOSED });
  }
});

test("a bundle without a recipe takes no raw rows", async () => {
  const scorer = await openBundle(join(BUNDLES, "example_bundle"));

  await assert.rejects(scorer.scoreRaw(ROWS), { code: ErrorCode.RECIPE_MISSING, input: "" });
  await scorer.close();
});

const UNREADABLE: Readonly<Record<string, [ErrorCode, string, number | undefined, readonly Row[]]>> = {
  absent: [ErrorCode.COLUMN_MISSING, "city", undefined, [FIRST, without(FIRST, "city")]],
  undefined: [ErrorCode.COLUMN_MISSING, "city", undefined, [{ ...FIRST, city: undefined as unknown as RawValue }]],
  type: [ErrorCode.COLUMN_TYPE, "city", undefined, [{ ...FIRST, city: 1.5 }]],
  "type of a list": [ErrorCode.COLUMN_TYPE, "tags", undefined, [{ ...FIRST, tags: "eco" }]],
  types: [ErrorCode.COLUMN_TYPE, "income", undefined, [FIRST, { ...FIRST, income: "2" }]],
  "types in lists": [ErrorCode.COLUMN_TYPE, "tags", undefined, [{ ...FIRST, tags: ["eco", 1n] }]],
  value: [ErrorCode.VALUE_INVALID, "income", 1, [{ ...FIRST, income: "1" }, { ...FIRST, income: "secret" }]],
  "half of a character": [ErrorCode.VALUE_INVALID, "city", 1, [FIRST, { ...FIRST, city: "secret\ud83d" }]],
  "the first column that is wrong": [
    ErrorCode.VALUE_INVALID, "income", 1, [without({ ...FIRST, income: "1" }, "city"), { ...FIRST, income: "secret" }],
  ],
};

for (const [name, [code, input, row, rows]] of Object.entries(UNREADABLE)) {
  test(`rows that the recipe cannot read are refused: ${name}`, async () => {
    const scorer = await openBundle(BUNDLE);

    await assert.rejects(scorer.scoreRaw(rows), (error) => {
      assert.ok(error instanceof ScoringError);
      assert.deepEqual([error.code, error.input, error.row], [code, input, row]);
      return !error.message.includes("secret");
    });
    await scorer.close();
  });
}

type Change = (data: Uint8Array) => Uint8Array | undefined;

function recipe(change: (recipe: Recipe) => void): Change {
  return (data) => {
    const changed = fromBinary(RecipeSchema, data);
    change(changed);
    return toBinary(RecipeSchema, changed);
  };
}

function unfit({ features }: Recipe): void {
  for (const { kind } of features) {
    if (kind.case === "category") {
      delete kind.value.fitted;
    }
  }
}

function widen({ features }: Recipe): void {
  for (const { kind } of features) {
    if (kind.case === "category" && kind.value.list !== undefined) {
      kind.value.list.width = 2 ** 31 - 1;
    }
  }
}

const SPOILT: Readonly<Record<string, [string, ErrorCode, Change]>> = {
  unfitted: ["recipe.binpb", ErrorCode.RECIPE_UNFITTED, recipe((changed) => delete changed.fitted)],
  "a feature unfitted": ["recipe.binpb", ErrorCode.RECIPE_UNFITTED, recipe(unfit)],
  semantics: ["recipe.binpb", ErrorCode.RECIPE_UNKNOWN, recipe((changed) => (changed.semantics = 3))],
  "a feature less": ["recipe.binpb", ErrorCode.RECIPE_INVALID, recipe((changed) => changed.features.pop())],
  "another order": ["recipe.binpb", ErrorCode.RECIPE_INVALID, recipe((changed) => changed.features.reverse())],
  "no columns": ["recipe.binpb", ErrorCode.RECIPE_INVALID, recipe((changed) => (changed.columns = []))],
  "lists of any width": ["recipe.binpb", ErrorCode.RECIPE_INVALID, recipe(widen)],
  garbage: ["recipe.binpb", ErrorCode.RECIPE_INVALID, () => Uint8Array.of(255)],
  "another vocabulary": ["_vocabulary-0000", ErrorCode.VOCABULARY_INVALID, () => Uint8Array.of(1, 97)],
  "no vocabulary": ["_vocabulary-0000", ErrorCode.VOCABULARY_INVALID, () => undefined],
};

for (const [name, [file, code, change]] of Object.entries(SPOILT)) {
  test(`a recipe that is not right is refused by name: ${name}`, async () => {
    const scorer = await openBundle(spoilt(file, change));

    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(scorer.scoreRaw(ROWS), { code, input: "recipe.binpb" });
    }
    await scorer.close();
  });
}

/** A copy of the bundle with another file, or without, and with a manifest that says so. */
function spoilt(changed: string, change: Change): string {
  const folder = mkdtempSync(join(tmpdir(), "rankspec-"));
  const manifest = fromBinary(BundleManifestSchema, readFileSync(join(BUNDLE, "manifest.binpb")));
  manifest.files = manifest.files.flatMap((listed) => {
    const data: Uint8Array = readFileSync(join(BUNDLE, listed.name));
    const written = listed.name === changed ? change(data) : data;
    if (written === undefined) {
      return [];
    }
    writeFileSync(join(folder, listed.name), written);
    const sha256 = createHash("sha256").update(written).digest("hex");
    return [{ ...listed, size: BigInt(written.length), sha256 }];
  });
  writeFileSync(join(folder, "manifest.binpb"), toBinary(BundleManifestSchema, manifest));
  return folder;
}
