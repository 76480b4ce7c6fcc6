// Compiles the package, with the bindings and the encoder, into dist/, unless dist/ is newer than everything it is made of.
//
// In a folder of its own that is then moved into place, because others may be building or running it at the same time.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { copyShared, packageFolder, SHARED } from "./shared.mjs";

// The package to compile is this one, or the one in the folder below it that is named.
const root = packageFolder(process.argv[2]);
const source = join(root, "src");
const settings = ["package.json", "tsconfig.json"].map((name) => join(root, name));
const result = join(root, "dist");
// Copied there for editors and the linter; not what is compiled.
const copied = Object.keys(SHARED).map((name) => join(source, name));

function lastChange(path) {
  const status = statSync(path);
  const inside = status.isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [];
  return Math.max(status.mtimeMs, ...inside.map(lastChange));
}

function isFresh() {
  const made = join(result, "index.js");
  // A folder's own time changes with the copy inside it.
  const own = readdirSync(source).map((name) => join(source, name)).filter((path) => !copied.includes(path));
  const parts = [...own, ...Object.values(SHARED), ...settings];
  return existsSync(made) && statSync(made).mtimeMs > Math.max(...parts.map(lastChange));
}

function build(work) {
  cpSync(source, join(work, "src"), { recursive: true, filter: (path) => !copied.includes(path) });
  copyShared(join(work, "src"));
  for (const path of settings) {
    cpSync(path, join(work, path.slice(root.length)));
  }
  const compiler = join(root, "node_modules/.bin/tsc");
  const { status, error } = spawnSync(compiler, ["--project", work], { stdio: "inherit" });
  if (error !== undefined) {
    throw error;
  }
  if (status === 0 && !isFresh()) {
    rmSync(result, { recursive: true, force: true });
    renameSync(join(work, "dist"), result);
  }
  return status ?? 1;
}

if (!isFresh()) {
  const work = mkdtempSync(join(root, ".build-"));
  try {
    process.exitCode = build(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
