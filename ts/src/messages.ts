/** The message types of the spec by name, and the one that a file's header asks for. */
import { createRegistry, type DescFile, type DescMessage } from "@bufbuild/protobuf";

import { file_rankspec_data_v1_recipe } from "./gen/rankspec/data/v1/recipe_pb.js";
import { file_rankspec_data_v1_statistics } from "./gen/rankspec/data/v1/statistics_pb.js";
import { file_rankspec_recap_v1_recap } from "./gen/rankspec/recap/v1/recap_pb.js";
import { file_rankspec_serving_v1_bundle } from "./gen/rankspec/serving/v1/bundle_pb.js";
import { file_rankspec_serving_v1_onnx } from "./gen/rankspec/serving/v1/onnx_pb.js";
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

const registry = createRegistry(
  ...withImports([
    file_rankspec_recap_v1_recap,
    file_rankspec_twhin_v1_twhin,
    file_rankspec_data_v1_statistics,
    file_rankspec_data_v1_recipe,
    file_rankspec_serving_v1_bundle,
    file_rankspec_serving_v1_onnx,
  ]),
);

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

/** What the comments at the top of a text say of it. */
export interface Header {
  /** Full name of the message, whether there is one or not; undefined where the header names no file of the spec, or one
   * that does not say which message is meant. */
  readonly message: string | undefined;
  /** The last line with `proto-file:` or `proto-message:`; 1 without any. */
  readonly line: number;
}

/** Reads the header of a text: `# proto-file:` and `# proto-message:`, the first of each. */
export function headerOf(source: string): Header {
  const found = new Map<string, string>();
  let [line, last] = [0, 1];
  for (const comment of leadingComments(source)) {
    line += 1;
    const [, key, value] = HEADER_LINE.exec(comment) ?? [];
    if (key !== undefined && value !== undefined) {
      found.set(key, found.get(key) ?? stripped(value));
      last = line;
    }
  }
  return { message: messageOf(found.get("proto-file"), found.get("proto-message")), line: last };
}

function messageOf(file: string | undefined, message: string | undefined): string | undefined {
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

/** Yields the lines before the first that is neither blank nor a comment. */
function* leadingComments(source: string): Generator<string> {
  let start = 0;
  while (start < source.length) {
    const lineFeed = source.indexOf("\n", start);
    const end = lineFeed < 0 ? source.length : lineFeed;
    const line = stripped(source.slice(start, end));
    if (line !== "" && !line.startsWith("#")) {
      return;
    }
    yield line;
    start = end + 1;
  }
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
