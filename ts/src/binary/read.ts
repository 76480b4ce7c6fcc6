/** Reading a message from the binary form. */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";

import { MAX_BYTES, MAX_DEPTH } from "../limits.js";
import { SpecError } from "../violations.js";
import { checkWire } from "./wire.js";

/**
 * Reads a message from the binary form.
 *
 * @param schema The type of the message.
 * @param bytes The serialized message.
 * @throws SpecError if it does not decode, or has fields that the schema does not have.
 */
export function readBinary<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  if (bytes.length > MAX_BYTES) {
    const message = `the message has more than ${MAX_BYTES / 2 ** 20} MiB, which no config needs`;
    throw new SpecError([{ path: "", code: "parse.too_large", message }]);
  }
  checkWire(schema, bytes);
  return fromBinary(schema, bytes, { recursionLimit: MAX_DEPTH + 1 });
}
