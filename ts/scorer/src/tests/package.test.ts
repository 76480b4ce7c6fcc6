import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const NEEDED = ["@bufbuild/protobuf", "onnxruntime-node"];

test("who scores gets no rule engine: all that is needed is protobuf-es and ONNX Runtime", () => {
  const manifest = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const lock = JSON.parse(readFileSync(join(PACKAGE, "package-lock.json"), "utf8")) as Lock;
  const installed = Object.entries(lock.packages).flatMap(([path, { dev }]) => (dev === true ? [] : [path]));

  assert.deepEqual(Object.keys(manifest.dependencies), NEEDED);
  assert.deepEqual(installed.filter((path) => /@bufbuild|cel|protovalidate/.test(path)), ["node_modules/@bufbuild/protobuf"]);
});

test("compiled files import nothing else, and name no source map", () => {
  const compiled = readdirSync(join(PACKAGE, "dist"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:js|d\.ts)$/.test(name) && !/^tests/.test(name))
    .map((name) => readFileSync(join(PACKAGE, "dist", name), "utf8"));
  const imported = compiled.flatMap((text) => [...text.matchAll(/(?:from|import) "([^"]+)"/g)].map(([, name]) => name ?? ""));
  const packages = imported.filter((name) => !/^(?:\.|node:)/.test(name)).map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);

  assert.deepEqual([...new Set(packages)].sort(), NEEDED);
  assert.deepEqual(compiled.filter((text) => text.includes("sourceMappingURL")), []);
});
