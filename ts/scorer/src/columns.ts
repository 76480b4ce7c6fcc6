import { isFieldSet } from "@bufbuild/protobuf";

import { ScoringError } from "./errors.js";
import { OutOfRangeIds } from "./gen/rankspec/recap/v1/embedding_pb.js";
import {
  type AllowedValues, AllowedValuesSchema, ErrorCode, type FeatureSignature, type ServedInput, ValueType,
} from "./gen/rankspec/serving/v1/bundle_pb.js";
import { compareNames } from "./layout.js";
import { checkedLists, PADDING } from "./lists.js";

/** What all rows of a request have of an input, or of one of its features. */
export type Column = ValueColumn | ListColumn;

/** Values, as many of each row. */
export interface ValueColumn {
  /** Of float32 or int64 as the signature says, a row after the other. They must not change until they are scored. */
  readonly values: Float32Array | BigInt64Array;
  /**
   * Values in a row of a whole input; not given for a feature, which has one. Of an input of lists the values are the ids of
   * each row, and behind them -(2n ** 63n).
   */
  readonly width?: number;
}

/** The lists of an input of lists. */
export interface ListColumn {
  /** The ids of each row, any number of them. */
  readonly lists: readonly Ids[];
}

/** Ids of a list: whole numbers of 64 bits; a `number` is one up to 2^53. */
export type Ids = BigInt64Array | readonly (bigint | number)[];

/** The rows of an input. */
export interface Matrix {
  readonly values: Float32Array | BigInt64Array;
  readonly width: number;
}

/** Inputs of the model, in the signature's order, all with as many rows. */
export interface Placed {
  readonly inputs: readonly Matrix[];
  readonly rows: number;
}

/** An input of the signature, and what the columns of its features are called. */
interface Input {
  readonly served: ServedInput;
  readonly features: readonly string[];
}

/** Places the columns of requests into the inputs of a signature. */
export class Placement {
  readonly #signature: FeatureSignature;
  readonly #inputs: readonly Input[];
  /** What columns may be called, and the input that they are of. */
  readonly #owners: ReadonlyMap<string, Input>;

  constructor(signature: FeatureSignature) {
    this.#signature = signature;
    this.#inputs = signature.inputs.map((served) => ({ served, features: featuresOf(served) }));
    this.#owners = new Map(
      this.#inputs.flatMap((input) => [input.served.name, ...input.features].map((name) => [name, input])),
    );
  }

  /** The model's inputs; throws the first thing that is wrong, in the order that `docs/serving.md` gives. */
  placed(columns: ReadonlyMap<string, Column>, signatureHash: string | undefined): Placed {
    if (signatureHash !== undefined && signatureHash !== this.#signature.hash) {
      throw new ScoringError(ErrorCode.SIGNATURE_MISMATCH, "the hash of this bundle's signature");
    }
    const unknown = [...columns.keys()].filter((name) => !this.#owners.has(name)).sort(compareNames)[0];
    if (unknown !== undefined) {
      throw new ScoringError(ErrorCode.INPUT_UNKNOWN, "an input of the signature, or a feature of one", unknown);
    }
    const byFeatures = this.#givenByFeatures(columns);
    const count = new RowCount();
    const isSigned = signatureHash !== undefined;
    const inputs = this.#inputs.map((input) => placedInput(input, columns, byFeatures.has(input), isSigned, count));
    const placed = { inputs, rows: count.rows ?? 0 };
    this.#checkIds(placed);
    this.#signature.inputs.forEach((input, place) => checkAllowed(input, inputs[place], placed.rows));
    return placed;
  }

  /** The inputs whose features have columns; to ask for each of hundreds takes longer than to look at a request. */
  #givenByFeatures(columns: ReadonlyMap<string, Column>): ReadonlySet<Input> {
    const given = new Set<Input>();
    for (const name of columns.keys()) {
      const owner = this.#owners.get(name);
      if (owner !== undefined && owner.served.name !== name) {
        given.add(owner);
      }
    }
    return given;
  }

  /** Refuses ids that a table has neither a row nor a bucket for. */
  #checkIds({ inputs, rows }: Placed): void {
    for (const { name, input, position, numIds, outOfRangeIds } of this.#signature.idTables) {
      const place = this.#inputs.findIndex(({ served }) => served.name === input);
      const matrix = inputs[place];
      const owner = this.#inputs[place];
      if (outOfRangeIds !== OutOfRangeIds.ERROR || owner === undefined || matrix === undefined) {
        continue;
      }
      const { served, features } = owner;
      // All ids of a list are looked up.
      const [first, end] = served.list ? [0, matrix.width] : [position, position + 1];
      for (let row = 0; row < rows; row++) {
        const ids = matrix.values.subarray(row * matrix.width + first, row * matrix.width + end) as BigInt64Array;
        if (ids.some((id) => (id < 0n || id >= numIds) && !(served.list && id === PADDING))) {
          const expectation = `an id from 0 to ${numIds - 1n} of the table ${JSON.stringify(name)}`;
          const at = features[position] ?? served.name;
          throw new ScoringError(ErrorCode.ID_OUT_OF_RANGE, expectation, at, row);
        }
      }
    }
  }
}

