/** Raw values become values of their column's kind; what would have to be guessed is refused. */
import { isFieldSet } from "@bufbuild/protobuf";

import { type RawColumn, RawColumnSchema, RawKind, type TextFormat } from "../gen/rankspec/data/v1/recipe_pb.js";
import { EncodingError } from "./errors.js";
import { isoMicros } from "./times.js";

/**
 * A raw value: null where it is missing. Whole numbers are bigint; a number is one of double precision, and stands for a whole
 * one in columns of those alone, up to 2^53.
 */
export type RawValue = string | number | bigint | boolean | null | readonly RawValue[];

/** A raw row: its values by column. */
export type Row = Readonly<Record<string, RawValue>>;

/** A value of a column's kind. */
export type Single = string | number | bigint | boolean | null;

/** What reading a value gives: the value, or what is wrong. */
type Read<T> = { readonly value: T } | { readonly wrong: "value" | "type" };

const WHOLE = /^([+-]?[0-9]+)(?:\.0*)?$/;
const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const NOT_FINITE = /^[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)$/;
const UNITS = /^[+-]?[0-9]{1,19}$/;
// A text with one has no UTF-8.
const HALF_OF_A_PAIR = /\p{Surrogate}/u;
const WRONG_VALUE = { wrong: "value" } as const;
const WRONG_TYPE = { wrong: "type" } as const;
const MISSING = { value: null } as const;

const EXPECTED: Readonly<Record<RawKind, string>> = {
  [RawKind.UNSPECIFIED]: "nothing",
  [RawKind.TEXT]: "text",
  [RawKind.INT64]: "a whole number of 64 bits, such as 42 or -7",
  [RawKind.FLOAT64]: "a number, such as 1.5, -2 or 3e-4",
  [RawKind.BOOL]: "a flag, or one of the recipe's true_values or false_values",
  [RawKind.TIME]: "a time such as 2024-05-31T18:30:00Z, or a whole number of the recipe's time_unit_micros",
};

/** Reads the values of one column. */
export class Column {
  readonly #missing: ReadonlySet<string>;
  readonly #flags: ReadonlyMap<string, boolean>;
  readonly #separator: string | undefined;
  readonly #unit: bigint | undefined;

  constructor(
    private readonly spec: RawColumn,
    private readonly text: TextFormat,
  ) {
    this.#missing = new Set(text.missing);
    const flags = (words: string[], flag: boolean): [string, boolean][] => words.map((word) => [word, flag]);
    this.#flags = new Map([...flags(text.falseValues, false), ...flags(text.trueValues, true)]);
    this.#separator = isFieldSet(spec, RawColumnSchema.field.separator) ? spec.separator : undefined;
    this.#unit = isFieldSet(spec, RawColumnSchema.field.timeUnitMicros) ? spec.timeUnitMicros : undefined;
  }

  /** The column's name in raw rows. */
  get name(): string {
    return this.spec.name;
  }

  /**
   * Returns each row's value, or values.
   *
   * @throws {EncodingError} The column is absent, of another type, or a value is none of its kind, in this order.
   */
  values(rows: readonly Row[]): readonly (Single | readonly Single[])[] {
    let wrong: EncodingError | undefined;
    const values = rows.map((row, number) => {
      const value = this.#value(row);
      if (value === undefined) {
        wrong ??= new EncodingError("row.value", `a value is to be ${this.#expected}`, this.name, number);
      }
      return value ?? null;
    });
    if (wrong !== undefined) {
      throw wrong;
    }
    return values;
  }

