/** From raw rows to the model's inputs, by the bundle's recipe. */
import { fromBinary, isFieldSet } from "@bufbuild/protobuf";

import type { Column, ValueColumn } from "./columns.js";
import {
  Encoder, EncodingError, type EncodingErrorCode, type Lists, type Positions, positions, type RawValue, type Row,
} from "./encoding/index.js";
import { ScoringError } from "./errors.js";
import { type Recipe, RecipeSchema } from "./gen/rankspec/data/v1/recipe_pb.js";
import {
  type BundleManifest, BundleManifestSchema, ErrorCode, type FeatureSignature, type ServedInput, ValueType,
} from "./gen/rankspec/serving/v1/bundle_pb.js";

const CODES: Readonly<Record<EncodingErrorCode, ErrorCode>> = {
  "recipe.damaged": ErrorCode.RECIPE_INVALID,
  "recipe.unfitted": ErrorCode.RECIPE_UNFITTED,
  "recipe.semantics": ErrorCode.RECIPE_UNKNOWN,
  "vocabulary.absent": ErrorCode.VOCABULARY_INVALID,
  "vocabulary.digest": ErrorCode.VOCABULARY_INVALID,
  "column.absent": ErrorCode.COLUMN_MISSING,
  "column.type": ErrorCode.COLUMN_TYPE,
  "row.value": ErrorCode.VALUE_INVALID,
};

/** Makes inputs of raw rows. */
export class RawRows {
  readonly #encoder: Encoder;
  readonly #inputs: readonly ServedInput[];

  /**
   * @param manifest - of the bundle
   * @param contents - bytes of the bundle's files by name, those of the recipe and its vocabularies among them
   * @throws ScoringError with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, or RECIPE_MISSING
   */
  constructor(manifest: BundleManifest, contents: ReadonlyMap<string, Uint8Array>) {
    const file = manifest.recipeFile;
    if (!isFieldSet(manifest, BundleManifestSchema.field.recipeFile)) {
      const expectation = "a bundle of a data set that `rankspec data import` made; this one takes inputs as they are stored";
      throw new ScoringError(ErrorCode.RECIPE_MISSING, expectation);
    }
    const recipe = parsed(file, contents.get(file) ?? new Uint8Array());
    this.#encoder = refusing(() => new Encoder(recipe, Object.fromEntries(contents)), () => file);
    const signature = manifest.signature as FeatureSignature;
    const problem = mismatch(positions(recipe), signature);
    if (problem !== undefined) {
      throw invalid(file, problem);
    }
    this.#inputs = signature.inputs;
  }

  /** Names of the raw columns that are read, in the recipe's order. */
  get columns(): readonly string[] {
    return this.#encoder.columns;
  }

  /**
   * The model's inputs by name.
   *
   * @throws ScoringError COLUMN_MISSING, COLUMN_TYPE or VALUE_INVALID
   */
  inputs(rows: readonly Row[]): Map<string, Column> {
    for (const name of this.columns) {
      checkTypes(name, rows);
    }
    const { continuous, binary, discrete, lists } = refusing(() => this.#encoder.encode(rows), ({ column }) => column);
    const values = new Map<string, ValueColumn["values"]>([
      ["continuous", continuous],
      ["binary", BigInt64Array.from(binary, BigInt)],
      ["discrete", BigInt64Array.from(discrete, BigInt)],
    ]);
    return new Map(
      this.#inputs.map(({ name, width, list, featureNames: [feature] }): [string, Column] => [
        name,
        // The signature names the feature that the lists are.
        list ? { lists: split(lists[feature ?? ""]) } : { width, values: values.get(name) ?? new Float32Array() },
      ]),
    );
  }
}

/** The ids of each row. */
function split({ lengths, values }: Lists = { lengths: [], values: [] }): number[][] {
  let end = 0;
  return lengths.map((length) => values.slice(end, (end += length)));
}

function parsed(file: string, content: Uint8Array): Recipe {
  try {
    return fromBinary(RecipeSchema, content);
  } catch (error) {
    throw invalid(file, "a Recipe in protobuf's binary form", error);
  }
}

/** Refuses a column of values of several types, as no table has one. */
function checkTypes(name: string, rows: readonly Row[]): void {
  const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null));
  const items = values.filter(Array.isArray).flat(1);
  if ([values, items].some((group) => new Set(group.flatMap(typeOf)).size > 1)) {
    throw new ScoringError(ErrorCode.COLUMN_TYPE, "values of one type", name);
  }
}

/** The type of a value, if there is one; whole numbers are numbers like any. */
function typeOf(value: RawValue | undefined): string[] {
  if (value === null || value === undefined) {
    return [];
  }
  return [Array.isArray(value) ? "list" : typeof value === "bigint" ? "number" : typeof value];
}

/** What a recipe should make and does not; undefined if its vectors are what the signature takes. */
function mismatch(places: Positions, signature: FeatureSignature): string | undefined {
  const { lists, ...vectors } = places;
  const made = new Map<string, string[]>(Object.entries(vectors));
  for (const { name, type, width, featureNames, list } of signature.inputs) {
    if (list) {
      if (featureNames.length === 0 || !featureNames.every((feature) => lists.includes(feature))) {
        return `a recipe that makes the lists of ${name} too`;
      }
      continue;
    }
    const names = made.get(name);
    if (names === undefined) {
      return `a recipe that makes ${name} too`;
    }
    if (type !== (name === "continuous" ? ValueType.FLOAT32 : ValueType.INT64)) {
      return `a recipe that makes ${name} of the signature's type`;
    }
    if (names.length !== width) {
      return `a recipe that makes ${width} values of ${name}, and not ${names.length}`;
    }
    if (featureNames.length > 0 && names.some((own, place) => own !== featureNames[place])) {
      return `a recipe that makes the features of ${name} in the signature's order`;
    }
  }
  return undefined;
}

/** Does what may be refused, and gives the refusal as a ScoringError about what is said of it. */
function refusing<T>(encode: () => T, about: (error: EncodingError) => string): T {
  try {
    return encode();
  } catch (error) {
    if (error instanceof EncodingError) {
      throw new ScoringError(CODES[error.code], error.reason, about(error), error.row);
    }
    throw error;
  }
}

function invalid(file: string, expectation: string, cause?: unknown): ScoringError {
  return new ScoringError(ErrorCode.RECIPE_INVALID, expectation, file, undefined, { cause });
}
