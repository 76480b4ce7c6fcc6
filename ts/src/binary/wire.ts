/**
 * Whether bytes are a serialized message and hold nothing that its schema does not have.
 *
 * The reader of protobuf-es, which comes after this, goes by the type of a field and not by that on the wire, and reads
 * on where a message inside another one is longer than it; the readers of other languages do neither.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

import { MAX_DEPTH } from "../limits.js";
import { at, join, type Key } from "../paths.js";
import { distinct, SpecError, type Violation } from "../violations.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MOST_VARINT_BYTES = 10;
const MOST_TAG = 2 ** 32 - 1;

/** What a value is of: a message type, an enum or a scalar type. Fields are their own kind. */
interface Kind {
  readonly message?: DescMessage | undefined;
  readonly scalar?: ScalarType | undefined;
}

/**
 * Checks a serialized message.
 *
 * @param schema The type of the message.
 * @param bytes The serialized message.
 * @throws SpecError if it does not decode (`parse.syntax`) or has fields that the schema does not have
 *   (`parse.unknown_field`), at any depth.
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array): void {
  const checker = new WireChecker(bytes);
  try {
    checker.message(schema, bytes.length, "", 0);
  } catch (error) {
    if (!(error instanceof Malformed)) {
      throw error;
    }
    const message = `this is no serialized ${schema.name}: ${error.message}`;
    throw new SpecError([{ path: "", code: "parse.syntax", message }]);
  }
  if (checker.unknown.length > 0) {
    throw new SpecError(distinct(checker.unknown));
  }
}

class Malformed extends Error {}

type MapField = DescField & { fieldKind: "map" };

/** What a field of a map's entry is of; undefined if it is none. */
function entryField(map: MapField, number: number, wireType: WireType): Kind | undefined {
  const kind = number === 1 ? { scalar: map.mapKey } : map;
  return number <= 2 && wireType === wireTypeOf(kind) ? kind : undefined;
}

