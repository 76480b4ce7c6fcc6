#!/usr/bin/env node
/** `rankspec-verdict FILE...`: prints the verdict on each file as one line of JSON, with the environment's variables. */
import { verdictOn } from "../verdict.js";

for (const file of process.argv.slice(2)) {
  process.stdout.write(`${JSON.stringify(verdictOn(file, process.env))}\n`);
}
