/**
 * What the reader of protobuf-es leaves unchecked: it takes a value for one of its field's type, whatever its wire type
 * is, and reads on where a value is longer than the message that holds it. Other languages' readers refuse both.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

import { ConfigError } from "../violations.js";

type MapField = DescField & { fieldKind: "map" };

/** What a value is of. Fields are their own kind. */
type Kind = Pick<DescField, "message" | "scalar">;

const WIRE_TYPES: ReadonlyMap<ScalarType | undefined, WireType> = new Map([
  [ScalarType.DOUBLE, WireType.Bit64],
  [ScalarType.FIXED64, WireType.Bit64],
  [ScalarType.SFIXED64, WireType.Bit64],
  [ScalarType.FLOAT, WireType.Bit32],
  [ScalarType.FIXED32, WireType.Bit32],
  [ScalarType.SFIXED32, WireType.Bit32],
  [ScalarType.STRING, WireType.LengthDelimited],
  [ScalarType.BYTES, WireType.LengthDelimited],
]);

/**
 * Checks that every value of a serialized message has its field's wire type and ends where what holds it does. Unknown
 * field numbers are passed over: protobuf-es keeps them in the message.
 *
 * @throws ConfigError for another wire type, and for an entry of a map with more than a key and a value; an error of
 *   protobuf-es for bytes that are no message.
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = schema.fields.find((candidate) => candidate.number === number);
    if (field === undefined) {
      reader.skip(wireType, number);
    } else if (field.fieldKind === "map" && wireType === WireType.LengthDelimited) {
      checkEntry(field, reader.bytes());
    } else if (field.fieldKind === "list" && wireType === WireType.LengthDelimited && wireTypeOf(field) !== wireType) {
      checkPacked(wireTypeOf(field), reader.bytes());
    } else if (field.fieldKind !== "map" && wireType === wireTypeOf(field)) {
      checkValue(field, reader);
    } else {
      // Fails where there is no whole value, which is another mistake.
      reader.skip(wireType, number);
      throw unknown(`${schema.typeName}.${field.name} does not have wire type ${wireType}`);
    }
  }
}

function checkEntry(field: MapField, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const kind: Kind = number === 1 ? { message: undefined, scalar: field.mapKey } : field;
    if (number > 2 || wireType !== wireTypeOf(kind)) {
      reader.skip(wireType, number);
      throw unknown(`an entry of ${field.parent.typeName}.${field.name} has a field that is neither its key nor its value`);
    }
    checkValue(kind, reader);
  }
}

/** Checks a list of numbers that is one value. */
function checkPacked(wireType: WireType, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    reader.skip(wireType);
  }
}

/** Checks a single value that has the right wire type. */
function checkValue(kind: Kind, reader: BinaryReader): void {
  if (kind.message === undefined) {
    reader.skip(wireTypeOf(kind));
  } else {
    checkWire(kind.message, reader.bytes());
  }
}

function wireTypeOf(kind: Kind): WireType {
  return kind.message === undefined ? (WIRE_TYPES.get(kind.scalar) ?? WireType.Varint) : WireType.LengthDelimited;
}

function unknown(message: string): ConfigError {
  return new ConfigError([{ path: "", code: "parse.unknown_field", message }]);
}