/** How many rows the columns of a request have: all as many as the first. */
class RowCount {
  rows: number | undefined;

  check(rows: number, name: string): void {
    this.rows ??= rows;
    if (rows !== this.rows) {
      throw new ScoringError(ErrorCode.ROWS_MISMATCH, `${this.rows} rows`, name);
    }
  }
}

function placedInput(
  input: Input, columns: ReadonlyMap<string, Column>, hasFeatures: boolean, isSigned: boolean, count: RowCount,
): Matrix {
  const { name, width, list } = input.served;
  const whole = columns.get(name);
  if (whole === undefined) {
    if (!hasFeatures) {
      throw missing(name);
    }
    return joined(input, columns, count);
  }
  if (list) {
    const matrix = checkedLists(whole, name);
    count.check(matrix.values.length / matrix.width, name);
    return matrix;
  }
  if (hasFeatures) {
    throw new ScoringError(ErrorCode.INPUT_TWICE, "either whole vectors or single features", name);
  }
  const values = typed(whole, name, input.served);
  if (values.width !== width || values.values.length % width !== 0) {
    throw new ScoringError(ErrorCode.WIDTH_MISMATCH, `a matrix of ${width} values a row`, name);
  }
  if (!isSigned) {
    const expectation = "the signature's hash beside whole vectors, or features by their names";
    throw new ScoringError(ErrorCode.SIGNATURE_REQUIRED, expectation, name);
  }
  count.check(values.values.length / width, name);
  return { values: values.values, width };
}

/** The input of its features, each in its place; those that the model does not read may be left out. */
function joined({ served, features }: Input, columns: ReadonlyMap<string, Column>, count: RowCount): Matrix {
  const { width, unreadPositions, type } = served;
  const found = new Map<number, ValueColumn>();
  features.forEach((name, position) => {
    const given = columns.get(name);
    if (given === undefined) {
      if (unreadPositions.includes(position)) {
        return;
      }
      throw missing(name);
    }
    const column = typed(given, name, served);
    if (column.width !== undefined) {
      throw new ScoringError(ErrorCode.WIDTH_MISMATCH, "one value a row", name);
    }
    count.check(column.values.length, name);
    found.set(position, column);
  });
  const size = (count.rows ?? 0) * width;
  const values = type === ValueType.FLOAT32 ? new Float32Array(size) : new BigInt64Array(size);
  for (const [position, column] of found) {
    column.values.forEach((value, row) => {
      values[row * width + position] = value;
    });
  }
  return { values, width };
}

/** A column whose values are of an input's type. */
function typed(column: Column, name: string, { type }: ServedInput): ValueColumn {
  const wanted = type === ValueType.FLOAT32 ? Float32Array : BigInt64Array;
  if (!("values" in column && column.values instanceof wanted)) {
    const expectation = `values of ${type === ValueType.FLOAT32 ? "float32" : "int64"} (${wanted.name})`;
    throw new ScoringError(ErrorCode.TYPE_MISMATCH, expectation, name);
  }
  return column;
}

/** Refuses values that training refuses. */
function checkAllowed({ name, allowedValues, unreadPositions }: ServedInput, matrix: Matrix | undefined, rows: number): void {
  if (allowedValues === undefined || matrix === undefined) {
    return;
  }
  const unread = new Set(unreadPositions);
  for (let place = 0; place < rows * matrix.width; place++) {
    if (!unread.has(place % matrix.width) && !isAllowed(allowedValues, Number(matrix.values[place]))) {
      const row = Math.floor(place / matrix.width);
      throw new ScoringError(ErrorCode.VALUE_NOT_ALLOWED, described(allowedValues), name, row);
    }
  }
}

function isAllowed(allowed: AllowedValues, value: number): boolean {
  if (!Number.isFinite(value)) {
    return !allowed.whole;
  }
  return (
    !(hasLeast(allowed) && value < allowed.least) &&
    !(hasMost(allowed) && value > allowed.most) &&
    !(allowed.whole && value !== Math.trunc(value))
  );
}

function described(allowed: AllowedValues): string {
  return (
    (allowed.whole ? "whole numbers" : "values") +
    (hasLeast(allowed) ? ` from ${allowed.least}` : "") +
    (hasMost(allowed) ? ` up to ${allowed.most}` : "")
  );
}

function hasLeast(allowed: AllowedValues): boolean {
  return isFieldSet(allowed, AllowedValuesSchema.field.least);
}

function hasMost(allowed: AllowedValues): boolean {
  return isFieldSet(allowed, AllowedValuesSchema.field.most);
}

function missing(name: string): ScoringError {
  return new ScoringError(ErrorCode.INPUT_MISSING, "a column of this name", name);
}

/** What columns of an input's features are called: no input has a slash in its name, and a list no features. */
function featuresOf({ name, featureNames, list }: ServedInput): string[] {
  return list ? [] : featureNames.map((feature) => `${name}/${feature}`);
}
