/**
 * Prints, as a line of JSON, how long loading the ranker's config that is named takes: the first time, with and without
 * prewarming, and when warm, beside protobuf-es on the text that is named second; and the heap that is kept afterwards.
 *
 * `node --expose-gc load.js CONFIG EXPANDED [prewarm]`
 */
import { readFileSync } from "node:fs";

import { fromText } from "@bufbuild/protobuf/txtpb";

import { loadText, prewarm, RecapConfigSchema } from "../index.js";

const WARM_UP = 300;
const RUNS = 200;

const [config, expanded, mode] = process.argv.slice(2);
if (config === undefined || expanded === undefined || globalThis.gc === undefined) {
  throw new Error("usage: node --expose-gc load.js CONFIG EXPANDED [prewarm]");
}
const text = readFileSync(config);
const parsed = readFileSync(expanded, "utf8");
const load = () => loadText(RecapConfigSchema, text);

const prewarmTime = mode === undefined ? 0 : milliseconds(() => prewarm(RecapConfigSchema));
const first = milliseconds(load);
const [warm, parse] = medians(load, () => fromText(RecapConfigSchema, parsed));
// Exported, so that it is still held when the garbage has gone.
export const kept = load();
globalThis.gc();
const heap = process.memoryUsage().heapUsed / 2 ** 20;
const figures = { prewarm_ms: prewarmTime, first_ms: first, warm_ms: warm, parse_ms: parse, heap_mib: heap };
console.log(JSON.stringify(figures));

/** Times works in turn, so that a busy moment of the machine hits all of them. */
function medians(...works: (() => unknown)[]): number[] {
  const samples = Array.from({ length: WARM_UP + RUNS }, () => works.map(milliseconds)).slice(WARM_UP);
  return works.map((_, which) => samples.map((times) => times[which] ?? NaN).sort((a, b) => a - b)[RUNS / 2] ?? NaN);
}

function milliseconds(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
