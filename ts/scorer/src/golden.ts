import type { Placed } from "./columns.js";
import { ScoringError } from "./errors.js";
import { type BundleManifest, ErrorCode, ValueType } from "./gen/rankspec/serving/v1/bundle_pb.js";

/** Rows that are scored together, and whose outputs are known. */
export interface GoldenBatch extends Placed {
  readonly name: string;
  /** Of each row all tasks, a row after the other. */
  readonly outputs: Float32Array;
}

/** Reads a golden file, a batch at a time. */
export function* goldenBatches(manifest: BundleManifest, content: Uint8Array): Generator<GoldenBatch> {
  const inputs = manifest.signature?.inputs ?? [];
  const tasks = manifest.outputs.length;
  const rowBytes = inputs.reduce((sum, { width, type }) => sum + width * (type === ValueType.FLOAT32 ? 4 : 8), tasks * 4);
  const rows = manifest.goldenBatches.reduce((sum, { numRows }) => sum + numRows, 0);
  if (content.length !== rowBytes * rows) {
    throw new ScoringError(ErrorCode.GOLDEN_INVALID, `${rowBytes * rows} bytes`, manifest.goldenFile);
  }
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let start = 0;
  const floats = (length: number) =>
    Float32Array.from({ length }, () => view.getFloat32((start += 4) - 4, true));
  const integers = (length: number) =>
    BigInt64Array.from({ length }, () => view.getBigInt64((start += 8) - 8, true));
  for (const { name, numRows } of manifest.goldenBatches) {
    const matrices = inputs.map(({ width, type }) => {
      const length = numRows * width;
      return { width, values: type === ValueType.FLOAT32 ? floats(length) : integers(length) };
    });
    yield { name, rows: numRows, inputs: matrices, outputs: floats(numRows * tasks) };
  }
}

/**
 * The largest difference between outputs; of a value above 1 in size, relative to it. Where only one of two is no number,
 * or infinite, they are infinitely far apart.
 */
export function difference(found: Float32Array, expected: Float32Array): number {
  let worst = 0;
  expected.forEach((other, place) => {
    const one = found[place] ?? Number.NaN;
    if (one === other || (Number.isNaN(one) && Number.isNaN(other))) {
      return;
    }
    const apart = Math.abs(one - other) / Math.max(1, Math.abs(other));
    worst = Math.max(worst, Number.isNaN(apart) ? Infinity : apart);
  });
  return worst;
}
