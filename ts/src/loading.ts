/** From a text or bytes to a checked config: reading, variables, inheritance, rules. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

import { readBinary } from "./binary/read.js";
import { tooMany } from "./counts.js";
import { type Copy, inherit, withoutRepeats } from "./inheritance.js";
import type { Places } from "./text/places.js";
import { readText } from "./text/read.js";
import { validate } from "./validation.js";
import { replaceVariables, type Variables } from "./variables.js";
import { ConfigError, type Violation } from "./violations.js";

/** How a config is loaded. */
export interface LoadOptions {
  /** What `${NAME}` in string values stands for; without it, no variable is set. `process.env` is one. */
  readonly variables?: Variables;
}

/**
 * Loads a config from the text format.
 *
 * @param schema The config's type, such as `RecapConfigSchema`.
 * @param source The text, in the portable subset; bytes are UTF-8.
 * @returns The config, valid, without the defaults of the schema filled in.
 * @throws ConfigError with the first mistake of the text, every mistake of variables, or every broken rule, each at
 *   its line and column.
 */
export function loadText<Desc extends DescMessage>(
  schema: Desc,
  source: string | Uint8Array,
  options: LoadOptions = {},
): MessageShape<Desc> {
  const { message, places } = readText(schema, source);
  return checked(schema, message, options, places);
}

/**
 * Loads a config from the binary form.
 *
 * @param schema The config's type, such as `RecapConfigSchema`.
 * @param bytes The serialized config.
 * @returns The config, valid, without the defaults of the schema filled in.
 * @throws ConfigError if it does not decode or holds fields that the schema does not have; with every mistake of
 *   variables, or every broken rule.
 */
export function loadBinary<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  options: LoadOptions = {},
): MessageShape<Desc> {
  return checked(schema, readBinary(schema, bytes), options);
}

/** @param places Where a text's values stand; without it the config is no text. */
function checked<Desc extends DescMessage>(
  schema: Desc,
  config: MessageShape<Desc>,
  { variables = {} }: LoadOptions,
  places?: Places,
): MessageShape<Desc> {
  const refuse = (violations: Violation[], copies: readonly Copy[]): void => {
    if (violations.length > 0) {
      throw new ConfigError(places?.show(violations, copies) ?? violations);
    }
  };
  // Where a variable is missing, the rules would judge its name.
  refuse(replaceVariables(schema, config, variables), []);
  // What is inherited is copied for each heir, so that lists and maps are counted before.
  refuse(tooMany(schema, config), []);
  const copies = inherit(schema, config);
  refuse(withoutRepeats(validate(schema, config), copies), copies);
  return config;
}
