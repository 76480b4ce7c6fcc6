/** Decides conformance cases: requests on the standard input, responses on the standard output, each after its length. */
import { create } from "@bufbuild/protobuf";
import { sizeDelimitedDecodeStream, sizeDelimitedEncode } from "@bufbuild/protobuf/wire";

import {
  type Load,
  type Request,
  RequestSchema,
  type Response,
  ResponseSchema,
} from "../gen/conformance/v1/conformance_pb.js";
import { encode } from "./encode.js";
import { canonicalForm, fingerprint, learningRateAt, loadBinary, loadText, messageSchema, ConfigError } from "../index.js";

/** Does what a request asks for. */
function answer({ task }: Request): Response {
  try {
    switch (task.case) {
      case "load":
        return load(task.value);
      case "learningRateAt": {
        const { schedule, step } = task.value;
        if (schedule === undefined) {
          throw new Error("the request has no schedule");
        }
        return create(ResponseSchema, { result: { case: "learningRate", value: learningRateAt(schedule, step) } });
      }
      case "encode":
        return encode(task.value);
      default:
        throw new Error("the request has no task");
    }
  } catch (error) {
    if (error instanceof ConfigError) {
      const violations = error.violations.map(({ path, code, line = 0, column = 0 }) => ({ path, code, line, column }));
      return create(ResponseSchema, { result: { case: "refusal", value: { violations } } });
    }
    return create(ResponseSchema, { result: { case: "failure", value: String(error) } });
  }
}

/** Decodes variables as Node does those of its process. */
function decoded(variables: Load["variables"]): Record<string, string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, decoder.decode(value)]));
}

function load({ message, source, variables: bytes }: Load): Response {
  const schema = messageSchema(message);
  if (schema === undefined) {
    throw new Error(`there is no message ${message}`);
  }
  if (source.case === "json") {
    const value = "the TypeScript package does not take JSON";
    return create(ResponseSchema, { result: { case: "unsupported", value } });
  }
  const variables = decoded(bytes);
  const config =
    source.case === "binary"
      ? loadBinary(schema, source.value, { variables })
      : loadText(schema, source.value ?? "", { variables });
  const form = canonicalForm(schema, config, "full");
  return create(ResponseSchema, { result: { case: "config", value: { form, ...fingerprint(schema, config) } } });
}

for await (const request of sizeDelimitedDecodeStream(RequestSchema, process.stdin)) {
  process.stdout.write(sizeDelimitedEncode(ResponseSchema, answer(request)));
}
