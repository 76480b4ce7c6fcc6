/**
 * Fills every default of the schema into a config, so that nothing of what will run is left unsaid.
 *
 * What is filled in, in every message that is present: a singular scalar that the schema gives a default and that is not
 * set, unless it is a member of a oneof; an empty list whose field has `default_items`; in the config itself, the blocks
 * that stand for their defaults when they are absent. Fields without a default stay unset.
 */
import { clone, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";

import { annotationsOf } from "./annotations.js";
import { fieldsByName } from "./paths.js";

type ListField = DescField & { fieldKind: "list" };

// Every other absent message switches its feature off.
const BLOCKS_OF_DEFAULTS = ["training", "runtime"];

/**
 * Returns a copy of a config with every default filled in. Resolving twice changes nothing.
 *
 * @param schema The config's type.
 * @param config A valid config; it is left as it is.
 */
export function resolve<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): MessageShape<Desc> {
  const resolved = withBlocks(schema, config);
  fill(reflect(schema, resolved));
  return resolved;
}

/** A copy in which the messages are present that stand for their defaults when they are absent. */
function withBlocks<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): MessageShape<Desc> {
  const copy = clone(schema, config);
  const root = reflect(schema, copy);
  for (const name of BLOCKS_OF_DEFAULTS) {
    const field = fieldsByName(schema).get(name);
    if (field?.fieldKind === "message" && !root.isSet(field)) {
      root.set(field, reflect(field.message));
    }
  }
  return copy;
}

function fill(message: ReflectMessage): void {
  for (const field of message.fields) {
    switch (field.fieldKind) {
      case "list":
        fillList(message, field);
        break;
      case "map":
        if (field.mapKind === "message") {
          [...message.get(field).values()].forEach((item) => fill(item as ReflectMessage));
        }
        break;
      case "message":
        if (message.isSet(field)) {
          fill(message.get(field));
        }
        break;
      default:
        fillScalar(message, field);
    }
  }
}

function fillScalar(message: ReflectMessage, field: DescField & { fieldKind: "scalar" | "enum" }): void {
  const value = field.getDefaultValue();
  if (value !== undefined && field.oneof === undefined && !message.isSet(field)) {
    message.set(field, value);
  }
}

function fillList(message: ReflectMessage, field: ListField): void {
  const list = message.get(field);
  if (field.listKind === "message") {
    [...list].forEach((item) => fill(item as ReflectMessage));
  } else if (list.size === 0) {
    annotationsOf(field).defaultItems.forEach((literal) => list.add(item(field, literal)));
  }
}

/**
 * Returns a copy of a config in which no scalar is set that holds anyway; the blocks of defaults are present.
 *
 * @param schema The config's type.
 * @param config A valid config, resolved or not; it is left as it is.
 */
export function condense<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): MessageShape<Desc> {
  const condensed = withBlocks(schema, config);
  empty(reflect(schema, condensed));
  return condensed;
}

function empty(message: ReflectMessage): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) {
      continue;
    }
    switch (field.fieldKind) {
      case "list":
        emptyList(message, field);
        break;
      case "map":
        if (field.mapKind === "message") {
          [...message.get(field).values()].forEach((item) => empty(item as ReflectMessage));
        }
        break;
      case "message":
        empty(message.get(field));
        break;
      default:
        if (field.oneof === undefined && message.get(field) === field.getDefaultValue()) {
          message.clear(field);
        }
    }
  }
}

function emptyList(message: ReflectMessage, field: ListField): void {
  const items = [...message.get(field)];
  if (field.listKind === "message") {
    items.forEach((item) => empty(item as ReflectMessage));
    return;
  }
  const defaults = annotationsOf(field).defaultItems.map((literal) => item(field, literal));
  if (items.length === defaults.length && items.every((value, index) => value === defaults[index])) {
    message.clear(field);
  }
}

/** Reads an item as the schema's author wrote it. */
function item(field: ListField, literal: string): string | number | bigint | boolean {
  if (field.listKind === "enum") {
    const value = field.enum.values.find(({ name }) => name === literal);
    if (value === undefined) {
      throw new Error(`default_items of ${field}: ${field.enum} has no value ${literal}`);
    }
    return value.number;
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return literal;
    case ScalarType.BOOL:
      return literal === "true";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt(literal);
    default:
      return Number(literal);
  }
}
