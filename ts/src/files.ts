/** Configs in files: the form by the extension, the message by the header, as the `rankspec` command has it. */
import { closeSync, openSync, readSync } from "node:fs";
import { extname } from "node:path";

import type { DescMessage, Message } from "@bufbuild/protobuf";

import { MAX_BYTES } from "./limits.js";
import { loadBinary, loadText, type LoadOptions } from "./loading.js";
import { DEFAULT_MESSAGE, headerOf, messageSchema } from "./messages.js";
import type { Place } from "./text/places.js";
import { ConfigError } from "./violations.js";

/** A config of whichever type its file names. */
export interface LoadedFile {
  readonly schema: DescMessage;
  readonly config: Message;
}

const TEXT_EXTENSIONS = new Set(["", ".textproto", ".txtpb", ".pbtxt"]);
const BINARY_EXTENSIONS = new Set([".binpb", ".pb"]);
const OTHER_EXTENSIONS = new Set([".json", ".yaml", ".yml"]);
const MISSING = new Set(["ENOENT", "ENOTDIR", "ERR_INVALID_ARG_VALUE"]);

// Headers are judged even where the rest is not UTF-8.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Loads a config from a file: text (`.textproto`, `.txtpb`, `.pbtxt` or no extension) or binary (`.binpb`, `.pb`). Its
 * message is what the header of a text says, `rankspec.recap.v1.RecapConfig` by default.
 *
 * @param file The file's name.
 * @returns The config, valid, without the defaults of the schema filled in.
 * @throws ConfigError as `loadText` and `loadBinary`, and with a code that begins with `file.` for a file that cannot be
 *   read or is in another form.
 */
export function loadFile(file: string, options: LoadOptions = {}): LoadedFile {
  const bytes = bytesOf(file);
  const extension = extname(file.replaceAll("\\", "/")).toLowerCase();
  if (OTHER_EXTENSIONS.has(extension)) {
    const remedy = "turn it into text or the binary form with `rankspec resolve`";
    throw refusal("file.unsupported_form", `this package does not read ${extension}; ${remedy}`);
  }
  if (BINARY_EXTENSIONS.has(extension)) {
    const schema = schemaOf(DEFAULT_MESSAGE);
    return { schema, config: loadBinary(schema, bytes, options) };
  }
  if (!TEXT_EXTENSIONS.has(extension)) {
    throw refusal("file.unknown_form", `the extension \`${extension}\` stands for no form of a config`);
  }
  const { message, line } = headerOf(decoder.decode(bytes));
  const schema = schemaOf(message, { line, column: 1 });
  return { schema, config: loadText(schema, bytes, options) };
}

function schemaOf(name: string | undefined, place?: Place): DescMessage {
  const schema = name === undefined ? undefined : messageSchema(name);
  if (schema === undefined) {
    const message = name === undefined ? "the header names no message of the spec" : `there is no message \`${name}\``;
    throw refusal("file.unknown_message", message, place);
  }
  return schema;
}

/** Reads a file, but of one that is too large only so much that it shows. */
function bytesOf(file: string): Uint8Array {
  try {
    const descriptor = openSync(file, "r");
    try {
      return readUpTo(descriptor, MAX_BYTES + 1);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

function readUpTo(descriptor: number, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let end = 0;
  while (end < most) {
    const length = readSync(descriptor, bytes, end, most - end, null);
    if (length === 0) {
      break;
    }
    end += length;
  }
  // A copy, so that the room for the largest file is not kept.
  return bytes.slice(0, end);
}

function unreadable(file: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (code === undefined) {
    return error;
  }
  if (code === "EISDIR") {
    return refusal("file.is_folder", `\`${file}\` is a folder; name a file in it`);
  }
  if (MISSING.has(code) && file.includes("\ufffd")) {
    // It may well be there: Node reads names as UTF-8, and this is what it makes of other bytes.
    return refusal("file.unreadable", `the name of \`${file}\` is not UTF-8, and Node takes no other; give the file another name`);
  }
  if (MISSING.has(code)) {
    return refusal("file.missing", `there is no file \`${file}\``);
  }
  return refusal("file.unreadable", `\`${file}\` cannot be read: ${code}`);
}

function refusal(code: string, message: string, place?: Place): ConfigError {
  return new ConfigError([{ path: "", code, message, ...place }]);
}
