import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import * as rankspec from "../index.js";
import { PACKAGE } from "./places.js";

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

const MANIFEST = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
const README = readFileSync(join(PACKAGE, "README.md"), "utf8");

test("what is packed has the licence and notices, and nothing that is not for users", () => {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: PACKAGE, encoding: "utf8", stdio: "pipe" });
  const paths = (JSON.parse(output) as Packed[]).flatMap(({ files }) => files.map(({ path }) => path));

  const apart = ["LICENSE", "NOTICE", "README.md", "THIRD_PARTY_NOTICES.md", "package.json"];
  assert.deepEqual(paths.filter((path) => !path.startsWith("dist/")).sort(), apart);
  assert.ok(paths.includes("dist/index.js") && paths.includes("dist/gen/rankspec/optim/v1/optimizer_pb.d.ts"));
  assert.deepEqual(paths.filter((path) => /\.map$|\/(?:tests|benchmark|conformance)\//.test(path)), []);
});

test("compiled files name no source map, for none is packed", () => {
  const compiled = readdirSync(join(PACKAGE, "dist"), { recursive: true, encoding: "utf8" });
  const naming = compiled
    .filter((name) => name.endsWith(".js") && !name.startsWith("tests"))
    .filter((name) => readFileSync(join(PACKAGE, "dist", name), "utf8").includes("sourceMappingURL"));

  assert.deepEqual(naming, []);
});

test("versions of what the package runs on are ranges, and the lock file names no registry", () => {
  for (const range of Object.values(MANIFEST.dependencies)) {
    assert.match(String(range), /^\^\d+\.\d+\.\d+$/);
  }
  assert.doesNotMatch(readFileSync(join(PACKAGE, "package-lock.json"), "utf8"), /https?:/);
});

test("the README has every function that is exported, and no other", () => {
  const exported = Object.entries(rankspec).filter(([, value]) => typeof value === "function" && value !== rankspec.ConfigError);
  const documented = [...README.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name);

  assert.deepEqual(documented.sort(), exported.map(([name]) => name).sort());
});
