/** What tests read without checking it. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

import { readText } from "../text/read.js";

/** Returns the message that a text says, whether it is valid or not. */
export function read<Desc extends DescMessage>(schema: Desc, text: string): MessageShape<Desc> {
  return readText(schema, text).message;
}