  /** A row's value, or values; undefined where it is none of the kind. Throws where the column is absent or of another type. */
  #value(row: Row): Single | readonly Single[] | undefined {
    const raw = Object.hasOwn(row, this.name) ? row[this.name] : undefined;
    if (raw === undefined) {
      throw new EncodingError("column.absent", "the row has no such column; a missing value is null", this.name);
    }
    const read = this.spec.list ? this.#list(raw) : this.#single(raw);
    if ("value" in read) {
      return read.value;
    }
    if (read.wrong === "type") {
      throw new EncodingError("column.type", `expected ${this.#expected}, and not ${typeof raw}`, this.name);
    }
    return undefined;
  }

  get #expected(): string {
    const single = EXPECTED[this.spec.kind];
    return this.spec.list ? `a list, each value ${single}` : single;
  }

  #list(raw: RawValue): Read<readonly Single[] | null> {
    if (raw === null) {
      return MISSING;
    }
    const items = typeof raw === "string" ? this.#pieces(raw) : raw;
    if (!isList(items)) {
      return WRONG_TYPE;
    }
    const values: Single[] = [];
    for (const item of items) {
      const read = this.#single(item);
      if ("wrong" in read) {
        return read;
      }
      values.push(read.value);
    }
    return { value: values };
  }

  #pieces(text: string): RawValue {
    if (this.#separator === undefined) {
      return text;
    }
    return text === "" ? [] : text.split(this.#separator).map((piece) => (this.#missing.has(piece) ? null : piece));
  }

  #single(raw: RawValue): Read<Single> {
    if (raw === null) {
      return MISSING;
    }
    if (typeof raw === "string") {
      if (HALF_OF_A_PAIR.test(raw)) {
        return WRONG_VALUE;
      }
      return this.spec.kind === RawKind.TEXT ? { value: raw } : this.#missing.has(raw) ? MISSING : this.#parsed(raw);
    }
    switch (this.spec.kind) {
      case RawKind.INT64:
        return typeof raw === "bigint" ? int64(raw) : typeof raw === "number" ? whole(raw) : WRONG_TYPE;
      case RawKind.FLOAT64:
        return typeof raw === "bigint" || typeof raw === "number" ? { value: Number(raw) } : WRONG_TYPE;
      case RawKind.BOOL:
        if (typeof raw === "bigint" || typeof raw === "number") {
          return flag(Number(raw));
        }
        return typeof raw === "boolean" ? { value: raw } : WRONG_TYPE;
      case RawKind.TIME:
        return typeof raw === "boolean" || isList(raw) ? WRONG_TYPE : this.#counted(raw);
      default:
        return WRONG_TYPE;
    }
  }

  #parsed(text: string): Read<Single> {
    switch (this.spec.kind) {
      case RawKind.INT64: {
        const digits = WHOLE.exec(text)?.[1];
        return digits === undefined ? WRONG_VALUE : int64(bigint(digits));
      }
      case RawKind.FLOAT64:
        return decimal(text, this.text.decimalComma);
      case RawKind.BOOL: {
        const flag = this.#flags.get(text);
        return flag === undefined ? WRONG_VALUE : { value: flag };
      }
      case RawKind.TIME:
        return this.#time(text);
      default:
        return WRONG_TYPE;
    }
  }

  /** A whole number of the column's unit as a time. */
  #counted(count: bigint | number): Read<Single> {
    if (this.#unit === undefined) {
      return WRONG_TYPE;
    }
    const read = typeof count === "number" ? whole(count) : { value: count };
    return "value" in read && read.value !== null ? int64(read.value * this.#unit) : read;
  }

  #time(text: string): Read<Single> {
    if (UNITS.test(text)) {
      return this.#unit === undefined ? WRONG_VALUE : int64(bigint(text) * this.#unit);
    }
    const micros = isoMicros(text, this.spec.timeZone);
    return micros === undefined ? WRONG_VALUE : { value: micros };
  }
}

function isList(value: RawValue): value is readonly RawValue[] {
  return Array.isArray(value);
}

/** As of whole numbers: JSON has no others. */
function flag(number: number): Read<Single> {
  if (!Number.isFinite(number)) {
    return MISSING;
  }
  return number === 0 || number === 1 ? { value: number === 1 } : WRONG_VALUE;
}

function whole(number: number): Read<bigint | null> {
  if (!Number.isFinite(number)) {
    return MISSING;
  }
  const fits = Number.isInteger(number) && Math.abs(number) <= 2 ** 53;
  return fits ? { value: BigInt(number) } : WRONG_VALUE;
}

/** BigInt reads no plus sign. */
function bigint(text: string): bigint {
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

function int64(number: bigint): Read<Single> {
  return BigInt.asIntN(64, number) === number ? { value: number } : WRONG_VALUE;
}

function decimal(text: string, comma: boolean): Read<Single> {
  if (comma && text.includes(".")) {
    return WRONG_VALUE;
  }
  const pointed = comma ? text.replaceAll(",", ".") : text;
  if (NOT_FINITE.test(pointed)) {
    return { value: Number.NaN };
  }
  return DECIMAL.test(pointed) ? { value: Number(pointed) } : WRONG_VALUE;
}
