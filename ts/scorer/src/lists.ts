/** Lists of ids as the model takes them: a matrix as wide as the longest list, and at least 1, with padding behind the ids. */
import type { Column, Ids, Matrix } from "./columns.js";
import { ScoringError } from "./errors.js";
import { ErrorCode } from "./gen/rankspec/serving/v1/bundle_pb.js";

/** Stands for no id. */
export const PADDING = -(2n ** 63n);

/** Values that the matrix may have: what an array of Java's holds. */
const MAX_MATRIX_VALUES = 2 ** 31 - 9;

/** A request's column of an input of lists, which has lists or such a matrix, as the matrix. */
export function checkedLists(column: Column, name: string): Matrix {
  if (!("lists" in column)) {
    return paddedAlready(column, name);
  }
  if (!Array.isArray(column.lists)) {
    throw noLists(name);
  }
  const lists = column.lists.map((ids) => whole(ids, name));
  const row = lists.findIndex((ids) => ids.includes(PADDING));
  if (row >= 0) {
    throw new ScoringError(ErrorCode.VALUE_NOT_ALLOWED, `ids, and ${PADDING} stands for none`, name, row);
  }
  return padded(lists, name);
}

/** The matrix of lists. */
export function padded(lists: readonly BigInt64Array[], name: string): Matrix {
  const width = lists.reduce((longest, { length }) => Math.max(longest, length), 1);
  if (lists.length * width > MAX_MATRIX_VALUES) {
    const expectation = `lists whose rows times the longest are ${MAX_MATRIX_VALUES} at most; score fewer rows at once`;
    throw new ScoringError(ErrorCode.SCORING_FAILED, expectation, name);
  }
  const values = new BigInt64Array(lists.length * width).fill(PADDING);
  lists.forEach((ids, row) => values.set(ids, row * width));
  return { values, width };
}

/** A list's ids; numbers have to be whole and exact. */
function whole(ids: Ids, name: string): BigInt64Array {
  if (ids instanceof BigInt64Array) {
    return ids;
  }
  if (!Array.isArray(ids) || !ids.every(isWhole)) {
    throw noLists(name);
  }
  return BigInt64Array.from(ids, BigInt);
}

function isWhole(id: unknown): boolean {
  return typeof id === "bigint" ? BigInt.asIntN(64, id) === id : Number.isSafeInteger(id);
}

/** Such a matrix: no row has an id behind padding. */
function paddedAlready({ values, width }: Exclude<Column, { lists: unknown }>, name: string): Matrix {
  if (!(values instanceof BigInt64Array) || width === undefined || !(width >= 1) || values.length % width !== 0) {
    throw noLists(name);
  }
  if (values.some((id, place) => place % width !== 0 && values[place - 1] === PADDING && id !== PADDING)) {
    throw noLists(name);
  }
  return { values, width };
}

function noLists(name: string): ScoringError {
  const expectation = `a list of whole numbers of 64 bits for each row, or a matrix of int64 with ${PADDING} behind the ids of each`;
  return new ScoringError(ErrorCode.TYPE_MISMATCH, expectation, name);
}
