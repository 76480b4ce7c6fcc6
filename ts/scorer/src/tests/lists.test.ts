import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { fromBinary, toBinary } from "@bufbuild/protobuf";

import { BundleManifestSchema } from "../gen/rankspec/serving/v1/bundle_pb.js";
import { type Column, ErrorCode, type Ids, openBundle, type Row, ScoringError } from "../index.js";
import { padded } from "../lists.js";

// With two inputs of lists, that a recipe makes of one column; every language's tests open it.
const BUNDLE = fileURLToPath(new URL("../../../../tests/scoring/example_raw_lists_bundle", import.meta.url));
const NONE = -(2n ** 63n);
// What Python's scorer gives the rows of `columnsWith`.
const EXPECTED = [0.46415246, 0.49401927, 0.48753911];

function columnsWith(tags: Column): Map<string, Column> {
  return new Map<string, Column>([
    ["continuous", { width: 1, values: Float32Array.of(2500, 100, 0) }],
    ["binary", { width: 1, values: BigInt64Array.of(1n, 0n, 1n) }],
    ["tags", tags],
    ["tag_buckets", { lists: [[7], [1, 0], []] }],
  ]);
}

function isNear(found: Float32Array | undefined, expected: readonly number[]): boolean {
  return found?.length === expected.length && expected.every((score, row) => Math.abs(score - (found[row] ?? NaN)) < 1e-6);
}

const FORMS: Readonly<Record<string, Column>> = {
  numbers: { lists: [[2, 3, 2], [], [4]] },
  bigints: { lists: [[2n, 3n, 2n], [], [4n]] },
  arrays: { lists: [BigInt64Array.of(2n, 3n, 2n), new BigInt64Array(), BigInt64Array.of(4n)] },
  "a matrix": { width: 3, values: BigInt64Array.of(2n, 3n, 2n, NONE, NONE, NONE, 4n, NONE, NONE) },
  "a wider matrix": { width: 4, values: BigInt64Array.of(2n, 3n, 2n, NONE, NONE, NONE, NONE, NONE, 4n, NONE, NONE, NONE) },
};

for (const [name, tags] of Object.entries(FORMS)) {
  test(`every form of lists scores as in Python: ${name}`, async () => {
    const scorer = await openBundle(BUNDLE);

    assert.ok(scorer.goldenDifference < 1e-6);
    assert.ok(isNear((await scorer.score(columnsWith(tags), scorer.signatureHash)).get("bought"), EXPECTED));
    await scorer.close();
  });
}

test("lists need no hash, and there may be no rows", async () => {
  const scorer = await openBundle(BUNDLE);
  const columns = new Map<string, Column>([
    ["continuous/income", { values: new Float32Array() }],
    ["binary/member", { values: new BigInt64Array() }],
    ["tags", { lists: [] }],
    ["tag_buckets", { lists: [] }],
  ]);

  assert.equal((await scorer.score(columns)).get("bought")?.length, 0);
  await scorer.close();
});

test("raw rows become lists as in Python", async () => {
  const scorer = await openBundle(BUNDLE);
  const rows: Row[] = [
    { income: 2500, tags: ["eco", "new"], member: true },
    { income: null, tags: [], member: false },
    { income: 100, tags: ["sale"], member: true },
  ];

  assert.ok(isNear((await scorer.scoreRaw(rows)).get("bought"), [0.48177043, 0.49992672, 0.48101231]));
  assert.equal((await scorer.scoreRaw([])).get("bought")?.length, 0);
  await scorer.close();
});

