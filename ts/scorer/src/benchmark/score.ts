/**
 * Scores rows with a bundle, and with a bare session of ONNX Runtime, in turn. Prints, as a line of JSON, how many
 * milliseconds each took, and the largest difference between their scores. `ROWS` is a file of the rows' values as
 * little-endian float32.
 *
 * `node score.js BUNDLE ROWS WARM_UP ROUNDS`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { InferenceSession, Tensor } from "onnxruntime-node";

import { openBundle } from "../index.js";

const [bundle, rows, ...counts] = process.argv.slice(2);
const [warmUp = Number.NaN, rounds = Number.NaN] = counts.map(Number);
if (bundle === undefined || rows === undefined || !Number.isInteger(warmUp) || !Number.isInteger(rounds)) {
  throw new Error("usage: node score.js BUNDLE ROWS WARM_UP ROUNDS");
}
const values = new Float32Array(Uint8Array.from(readFileSync(rows)).buffer);
const scorer = await openBundle(bundle, { threads: 1 });
const session = await InferenceSession.create(join(bundle, scorer.manifest.modelFile), {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
});
const { name, width } = scorer.manifest.signature?.inputs[0] ?? { name: "", width: 1 };
let scores = new Map<string, Float32Array>();
let outputs = new Float32Array();
const [scorerTimes, bareTimes] = await inTurn(
  async () => {
    scores = await scorer.score(new Map([[name, { values, width }]]), scorer.signatureHash);
  },
  async () => {
    const results = await session.run({ [name]: new Tensor("float32", values, [values.length / width, width]) });
    outputs = results["outputs"]?.data as Float32Array<ArrayBuffer>;
  },
);
const apart = difference([...scores.values()], outputs);
console.log(JSON.stringify({ scorer_ms: scorerTimes, bare_ms: bareTimes, difference: apart }));
await scorer.close();
await session.release();

/**
 * How many milliseconds works take in each round after those that warm up. Each comes first as often as the others: what
 * runs later finds the rows in the processor's memory.
 */
async function inTurn(...works: (() => Promise<void>)[]): Promise<number[][]> {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const turn of works.keys()) {
      const which = (round + turn) % works.length;
      const start = performance.now();
      await works[which]?.();
      if (round >= warmUp) {
        times[which]?.push(performance.now() - start);
      }
    }
  }
  return times;
}

/** The largest difference of scores from a model's outputs. */
function difference(scores: readonly Float32Array[], outputs: Float32Array): number {
  return outputs.reduce((most, output, place) => {
    const score = scores[place % scores.length]?.[Math.floor(place / scores.length)] ?? Number.NaN;
    return Math.max(most, Math.abs(score - output));
  }, 0);
}
