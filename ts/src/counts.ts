/**
 * Counts lists and maps before any other rule is asked.
 *
 * Rules are written for configs that people write. A config with too long a list or map is told so, and nothing else.
 */
import { type DescField, type DescMessage, getOption, hasOption, type MessageShape } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

import { at, join, type Key } from "./paths.js";
import type { Violation } from "./violations.js";

// No bound of the schema is smaller, so that shorter lists need not be looked up.
const SMALLEST_BOUND = 16;

/**
 * Finds every list and map that has more items than its field allows.
 *
 * @param schema The config's type.
 * @param config The config.
 */
export function tooMany<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): Violation[] {
  const found: Violation[] = [];
  collect(reflect(schema, config), "", found);
  return found;
}

function collect(message: ReflectMessage, prefix: string, found: Violation[]): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) {
      continue;
    }
    const path = join(prefix, field.name);
    switch (field.fieldKind) {
      case "list":
        if (isShort(field, message.get(field).size, path, found) && field.listKind === "message") {
          [...message.get(field)].forEach((item, index) => collect(item as ReflectMessage, at(path, index), found));
        }
        break;
      case "map":
        if (isShort(field, message.get(field).size, path, found) && field.mapKind === "message") {
          [...message.get(field)].forEach(([key, item]) => collect(item as ReflectMessage, at(path, key as Key), found));
        }
        break;
      case "message":
        collect(message.get(field), path, found);
        break;
      default:
    }
  }
}

function isShort(field: DescField, size: number, path: string, found: Violation[]): boolean {
  const bound = size <= SMALLEST_BOUND ? undefined : boundOf(field);
  if (bound === undefined || BigInt(size) <= bound) {
    return true;
  }
  const code = field.fieldKind === "map" ? "map.max_pairs" : "repeated.max_items";
  found.push({ path, code, message: `has ${size} items, and may have ${bound}` });
  return false;
}

function boundOf(field: DescField): bigint | undefined {
  if (!hasOption(field, fieldRules)) {
    return undefined;
  }
  const { type } = getOption(field, fieldRules);
  switch (type.case) {
    case "repeated":
      return type.value.maxItems || undefined;
    case "map":
      return type.value.maxPairs || undefined;
    default:
      return undefined;
  }
}
