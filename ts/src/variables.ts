/** Variables in string values: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`. */
import { type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";

import { at, join, type Key } from "./paths.js";
import type { Violation } from "./violations.js";

/** Values by name; `process.env` is one. Only own properties count. */
export type Variables = Readonly<Record<string, string | undefined>>;

type Expand = (path: string, text: string) => string;

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{[^}]*\}?/g;

// The replacement character is what Node makes of bytes that are not UTF-8.
const NO_TEXT = /[\p{Surrogate}\ufffd]/u;

/**
 * Replaces the variables in all string values of a message, in place: singular ones, in lists and as values of maps,
 * never map keys. What was put in is not looked at again.
 *
 * @param schema The message's type.
 * @param message What to change.
 * @param variables The values.
 * @returns What is wrong: `env.unset`, `env.malformed`, `env.not_text`. A value with a mistake keeps its text.
 */
export function replaceVariables<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  variables: Variables,
): Violation[] {
  const violations: Violation[] = [];
  visit(reflect(schema, message), "", (path, text) => {
    try {
      return expanded(text, variables);
    } catch (error) {
      if (!(error instanceof BadReference)) {
        throw error;
      }
      violations.push({ path, code: error.code, message: error.message });
      return text;
    }
  });
  return violations;
}

class BadReference extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

function expanded(text: string, variables: Variables): string {
  return text.replace(REFERENCE, (reference: string, name: string | undefined, fallback: string | undefined) => {
    if (reference === "$${") {
      return "${";
    }
    if (name === undefined) {
      const message = `\`${reference}\` is no reference to a variable; write \`\${NAME}\`, or \`$\${\` for a literal \`\${\``;
      throw new BadReference("env.malformed", message);
    }
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (fallback !== undefined && !value) {
      // Text of the file, whatever it holds.
      return fallback;
    }
    if (value === undefined) {
      const message = `the variable ${name} is not set; set it, or give a default: \`\${${name}:-default}\``;
      throw new BadReference("env.unset", message);
    }
    if (NO_TEXT.test(value)) {
      const message =
        `the value of the variable ${name} is no text: it has bytes that are not UTF-8, or U+FFFD for them; ` +
        `set ${name} to text in UTF-8`;
      throw new BadReference("env.not_text", message);
    }
    return value;
  });
}

function visit(message: ReflectMessage, prefix: string, expand: Expand): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) {
      continue;
    }
    const path = join(prefix, field.name);
    if (field.fieldKind === "list") {
      const list = message.get(field);
      for (const [index, item] of [...list].entries()) {
        replace(field, at(path, index), item, expand, (text) => list.set(index, text));
      }
    } else if (field.fieldKind === "map") {
      const map = message.get(field);
      for (const [key, item] of [...map]) {
        replace(field, at(path, key as Key), item, expand, (text) => map.set(key, text));
      }
    } else {
      replace(field, path, message.get(field), expand, (text) => message.set(field, text));
    }
  }
}

function replace(field: DescField, path: string, value: unknown, expand: Expand, put: (text: string) => void): void {
  if (field.message !== undefined) {
    visit(value as ReflectMessage, path, expand);
  } else if (field.scalar === ScalarType.STRING && (value as string).includes("${")) {
    put(expand(path, value as string));
  }
}
