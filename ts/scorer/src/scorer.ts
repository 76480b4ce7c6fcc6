import { type InferenceSession, Tensor } from "onnxruntime-node";

import { type Column, type Placed, Placement } from "./columns.js";
import type { Row } from "./encoding/index.js";
import { ScoringError } from "./errors.js";
import {
  type BundleManifest, ErrorCode, type FeatureSignature, type Tolerance,
} from "./gen/rankspec/serving/v1/bundle_pb.js";
import { difference, goldenBatches } from "./golden.js";
import { MAX_BUNDLE_BYTES, OUTPUTS, SCORE } from "./layout.js";
import { startSession } from "./model.js";
import { RawRows } from "./raw_rows.js";
import { type BundleFiles, readBundle } from "./reading.js";
import { availableThreads } from "./threads.js";

/** How a bundle is opened. */
export interface OpenOptions {
  /** What the SHA-256 of the manifest has to be, in hexadecimal. Not given: any. */
  readonly expectDigest?: string;
  /** Threads for the work inside one request. Not given: as many as the container may use. */
  readonly threads?: number;
  /** What all files together may have. Not given: 64 GiB. */
  readonly maxBytes?: number;
}

/** Scores rows with one bundle; {@link openBundle} makes one. Any number of requests may be under way at once. */
export class Scorer {
  /** The bundle's manifest; not to be changed. */
  readonly manifest: BundleManifest;
  /** SHA-256 of the manifest's file, in hexadecimal: the bundle's identity. */
  readonly digest: string;
  readonly #signature: FeatureSignature;
  readonly #placement: Placement;
  readonly #weights: readonly (readonly [task: number, weight: number])[];
  #session: InferenceSession | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Bytes of the files that the recipe may need, by name, until it has been read. */
  #recipeFiles: ReadonlyMap<string, Uint8Array>;
  #rawRows: RawRows | undefined;
  #goldenDifference = 0;