const WRONG: Readonly<Record<string, [ErrorCode, number | undefined, Column]>> = {
  above: [ErrorCode.ID_OUT_OF_RANGE, 2, { lists: [[0], [], [1, 5]] }],
  below: [ErrorCode.ID_OUT_OF_RANGE, 0, { lists: [[-1], [], [5]] }],
  padding: [ErrorCode.VALUE_NOT_ALLOWED, 1, { lists: [[-1], [NONE], []] }],
  fractions: [ErrorCode.TYPE_MISMATCH, undefined, { lists: [[NONE], [1.5], []] }],
  "numbers that are not exact": [ErrorCode.TYPE_MISMATCH, undefined, { lists: [[2 ** 53], [], []] }],
  "more than 64 bits": [ErrorCode.TYPE_MISMATCH, undefined, { lists: [[2n ** 63n], [], []] }],
  texts: [ErrorCode.TYPE_MISMATCH, undefined, { lists: [["1"], [], []] as unknown as Ids[] }],
  "no arrays": [ErrorCode.TYPE_MISMATCH, undefined, { lists: [1, 2, 3] as unknown as Ids[] }],
  nothing: [ErrorCode.TYPE_MISMATCH, undefined, { lists: undefined as unknown as Ids[] }],
  "a gap": [ErrorCode.TYPE_MISMATCH, undefined, { width: 2, values: BigInt64Array.of(0n, 0n, NONE, 1n, 1n, NONE) }],
  cut: [ErrorCode.TYPE_MISMATCH, undefined, { width: 2, values: new BigInt64Array(5) }],
  "no width": [ErrorCode.TYPE_MISMATCH, undefined, { width: 0, values: new BigInt64Array() }],
  flat: [ErrorCode.TYPE_MISMATCH, undefined, { values: new BigInt64Array(3) }],
  floats: [ErrorCode.TYPE_MISMATCH, undefined, { width: 1, values: new Float32Array(3) }],
  "too few": [ErrorCode.ROWS_MISMATCH, undefined, { lists: [[0], []] }],
};

for (const [name, [code, row, tags]] of Object.entries(WRONG)) {
  test(`lists that cannot be scored are refused: ${name}`, async () => {
    const scorer = await openBundle(BUNDLE);

    await assert.rejects(scorer.score(columnsWith(tags), scorer.signatureHash), (error) => {
      assert.ok(error instanceof ScoringError);
      assert.deepEqual([error.code, error.input, error.row], [code, "tags", row]);
      return true;
    });
    await scorer.close();
  });
}

test("lists are no vectors", async () => {
  const scorer = await openBundle(BUNDLE);
  const columns = columnsWith({ lists: [[], [], []] }).set("binary", { lists: [[1], [0], [1]] });

  await assert.rejects(scorer.score(columns, scorer.signatureHash), { code: ErrorCode.TYPE_MISMATCH, input: "binary" });
  await scorer.close();
});

test("lists that are too long for all rows are refused", () => {
  const lists = Array.from({ length: 2 ** 15 + 1 }, (_, row) => new BigInt64Array(row === 0 ? 2 ** 16 : 0));

  assert.throws(() => padded(lists, "tags"), { code: ErrorCode.SCORING_FAILED, input: "tags" });
});

for (const length of [-1n, 2n ** 62n, 2n ** 61n + 1n, 3000n]) {
  test(`a golden list of another length is refused: ${length}`, async () => {
    // The lists begin behind 165 rows of a float32 and an int64.
    const folder = spoilt((golden) => golden.setBigInt64(165 * 12, length, true));

    await assert.rejects(openBundle(folder), { code: ErrorCode.GOLDEN_INVALID, input: "golden.bin" });
  });
}

test("readers of version 1 are not enough", async () => {
  await assert.rejects(openBundle(spoilt(() => undefined, 1)), { code: ErrorCode.MANIFEST_INVALID });
});

/** A copy with other golden rows, and a manifest that says so. */
function spoilt(change: (golden: DataView) => void, leastReaderVersion = 2): string {
  const folder = mkdtempSync(join(tmpdir(), "rankspec-"));
  const manifest = fromBinary(BundleManifestSchema, readFileSync(join(BUNDLE, "manifest.binpb")));
  for (const listed of manifest.files) {
    const data = Uint8Array.from(readFileSync(join(BUNDLE, listed.name)));
    if (listed.name === manifest.goldenFile) {
      change(new DataView(data.buffer));
    }
    listed.sha256 = createHash("sha256").update(data).digest("hex");
    writeFileSync(join(folder, listed.name), data);
  }
  manifest.leastReaderVersion = leastReaderVersion;
  writeFileSync(join(folder, "manifest.binpb"), toBinary(BundleManifestSchema, manifest));
  return folder;
}
