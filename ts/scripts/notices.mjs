// Copies the licence and notices of the repository into the package while it is packed, or removes the copies.
import { copyFileSync, rmSync } from "node:fs";

for (const name of ["LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"]) {
  const copy = new URL(`../${name}`, import.meta.url);
  if (process.argv[2] === "copy") {
    copyFileSync(new URL(`../../${name}`, import.meta.url), copy);
  } else {
    rmSync(copy, { force: true });
  }
}