  /** @internal */
  constructor(bundle: BundleFiles, signature: FeatureSignature, session: InferenceSession) {
    this.manifest = bundle.manifest;
    this.digest = bundle.digest;
    this.#signature = signature;
    this.#placement = new Placement(signature);
    const weights = new Map(Object.entries(this.manifest.scoreWeights));
    this.#weights = this.manifest.outputs.flatMap(({ name }, task) => {
      const weight = weights.get(name);
      return weight === undefined ? [] : [[task, weight] as const];
    });
    this.#session = session;
    this.#recipeFiles = bundle.recipeFiles;
  }

  /** What has to come with whole vectors. */
  get signatureHash(): string {
    return this.#signature.hash;
  }

  /** The largest difference of the golden rows' outputs from what is expected. */
  get goldenDifference(): number {
    return this.#goldenDifference;
  }

  /**
   * Scores rows.
   *
   * @param columns - by name: an input with all of a row's values in the signature's order, or `input/feature`
   * @param signatureHash - of the signature that whole inputs were made for, which are refused without
   * @returns the scores of each task, in the manifest's order, and then `score` if the bundle has weights
   * @throws ScoringError with one of the codes from CLOSED on
   */
  async score(columns: ReadonlyMap<string, Column>, signatureHash?: string): Promise<Map<string, Float32Array>> {
    const placed = this.#placement.placed(columns, signatureHash);
    const outputs = await this.#run(placed);
    const tasks = this.manifest.outputs.length;
    const scores = new Map<string, Float32Array>();
    this.manifest.outputs.forEach(({ name }, task) => {
      // `Float32Array.from` takes many times as long.
      const values = new Float32Array(placed.rows);
      for (let row = 0; row < placed.rows; row++) {
        values[row] = outputs[row * tasks + task] ?? Number.NaN;
      }
      scores.set(name, values);
    });
    if (this.#weights.length > 0) {
      scores.set(SCORE, this.#combined(outputs, placed.rows));
    }
    return scores;
  }

  /**
   * Scores raw rows, as the table had them that `rankspec data import` made the data set of.
   *
   * @param rows - each the values by column, `null` where one is missing; columns that the recipe does not read are left alone
   * @returns as `score`
   * @throws ScoringError with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, or from CLOSED on
   */
  async scoreRaw(rows: readonly Row[]): Promise<Map<string, Float32Array>> {
    return this.score(this.#raw().inputs(rows), this.signatureHash);
  }

  /**
   * The names of the raw columns that rows have to have, in the recipe's order.
   *
   * @throws ScoringError with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, RECIPE_MISSING or CLOSED
   */
  rawColumns(): readonly string[] {
    return this.#raw().columns;
  }

  /** The recipe at work; it is read when this is first called. */
  #raw(): RawRows {
    if (this.#session === undefined) {
      throw closed();
    }
    this.#rawRows ??= new RawRows(this.manifest, this.#recipeFiles);
    this.#recipeFiles = new Map();
    return this.#rawRows;
  }

  /** Waits for the requests under way, and lets go of model and files. Closing twice is no error. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#recipeFiles = new Map();
    await Promise.allSettled([...this.#underWay]);
    await session?.release();
  }

  /** @internal */
  async checkGoldenRows(content: Uint8Array): Promise<void> {
    const { atOpening } = this.manifest.tolerance as Tolerance;
    for (const batch of goldenBatches(this.manifest, content)) {
      const apart = difference(await this.#run(batch), batch.outputs);
      this.#goldenDifference = Math.max(this.#goldenDifference, apart);
      if (this.#goldenDifference > atOpening) {
        throw new ScoringError(ErrorCode.GOLDEN_MISMATCH, `outputs within ${atOpening} of the expected ones`, batch.name);
      }
    }
  }

  /** The sum of weight times output for each row, in double and rounded to float32. */
  #combined(outputs: Float32Array, rows: number): Float32Array {
    const tasks = this.manifest.outputs.length;
    return Float32Array.from({ length: rows }, (_, row) =>
      this.#weights.map(([task, weight]) => weight * (outputs[row * tasks + task] ?? Number.NaN)).reduce((sum, term) => sum + term),
    );
  }

  /** The model's outputs, a row after the other. */
  async #run({ inputs, rows }: Placed): Promise<Float32Array> {
    if (this.#session === undefined) {
      throw closed();
    }
    const feeds: Record<string, Tensor> = {};
    this.#signature.inputs.forEach(({ name }, place) => {
      const { values, width } = inputs[place] ?? { values: new Float32Array(), width: 0 };
      feeds[name] =
        values instanceof Float32Array
          ? new Tensor("float32", values, [rows, width])
          : new Tensor("int64", values, [rows, width]);
    });
    const running = this.#session.run(feeds, [OUTPUTS]);
    this.#underWay.add(running);
    try {
      return (await running)[OUTPUTS]?.data as Float32Array;
    } catch (error) {
      const expectation = "ONNX Runtime to score the rows";
      throw new ScoringError(ErrorCode.SCORING_FAILED, expectation, "", undefined, { cause: error });
    } finally {
      this.#underWay.delete(running);
    }
  }
}

function closed(): ScoringError {
  return new ScoringError(ErrorCode.CLOSED, "a scorer that is open");
}

/**
 * Opens a bundle that may be a stranger's: every byte that is used of it is one that its manifest vouches for.
 *
 * @throws ScoringError with a code from NO_BUNDLE to GOLDEN_MISMATCH
 */
export async function openBundle(folder: string, options: OpenOptions = {}): Promise<Scorer> {
  const bundle = readBundle(folder, options.expectDigest, options.maxBytes ?? MAX_BUNDLE_BYTES);
  const session = await startSession(bundle, options.threads ?? availableThreads());
  const scorer = new Scorer(bundle, bundle.manifest.signature as FeatureSignature, session);
  try {
    await scorer.checkGoldenRows(bundle.contents.get(bundle.manifest.goldenFile) ?? new Uint8Array());
  } catch (error) {
    await scorer.close();
    throw error;
  }
  return scorer;
}
