import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { type Column, ErrorCode, openBundle, ScoringError } from "../index.js";
import { availableThreads } from "../threads.js";
import { rank } from "./example.js";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
// A small one, which every language's tests open.
const BUNDLE = join(PACKAGE, "../../tests/scoring/example_bundle");

function rowOf(user: number): Map<string, Column> {
  return new Map<string, Column>([
    ["continuous", { width: 6, values: Float32Array.of(0, 1, 2, 3, 4, user) }],
    ["binary", { width: 3, values: new BigInt64Array(3) }],
    ["discrete", { width: 2, values: BigInt64Array.of(BigInt(user), 0n) }],
  ]);
}

function refusedAs(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof ScoringError && error.code === code;
}

test("the README's example runs, and tells a row without its id", async () => {
  const example = readFileSync(join(PACKAGE, "src/tests/example.ts"), "utf8");
  const scores = await rank(BUNDLE, new BigInt64Array(4));

  assert.ok(readFileSync(join(PACKAGE, "../README.md"), "utf8").includes(`\`\`\`ts\n${example}\`\`\``));
  assert.ok(scores instanceof Float32Array && scores.length === 2 && scores[0] === scores[1]);
  assert.equal(
    await rank(BUNDLE, BigInt64Array.of(0n, 0n, 20n, 0n)),
    'row 1 has a new user: ID_OUT_OF_RANGE "discrete/d/0", row 1: an id from 0 to 19 of the table "user"',
  );
});

test("many requests are under way at once, and closing waits for them", async () => {
  const scorer = await openBundle(BUNDLE);
  const users = Array.from({ length: 20 }, (_, user) => user);
  const alone: (Float32Array | undefined)[] = [];
  for (const user of users) {
    alone.push((await scorer.score(rowOf(user), scorer.signatureHash)).get("like"));
  }

  const asked = users.map((user) => scorer.score(rowOf(user), scorer.signatureHash));
  await scorer.close();
  await scorer.close();

  assert.deepEqual((await Promise.all(asked)).map((scores) => scores.get("like")), alone);
  await assert.rejects(scorer.score(rowOf(0), scorer.signatureHash), refusedAs(ErrorCode.CLOSED));
});

test("only the expected digest is opened", async () => {
  const scorer = await openBundle(BUNDLE);
  await scorer.close();

  await (await openBundle(BUNDLE, { expectDigest: scorer.digest })).close();
  await assert.rejects(openBundle(BUNDLE, { expectDigest: "" }), refusedAs(ErrorCode.DIGEST_MISMATCH));
});

test("numbers of JavaScript's own are no values of a column", async () => {
  const scorer = await openBundle(BUNDLE);
  const columns = rowOf(0).set("discrete", { width: 2, values: [0, 0] as unknown as BigInt64Array });

  await assert.rejects(scorer.score(columns, scorer.signatureHash), refusedAs(ErrorCode.TYPE_MISMATCH));
  await scorer.close();
});

test("threads are those of the container", () => {
  const cores = availableParallelism();
  const cases = { "max 100000": cores, "100000 100000": 1, "150000 100000": 1, "50000 100000": 1, damaged: cores, "-1 5": cores };
  for (const [quota, threads] of Object.entries(cases)) {
    const groups = mkdtempSync(join(tmpdir(), "rankspec-"));
    writeFileSync(join(groups, "cpu.max"), `${quota}\n`);
    assert.equal(availableThreads(groups), threads, quota);
  }
});