class WireChecker {
  /** The fields that the schema does not have. */
  readonly unknown: Violation[] = [];
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Checks the fields of a message up to its end. */
  message(schema: DescMessage, end: number, path: string, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new Malformed(`messages are nested more than ${MAX_DEPTH} deep`);
    }
    const counts = new Map<DescField, number>();
    while (this.position < end) {
      const [number, wireType] = this.tag(end);
      const field = fieldByNumber(schema, number);
      const holder = join(path, field?.name ?? "");
      if (field === undefined) {
        this.skipUnknown(number, wireType, end, path);
      } else if (field.fieldKind === "map" && wireType === WireType.LengthDelimited) {
        this.entry(field, this.lengthDelimited(end), path, depth + 1);
      } else if (field.fieldKind === "list" && wireType === wireTypeOf(field)) {
        const index = counts.get(field) ?? 0;
        counts.set(field, index + 1);
        this.value(field, end, at(holder, index), depth);
      } else if (field.fieldKind === "list" && wireType === WireType.LengthDelimited) {
        this.packed(field, this.lengthDelimited(end));
      } else if (field.fieldKind !== "map" && wireType === wireTypeOf(field)) {
        this.value(field, end, holder, depth);
      } else {
        this.skipUnknown(number, wireType, end, path);
      }
    }
  }

  /** Checks an entry of a map. */
  private entry(field: MapField, end: number, holder: string, depth: number): void {
    const start = this.position;
    // The key, which is part of the value's path, may come after it.
    const path = at(join(holder, field.name), this.keyOfEntry(field, end));
    this.position = start;
    const numFound = this.unknown.length;
    let isKnown = true;
    while (this.position < end) {
      const [number, wireType] = this.tag(end);
      const kind = entryField(field, number, wireType);
      if (kind === undefined) {
        isKnown = false;
        this.skip(number, wireType, end, depth);
      } else {
        this.value(kind, end, path, depth);
      }
    }
    if (!isKnown) {
      // Libraries take such an entry for an unknown field of its holder.
      this.unknown.length = numFound;
      this.report(holder, `an entry of ${field.name} has a field that is neither key nor value`);
    }
  }

  private keyOfEntry(field: MapField, end: number): Key {
    let key: Key = field.mapKey === ScalarType.STRING ? "" : 0;
    while (this.position < end) {
      const [number, wireType] = this.tag(end);
      const before = this.position;
      this.skip(number, wireType, end, 0);
      if (number === 1 && entryField(field, number, wireType) !== undefined) {
        key = this.key(field.mapKey, before);
      }
    }
    return key;
  }

  /** Reads a key at a position before this one. */
  private key(type: ScalarType, start: number): Key {
    const end = this.position;
    if (type === ScalarType.STRING) {
      this.position = start;
      return this.text(this.lengthDelimited(end));
    }
    const reader = new BinaryReader(this.bytes.subarray(start, end));
    switch (type) {
      case ScalarType.BOOL:
        return reader.bool();
      case ScalarType.SINT32:
      case ScalarType.SINT64:
        return reader.sint64();
      case ScalarType.FIXED32:
        return reader.fixed32();
      case ScalarType.SFIXED32:
        return reader.sfixed32();
      case ScalarType.FIXED64:
        return reader.fixed64();
      case ScalarType.SFIXED64:
        return reader.sfixed64();
      case ScalarType.UINT32:
      case ScalarType.UINT64:
        return reader.uint64();
      default:
        return reader.int64();
    }
  }

  /** Checks a single value whose wire type is the right one. */
  private value(kind: Kind, end: number, path: string, depth: number): void {
    if (kind.message !== undefined) {
      const inner = this.lengthDelimited(end);
      this.message(kind.message, inner, path, depth + 1);
    } else if (kind.scalar === ScalarType.STRING) {
      this.text(this.lengthDelimited(end));
    } else {
      this.skip(0, wireTypeOf(kind), end, depth);
    }
  }

  /** Takes UTF-8 text up to an end. */
  private text(end: number): string {
    const bytes = this.bytes.subarray(this.position, end);
    this.position = end;
    try {
      return decoder.decode(bytes);
    } catch {
      throw new Malformed("a string is not UTF-8");
    }
  }

  private packed(kind: Kind, end: number): void {
    while (this.position < end) {
      this.skip(0, wireTypeOf(kind), end, 0);
    }
  }

  private skipUnknown(number: number, wireType: WireType, end: number, path: string): void {
    this.skip(number, wireType, end, 0);
    this.report(path, `there is a field with number ${number} that the schema does not have so`);
  }

  private report(path: string, message: string): void {
    this.unknown.push({ path, code: "parse.unknown_field", message });
  }

  private skip(number: number, wireType: WireType, end: number, depth: number): void {
    switch (wireType) {
      case WireType.Varint:
        this.varint(end, MOST_VARINT_BYTES);
        break;
      case WireType.Bit64:
        this.advance(8, end);
        break;
      case WireType.LengthDelimited:
        this.position = this.lengthDelimited(end);
        break;
      case WireType.StartGroup:
        this.skipGroup(number, end, depth + 1);
        break;
      case WireType.Bit32:
        this.advance(4, end);
        break;
      default:
        throw new Malformed("a group ends that did not begin");
    }
  }

  private skipGroup(number: number, end: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new Malformed(`groups are nested more than ${MAX_DEPTH} deep`);
    }
    for (;;) {
      const [inner, wireType] = this.tag(end);
      if (wireType === WireType.EndGroup && inner === number) {
        return;
      }
      this.skip(inner, wireType, end, depth);
    }
  }

  private tag(end: number): [number: number, wireType: WireType] {
    const tag = this.varint(end, 5);
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (tag > MOST_TAG || number === 0 || wireType > WireType.Bit32) {
      throw new Malformed("a field has no valid tag");
    }
    return [number, wireType];
  }

  /** Takes a length; returns the end of what has it. */
  private lengthDelimited(end: number): number {
    const length = this.varint(end, 5);
    if (length > end - this.position) {
      throw new Malformed("something is longer than what it is in");
    }
    return this.position + length;
  }

  private advance(length: number, end: number): void {
    if (length > end - this.position) {
      throw new Malformed("it ends too early");
    }
    this.position += length;
  }

  /** Takes a varint of so many bytes at most; exact up to 5. */
  private varint(end: number, mostBytes: number): number {
    let value = 0;
    for (let count = 0; count < mostBytes; count += 1) {
      this.advance(1, end);
      const byte = this.bytes[this.position - 1] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) {
        return value;
      }
    }
    throw new Malformed("a number is too long");
  }
}

const numbers = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldByNumber(schema: DescMessage, number: number): DescField | undefined {
  let fields = numbers.get(schema);
  if (fields === undefined) {
    fields = new Map(schema.fields.map((field) => [field.number, field]));
    numbers.set(schema, fields);
  }
  return fields.get(number);
}

function wireTypeOf(kind: Kind): WireType {
  if (kind.message !== undefined) {
    return WireType.LengthDelimited;
  }
  switch (kind.scalar) {
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    default:
      return WireType.Varint;
  }
}
