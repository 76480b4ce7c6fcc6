// What both packages are built with beside their own `src`: the bindings, and the encoder of raw rows, which needs none of the
// other things that either package has.
//
// `node scripts/shared.mjs [scorer]` copies them into `src`, for editors and the linter.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Folders to copy, by their names in `src`. */
export const SHARED = {
  gen: fileURLToPath(new URL("../../gen/ts", import.meta.url)),
  encoding: fileURLToPath(new URL("../encoding", import.meta.url)),
};

const RULES = "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** The folder of a package: this one, or the one below it that is named. */
export function packageFolder(name = "") {
  return join(fileURLToPath(new URL("..", import.meta.url)), name, "/");
}

/** Copies what is shared into a `src`. */
export function copyShared(source) {
  for (const [name, folder] of Object.entries(SHARED)) {
    rmSync(join(source, name), { recursive: true, force: true });
    cpSync(folder, join(source, name), { recursive: true });
  }
  const ownRules = join(source, "rules.ts");
  if (existsSync(ownRules)) {
    redirectRules(join(source, "gen"), join(source, "rules.js"));
  }
}

/** Has bindings import the file of rule annotations from elsewhere than from the rule engine's package. */
function redirectRules(bindings, rules) {
  for (const name of readdirSync(bindings, { recursive: true }).filter((name) => name.endsWith(".ts"))) {
    const path = join(bindings, name);
    writeFileSync(path, readFileSync(path, "utf8").replace(`"${RULES}"`, `"${relative(dirname(path), rules)}"`));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  copyShared(join(packageFolder(process.argv[2]), "src"));
}
