// Copies the licence and notices of the repository into a package while it is packed, or removes the copies.
//
// The package is this one, or the one in the folder below it that is named last.
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { packageFolder } from "./shared.mjs";

const [what, name] = process.argv.slice(2);
const repository = fileURLToPath(new URL("../..", import.meta.url));
for (const file of ["LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"]) {
  const copy = join(packageFolder(name), file);
  if (what === "copy") {
    copyFileSync(join(repository, file), copy);
  } else {
    rmSync(copy, { force: true });
  }
}
