/**
 * Whether bytes are a serialized message and hold nothing that its schema does not have.
 *
 * The reader of protobuf-es, which comes after this, goes by the type of a field and not by that on the wire, and reads
 * on where a message inside another one is longer than it; the readers of other languages do neither.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";

import { MAX_DEPTH } from "../limits.js";
import { at, join, type Key } from "../paths.js";
import { distinct, SpecError, type Violation } from "../violations.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MOST_VARINT_BYTES = 10;
const MOST_LENGTH = 2 ** 31 - 1;
const MOST_TAG = 2 ** 32 - 1;

/** A part of the wire that holds one value: what it is of, and what of its text has to be UTF-8. */
type Kind = Pick<DescField, "scalar" | "enum" | "message">;

/**
 * Checks a serialized message.
 *
 * @param schema The type of the message.
 * @param bytes The serialized message.
 * @throws SpecError if it does not decode (`parse.syntax`) or has fields that the schema does not have
 *   (`parse.unknown_field`), at any depth.
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array): void {
  const unknown: Violation[] = [];
  try {
    new WireChecker(bytes, unknown).message(schema, bytes.length, "", 0);
  } catch (error) {
    if (!(error instanceof Malformed)) {
      throw error;
    }
    const message = `this is no serialized ${schema.name}: ${error.message}`;
    throw new SpecError([{ path: "", code: "parse.syntax", message }]);
  }
  if (unknown.length > 0) {
    throw new SpecError(distinct(unknown));
  }
}

class Malformed extends Error {}

class WireChecker {
  private position = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly unknown: Violation[],
  ) {}

  /** Checks the fields of a message up to its end. */
  message(schema: DescMessage, end: number, path: string, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new Malformed(`messages are nested more than ${MAX_DEPTH} deep`);
    }
    const counts = new Map<DescField, number>();
    while (this.position < end) {
      const [number, wireType] = this.tag(end);
      const field = schema.field[number as never] ?? schema.fields.find((candidate) => candidate.number === number);
      if (field === undefined || !this.known(field, wireType)) {
        this.unknown.push({
          path,
          code: "parse.unknown_field",
          message: `${schema.name} has no field with number ${number} of this type; was it written by a newer schema?`,
        });
        this.skip(number, wireType, end, depth);
      } else {
        this.field(field, wireType, end, join(path, field.name), depth, counts);
      }
    }
  }
}
