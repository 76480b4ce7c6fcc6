import { constants } from "node:buffer";

export const MANIFEST_FILE = "manifest.binpb";
/** Version of the format that this reader knows. */
export const FORMAT_VERSION = 2;
/** The first version whose readers know lists of ids. */
export const LISTS_SINCE = 2;
/** The name of the model's only output. */
export const OUTPUTS = "outputs";
/** What the combined score is called beside the tasks' outputs; no task of a config with weights has the name. */
export const SCORE = "score";
export const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
export const MAX_MODEL_BYTES = 2 ** 30;
/** All files together, unless who opens the bundle says otherwise. */
export const MAX_BUNDLE_BYTES = 64 * 2 ** 30;
/** What one file may have that is kept in memory. */
export const MAX_FILE_BYTES = constants.MAX_LENGTH;
/** What one tensor may have: ONNX Runtime for Node takes no more from memory, and Java's scorer has the same limit. */
export const MAX_TENSOR_BYTES = 2 ** 31 - 1;

const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name);
}

/** Compares by UTF-8 bytes, as every language does. */
export function compareNames(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
