/**
 * Whether a recipe contradicts itself: what rules refuse in a recipe that is written, and nobody has checked in one that is
 * found.
 */
import { isFieldSet } from "@bufbuild/protobuf";

import { type Feature, ListPlacesSchema, type RawColumn, RawColumnSchema, RawKind, type Recipe } from "../gen/rankspec/data/v1/recipe_pb.js";
import { EncodingError } from "./errors.js";

const NUMBERS: readonly RawKind[] = [RawKind.INT64, RawKind.FLOAT64, RawKind.TIME];
const IDS: readonly RawKind[] = [RawKind.TEXT, RawKind.INT64, RawKind.BOOL];
/** The kinds of columns that each kind of feature reads. */
const READ: Readonly<Record<NonNullable<Feature["kind"]["case"]>, readonly RawKind[]>> = {
  number: NUMBERS,
  binned: NUMBERS,
  category: IDS,
  hashed: IDS,
  flag: [RawKind.BOOL],
};
const MAX_WIDTH = 1024;

/**
 * Makes sure that encoding by a recipe cannot but give what it says.
 *
 * @throws {EncodingError} `recipe.damaged`, about the first column or feature that something is wrong with.
 */
export function checkSoundness(recipe: Recipe): void {
  const columns = new Map<string, RawColumn>();
  for (const column of recipe.columns) {
    const problem = columns.has(column.name) ? "the recipe lists the column twice" : problemOf(column);
    if (problem !== undefined) {
      throw damaged(problem, column.name);
    }
    columns.set(column.name, column);
  }
  for (const feature of recipe.features) {
    checkFeature(feature, columns, recipe.semantics);
  }
}

function problemOf(column: RawColumn): string | undefined {
  if (column.kind === RawKind.UNSPECIFIED) {
    return "the recipe does not say what the column holds";
  }
  if (isFieldSet(column, RawColumnSchema.field.separator) && column.separator === "") {
    return "the recipe separates values by nothing";
  }
  const hasNoUnit = isFieldSet(column, RawColumnSchema.field.timeUnitMicros) && column.timeUnitMicros < 1n;
  return hasNoUnit ? "the recipe's time_unit_micros is no unit of time" : undefined;
}

function checkFeature({ name, kind }: Feature, columns: ReadonlyMap<string, RawColumn>, semantics: number): void {
  if (kind.case === undefined) {
    throw damaged(`the recipe does not say what ${name} is`);
  }
  const column = columns.get(kind.value.column);
  const list = "list" in kind.value ? kind.value.list : undefined;
  if (column === undefined || column.list !== (list !== undefined) || !READ[kind.case].includes(column.kind)) {
    throw damaged(`the recipe lists no column that ${name} could read`, kind.value.column);
  }
  // Without a width all values of a list are kept; that came with semantics 2.
  const isWhole = list !== undefined && !isFieldSet(list, ListPlacesSchema.field.width) && semantics >= 2;
  if (list !== undefined && !isWhole && (list.width < 1 || list.width > MAX_WIDTH)) {
    throw damaged(`the recipe gives ${name} ${list.width} places, and not 1 to ${MAX_WIDTH}`);
  }
  if (kind.case === "hashed" && kind.value.numBuckets < 1n) {
    throw damaged(`the recipe has no buckets for ${name}`);
  }
}

function damaged(reason: string, column = ""): EncodingError {
  return new EncodingError("recipe.damaged", reason, column);
}
