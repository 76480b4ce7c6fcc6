import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { report } from "./example.js";
import { PACKAGE, REPOSITORY } from "./places.js";

test("the README's example is the one that runs here", () => {
  const example = readFileSync(join(PACKAGE, "src/tests/example.ts"), "utf8");

  assert.ok(readFileSync(join(PACKAGE, "README.md"), "utf8").includes(`\`\`\`ts\n${example}\`\`\``));
});

test("the example reports on a valid config", () => {
  const lines = report(join(REPOSITORY, "configs/recap/tiny.textproto")).split("\n");

  assert.deepEqual(lines.slice(0, 3), ["steps: 60", "seed: 1", "rate at step 10: 0.003"]);
  assert.match(lines[3] ?? "", /^trained as: [0-9a-f]{64}$/);
});

test("the example reports every broken rule of an invalid config", () => {
  const path = join(mkdtempSync(join(tmpdir(), "rankspec-")), "broken.textproto");
  writeFileSync(path, "training { num_train_steps: -5 checkpoint_every_n: 0 }");

  assert.deepEqual(
    report(path).split("\n").map((line) => line.split(": ").slice(0, 2)),
    [
      ["1:1", "model"],
      ["1:1", "optimizer"],
      ["1:1", "train_data"],
      ["1:29", "training.num_train_steps"],
      ["1:52", "training.checkpoint_every_n"],
    ],
  );
});
