import type { Matrix, Placed } from "./columns.js";
import { ScoringError } from "./errors.js";
import { type BundleManifest, ErrorCode, type ServedInput, ValueType } from "./gen/rankspec/serving/v1/bundle_pb.js";
import { padded } from "./lists.js";

/** Rows that are scored together, and whose outputs are known. */
export interface GoldenBatch extends Placed {
  readonly name: string;
  /** Of each row all tasks, a row after the other. */
  readonly outputs: Float32Array;
}

/** Reads a golden file whole, before anything is done with its rows. */
export function goldenBatches(manifest: BundleManifest, content: Uint8Array): GoldenBatch[] {
  const inputs = manifest.signature?.inputs ?? [];
  const tasks = manifest.outputs.length;
  // A list takes 8 bytes at least, as one value does: the number of its ids.
  const rowBytes = inputs.reduce((sum, { width, type }) => sum + width * (type === ValueType.FLOAT32 ? 4 : 8), tasks * 4);
  const least = rowBytes * manifest.goldenBatches.reduce((sum, { numRows }) => sum + numRows, 0);
  const reader = new Reader(content, manifest.goldenFile);
  if (content.length < least || (content.length > least && !inputs.some(({ list }) => list))) {
    throw reader.invalid(`${least} bytes`);
  }
  const batches = manifest.goldenBatches.map(({ name, numRows }) => {
    const matrices = inputs.map((input) => reader.matrix(input, numRows));
    return { name, rows: numRows, inputs: matrices, outputs: reader.floats(numRows * tasks) };
  });
  if (reader.start !== content.length) {
    throw reader.invalid(`${reader.start} bytes`);
  }
  return batches;
}

/** Takes numbers from a golden file, one after the other. */
class Reader {
  start = 0;
  readonly #view: DataView;
  readonly #file: string;

  constructor(content: Uint8Array, file: string) {
    this.#view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    this.#file = file;
  }

  invalid(expectation: string): ScoringError {
    return new ScoringError(ErrorCode.GOLDEN_INVALID, expectation, this.#file);
  }

  /** The next rows of an input; lists padded. */
  matrix({ name, type, width, list }: ServedInput, rows: number): Matrix {
    if (list) {
      return padded(Array.from({ length: rows }, () => this.#list()), name);
    }
    return { width, values: type === ValueType.FLOAT32 ? this.floats(rows * width) : this.#integers(rows * width) };
  }

  floats(length: number): Float32Array {
    const start = this.#taken(length * 4);
    return Float32Array.from({ length }, (_, place) => this.#view.getFloat32(start + place * 4, true));
  }

  #integers(length: number): BigInt64Array {
    const start = this.#taken(length * 8);
    return BigInt64Array.from({ length }, (_, place) => this.#view.getBigInt64(start + place * 8, true));
  }

  #list(): BigInt64Array {
    const length = Number(this.#integers(1)[0]);
    if (length < 0) {
      throw this.invalid("numbers of ids from 0 on");
    }
    return this.#integers(length);
  }

  /** Takes bytes, and returns where they begin. */
  #taken(bytes: number): number {
    const start = this.start;
    if (bytes > this.#view.byteLength - start) {
      throw this.invalid("all rows of the golden batches");
    }
    this.start += bytes;
    return start;
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
