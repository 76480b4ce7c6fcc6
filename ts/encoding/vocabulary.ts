/** The values of a category that have an id. */
import { createHash } from "node:crypto";

import { isFieldSet } from "@bufbuild/protobuf";

import { type CategoryFitting, CategoryFittingSchema } from "../gen/rankspec/data/v1/recipe_pb.js";
import { EncodingError } from "./errors.js";

/** Of a missing value. */
export const MISSING = 0;
/** Of a value that has no id of its own. */
export const UNSEEN = 1;
const FIRST = 2;

/**
 * Returns the id of each value that has one.
 *
 * @throws {EncodingError} The file is not there, is another one, or is damaged.
 */
export function idsByValue(
  fitted: CategoryFitting,
  files: Readonly<Record<string, Uint8Array>>,
  column: string,
): ReadonlyMap<string, number> {
  const values = isFieldSet(fitted, CategoryFittingSchema.field.file) ? fromFile(fitted, files, column) : fitted.values;
  if (BigInt(values.length) !== fitted.numValues) {
    throw new EncodingError("recipe.damaged", `the vocabulary has ${values.length} values, not ${fitted.numValues}`, column);
  }
  return new Map(values.map((value, place) => [value, place + FIRST]));
}

function fromFile({ file, sha256 }: CategoryFitting, files: Readonly<Record<string, Uint8Array>>, column: string): string[] {
  const data = Object.hasOwn(files, file) ? files[file] : undefined;
  if (data === undefined) {
    throw new EncodingError("vocabulary.absent", `the vocabulary ${file} is not beside the recipe`, column);
  }
  if (createHash("sha256").update(data).digest("hex") !== sha256) {
    const reason = `the vocabulary ${file} is not the one that the recipe was fitted with`;
    throw new EncodingError("vocabulary.digest", reason, column);
  }
  const values = unpacked(data);
  if (values === undefined) {
    throw new EncodingError("recipe.damaged", `${file} is no vocabulary`, column);
  }
  return values;
}

/** Of each value its length in bytes, a base-128 varint, and itself; undefined where that is not what there is. */
function unpacked(data: Uint8Array): string[] | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const values: string[] = [];
  let at = 0;
  while (at < data.length) {
    let length = 0;
    let byte = 0x80;
    for (let scale = 1; byte >= 0x80; scale *= 0x80) {
      // Behind the end, an end that is further behind.
      byte = data[at++] ?? 0x7f;
      length += (byte & 0x7f) * scale;
    }
    if (length > data.length - at) {
      return undefined;
    }
    try {
      values.push(decoder.decode(data.subarray(at, at + length)));
    } catch {
      return undefined;
    }
    at += length;
  }
  return values;
}
