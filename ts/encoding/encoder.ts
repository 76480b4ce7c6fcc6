/** A fitted recipe, applied to rows. */
import type { Recipe } from "../gen/rankspec/data/v1/recipe_pb.js";
import { EncodingError } from "./errors.js";
import { type Encode, encodingOf, type Vectors, wholeListOf } from "./features.js";
import { checkSoundness } from "./soundness.js";
import { Column, type Row, type Single } from "./values.js";

// The newest meaning of recipes that is known: 2 where a list has no width, otherwise 1.
const SEMANTICS = 2;

/** What a model takes of rows, one row after the other. */
export interface Encoded {
  /** Continuous values, each a float32. */
  readonly continuous: Float32Array;
  /** Binary values, 0 or 1. */
  readonly binary: readonly number[];
  /** Discrete values: ids, below 2^53. */
  readonly discrete: readonly number[];
  /** Lists of ids that are kept whole, by the name of the feature. */
  readonly lists: Readonly<Record<string, Lists>>;
}

/** The lists of ids of rows. */
export interface Lists {
  /** How many ids each row's list has. */
  readonly lengths: readonly number[];
  /** The ids of all of them, one list after the other. */
  readonly values: readonly number[];
}

interface Reading {
  readonly column: Column;
  readonly wholeList: string | undefined;
  readonly encode: Encode;
}

/** Encodes rows by a fitted recipe. */
export class Encoder {
  /** The names of the raw columns that rows have to have, in the recipe's order. */
  readonly columns: readonly string[];
  readonly #features: readonly Reading[];

  /**
   * @param recipe A fitted recipe.
   * @param vocabularies The bytes of the files that it names, by name.
   * @throws {EncodingError} The recipe is not fitted, of semantics that are not known, or damaged; or a vocabulary is not
   *   there or is another one.
   */
  constructor(recipe: Recipe, vocabularies: Readonly<Record<string, Uint8Array>> = {}) {
    const text = recipe.text;
    if (recipe.semantics < 1 || recipe.semantics > SEMANTICS) {
      const reason = `semantics ${recipe.semantics} are not known; it takes a newer rankspec`;
      throw new EncodingError("recipe.semantics", reason);
    }
    if (text === undefined || [text.missing, text.trueValues, text.falseValues].some((words) => words.length === 0)) {
      throw new EncodingError("recipe.damaged", "the recipe says nothing of how text is read; fit it anew");
    }
    if (recipe.fitted === undefined) {
      throw new EncodingError("recipe.unfitted", "the recipe is not fitted; `rankspec data import` fits it");
    }
    checkSoundness(recipe);
    const columns = new Map(recipe.columns.map((column) => [column.name, new Column(column, text)]));
    this.#features = recipe.features.map((feature) => ({
      // A sound recipe lists what its features read.
      column: columns.get(feature.kind.value?.column ?? "") as Column,
      wholeList: wholeListOf(feature),
      encode: encodingOf(feature, vocabularies),
    }));
    const read = new Set(this.#features.map(({ column }) => column.name));
    this.columns = recipe.columns.map(({ name }) => name).filter((name) => read.has(name));
  }

  /**
   * Encodes rows.
   *
   * @throws {EncodingError} A column is absent or of another type, or a value is none of its column's kind. Of several, the
   *   first by the order of the features that read them; of a column, what is wrong with all of it comes before a value.
   */
  encode(rows: readonly Row[]): Encoded {
    const read = new Map<Column, readonly (Single | readonly Single[])[]>();
    for (const { column } of this.#features) {
      if (!read.has(column)) {
        read.set(column, column.values(rows));
      }
    }
    const vectors: Vectors = { continuous: [], binary: [], discrete: [], lists: new Map() };
    for (const { wholeList } of this.#features) {
      if (wholeList !== undefined) {
        vectors.lists.set(wholeList, { lengths: [], values: [] });
      }
    }
    rows.forEach((_, number) => {
      for (const { column, encode } of this.#features) {
        encode(read.get(column)?.[number] ?? null, vectors);
      }
    });
    const { binary, discrete, lists } = vectors;
    // A feature may be called __proto__, which makes no entry of a plain object by assignment.
    return { continuous: Float32Array.from(vectors.continuous), binary, discrete, lists: Object.fromEntries(lists) };
  }
}
