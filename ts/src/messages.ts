/** The message types of the spec by name, and the one that a file's header asks for. */
import { createRegistry, type DescFile, type DescMessage } from "@bufbuild/protobuf";

import { file_rankspec_recap_v1_recap } from "./gen/rankspec/recap/v1/recap_pb.js";
import { file_rankspec_twhin_v1_twhin } from "./gen/rankspec/twhin/v1/twhin_pb.js";

/** The message of a file without a header. */
export const DEFAULT_MESSAGE = "rankspec.recap.v1.RecapConfig";

const MAIN_MESSAGES: ReadonlyMap<string, string> = new Map([
  ["rankspec.recap.v1", DEFAULT_MESSAGE],
  ["rankspec.twhin.v1", "rankspec.twhin.v1.TwhinConfig"],
]);
const FULL_NAME = /^rankspec\.[a-z][a-z0-9_]*\.v[0-9]+\.[^.]+$/;
const PROTO_FILE = /^(?:.*\/)?(rankspec\/[a-z][a-z0-9_]*\/v[0-9]+)\/[a-z][a-z0-9_]*\.proto$/s;
const HEADER_LINE = /^#[ \t\v\f\r]*(proto-file|proto-message):(.*)$/s;

const registry = createRegistry(...withImports([file_rankspec_recap_v1_recap, file_rankspec_twhin_v1_twhin]));

function withImports(files: readonly DescFile[]): DescFile[] {
  return files.flatMap((file) => [...withImports(file.dependencies), file]);
}

/**
 * Returns the type of a message of the spec.
 *
 * @param name Its full name, such as `rankspec.recap.v1.RecapConfig`.
 * @returns The type; undefined if there is none.
 */
export function messageSchema(name: string): DescMessage | undefined {
  return FULL_NAME.test(name) ? registry.getMessage(name) : undefined;
}

/**
 * Returns the full name of the message that a text's header, `# proto-file:` and `# proto-message:`, asks for.
 *
 * @param source The text.
 * @returns The name, that of a message or not; undefined if the header names a file that no spec has, or one that does
 *   not say which message is meant.
 */
export function messageInHeader(source: string): string | undefined {
  const { "proto-file": file, "proto-message": message } = headerOf(source).values;
  if (file === undefined && message === undefined) {
    return DEFAULT_MESSAGE;
  }
  const folder = file === undefined ? "rankspec/recap/v1" : PROTO_FILE.exec(file)?.[1];
  const inPackage = folder?.replaceAll("/", ".");
  if (inPackage === undefined || message === undefined) {
    return inPackage === undefined ? undefined : MAIN_MESSAGES.get(inPackage);
  }
  return message.includes(".") ? message : `${inPackage}.${message}`;
}

/** The line of the last header comment, from 1; 0 if there is none. */
export function lineOfHeader(source: string): number {
  return headerOf(source).line;
}

function headerOf(source: string): { values: Partial<Record<string, string>>; line: number } {
  const found: Partial<Record<string, string>> = {};
  let start = 0;
  let number = 0;
  let last = 0;
  while (start < source.length) {
    const lineFeed = source.indexOf("\n", start);
    const end = lineFeed < 0 ? source.length : lineFeed;
    const line = stripped(source.slice(start, end));
    if (line !== "" && !line.startsWith("#")) {
      break;
    }
    const [, key, value] = HEADER_LINE.exec(line) ?? [];
    if (key !== undefined && value !== undefined) {
      found[key] ??= stripped(value);
      last = number + 1;
    }
    number += 1;
    start = end + 1;
  }
  return { values: found, line: last };
}

/** Without ASCII white space at both ends. */
function stripped(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && " \t\n\v\f\r".includes(text.charAt(start))) {
    start += 1;
  }
  while (end > start && " \t\n\v\f\r".includes(text.charAt(end - 1))) {
    end -= 1;
  }
  return text.slice(start, end);
}
