import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { create, equals } from "@bufbuild/protobuf";

import { OptimizerConfigSchema } from "../gen/rankspec/optim/v1/optimizer_pb.js";
import { WandbConfigSchema } from "../gen/rankspec/train/v1/wandb_pb.js";
import { canonicalForm, fingerprint, loadFile, RecapConfigSchema, resolve } from "../index.js";
import { REPOSITORY } from "./places.js";
import { read } from "./reading.js";

const PAGE = readFileSync(join(REPOSITORY, "docs/fingerprint.md"), "utf8");

/** What stands in the page's only block of a kind. */
function block(kind: string): string {
  const [, inside] = new RegExp(`\`\`\`${kind}\n(.*?)\`\`\``, "s").exec(PAGE) ?? [];
  assert.ok(inside !== undefined, kind);
  return inside;
}

test("the example of the fingerprint's definition has the form and hashes that stand there", () => {
  const config = read(OptimizerConfigSchema, block("textproto"));

  assert.equal(canonicalForm(OptimizerConfigSchema, config, "full"), block("form"));
  const { semantic, full } = fingerprint(OptimizerConfigSchema, config);
  assert.equal(`semantic ${semantic}\nfull ${full}\n`, block("hashes"));
});

test("a config and its resolved form have the same fingerprint, and resolving twice changes nothing", () => {
  const { schema, config } = loadFile(join(REPOSITORY, "configs/recap/tiny.textproto"));
  const resolved = resolve(schema, config);

  assert.deepEqual(fingerprint(schema, resolved), fingerprint(schema, config));
  assert.ok(equals(schema, resolve(schema, resolved), resolved));
});

test("blocks of defaults are filled in, other absent messages and the config given are left alone", () => {
  const config = create(RecapConfigSchema);

  const resolved = resolve(RecapConfigSchema, config);

  assert.equal(resolved.training?.numTrainSteps, 1_000_000n);
  assert.ok(Object.hasOwn(resolved.training ?? {}, "numTrainSteps"));
  assert.ok(resolved.runtime !== undefined && resolved.model === undefined);
  assert.equal(config.training, undefined);
});

test("operational fields change the full fingerprint alone", () => {
  const of = (text: string) => fingerprint(RecapConfigSchema, read(RecapConfigSchema, text));
  const [one, other] = [of('training { save_dir: "a" }'), of('training { save_dir: "b" }')];

  assert.equal(one.semantic, other.semantic);
  assert.notEqual(one.full, other.full);
});

test("strings are written as the bytes of their UTF-8 form", () => {
  const config = create(WandbConfigSchema, { metadata: { 'é"\\': "\n\u{1f600}~" } });

  assert.match(
    canonicalForm(WandbConfigSchema, config, "full"),
    /^metadata\["\\xc3\\xa9\\x22\\x5c"\]="\\x0a\\xf0\\x9f\\x98\\x80~"$/m,
  );
});
