/** What each kind of feature makes of a value. */
import { createHash } from "node:crypto";

import { isFieldSet } from "@bufbuild/protobuf";

import {
  type BinnedFeature,
  type CategoryFeature,
  type Feature,
  type FlagFeature,
  type HashedFeature,
  type ListPlaces,
  ListPlacesSchema,
  type NumberFeature,
} from "../gen/rankspec/data/v1/recipe_pb.js";
import { EncodingError } from "./errors.js";
import type { Single } from "./values.js";
import { idsByValue, MISSING, UNSEEN } from "./vocabulary.js";

/** What features add to. */
export interface Vectors {
  readonly continuous: number[];
  readonly binary: number[];
  readonly discrete: number[];
  /** Lists that are kept whole, by the name of the feature. */
  readonly lists: Map<string, { readonly lengths: number[]; readonly values: number[] }>;
}

export type Encode = (value: Single | readonly Single[], into: Vectors) => void;

// Half a unit above the largest float32: from here on, rounding gives infinity.
const FLOAT32_END = 2 ** 128 - 2 ** 103;
const LARGEST = 2 ** 128 - 2 ** 104;

/**
 * Returns how a feature of a sound recipe encodes what its column has.
 *
 * @throws {EncodingError} It is not fitted, or its vocabulary cannot be used.
 */
export function encodingOf({ name, kind }: Feature, files: Readonly<Record<string, Uint8Array>>): Encode {
  const encode = encoding(name, kind, files);
  if (encode === undefined) {
    throw new EncodingError("recipe.unfitted", `the recipe is not fitted: nothing is known of ${name}`);
  }
  return encode;
}

/** The feature's name if its lists are kept whole. */
export function wholeListOf({ name, kind }: Feature): string | undefined {
  const list = kind.value !== undefined && "list" in kind.value ? kind.value.list : undefined;
  return list !== undefined && isWhole(list) ? name : undefined;
}

function encoding(feature: string, kind: Feature["kind"], files: Readonly<Record<string, Uint8Array>>): Encode | undefined {
  switch (kind.case) {
    case "number":
      return number(kind.value);
    case "binned":
      return binned(kind.value);
    case "category":
      return category(feature, kind.value, files);
    case "hashed":
      return hashed(feature, kind.value);
    case "flag":
      return flag(kind.value);
    default:
      return undefined;
  }
}

/** A value as a number whose float32 is finite. */
function finite(value: Single | readonly Single[]): number | undefined {
  const number = typeof value === "bigint" || typeof value === "number" ? Number(value) : Number.NaN;
  // False for NaN too.
  return Math.abs(number) < FLOAT32_END ? number : undefined;
}

function number({ fitted, standardize, missingFlag }: NumberFeature): Encode | undefined {
  if (fitted === undefined) {
    return undefined;
  }
  const { fill, low, high, mean, inverseDeviation } = fitted;
  return (value, { continuous, binary }) => {
    const given = finite(value);
    let x = given ?? fill;
    x = x < low ? low : x;
    x = x > high ? high : x;
    // One zero of the two.
    x = x === 0 ? 0 : x;
    if (standardize) {
      x = (x - mean) * inverseDeviation;
    }
    x = x > LARGEST ? LARGEST : x;
    continuous.push(x < -LARGEST ? -LARGEST : x);
    if (missingFlag) {
      binary.push(given === undefined ? 1 : 0);
    }
  };
}

function binned({ fitted }: BinnedFeature): Encode | undefined {
  if (fitted === undefined) {
    return undefined;
  }
  const edges = Float64Array.from(fitted.edges).sort();
  return (value, { discrete }) => {
    const given = finite(value);
    discrete.push(given === undefined ? MISSING : 1 + numBelow(edges, given));
  };
}

/** How many of rising edges lie below a number. */
function numBelow(edges: Float64Array, x: number): number {
  let [begin, end] = [0, edges.length];
  while (begin < end) {
    const middle = (begin + end) >>> 1;
    if ((edges[middle] ?? Infinity) < x) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

function category(
  feature: string,
  { column, list, fitted }: CategoryFeature,
  files: Readonly<Record<string, Uint8Array>>,
): Encode | undefined {
  if (fitted === undefined) {
    return undefined;
  }
  const ids = idsByValue(fitted, files, column);
  return byValue(feature, list, (text) => ids.get(text) ?? UNSEEN);
}

function hashed(feature: string, { salt, numBuckets, list }: HashedFeature): Encode {
  return byValue(feature, list, (text) => {
    const hash = createHash("sha256").update(`${salt}/${text}`).digest().readBigUInt64BE();
    return 1 + Number(hash % numBuckets);
  });
}

function flag({ missingFlag }: FlagFeature): Encode {
  return (value, { binary }) => {
    binary.push(value === true ? 1 : 0);
    if (missingFlag) {
      binary.push(value === null ? 1 : 0);
    }
  };
}

function isList(value: Single | readonly Single[]): value is readonly Single[] {
  return Array.isArray(value);
}

/** Whether all ids of a list are kept, as a list. */
function isWhole(list: ListPlaces): boolean {
  return !isFieldSet(list, ListPlacesSchema.field.width);
}

/** Encodes a value, or those of a list, by an id of each text. */
function byValue(feature: string, list: ListPlaces | undefined, idOf: (text: string) => number): Encode {
  const id = (value: Single | undefined): number =>
    value === null || value === undefined ? MISSING : idOf(value.toString());
  if (list !== undefined && isWhole(list)) {
    return (value, { lists }) => {
      const values = isList(value) ? value : [];
      const into = lists.get(feature);
      into?.lengths.push(values.length);
      for (const item of values) {
        into?.values.push(id(item));
      }
    };
  }
  const width = list?.width ?? 1;
  return (value, { discrete }) => {
    const values: readonly Single[] = isList(value) ? value : [value];
    for (let place = 0; place < width; place++) {
      discrete.push(id(values[place]));
    }
  };
}
