/** Encodes raw rows for conformance cases. */
import { create } from "@bufbuild/protobuf";

import { Encoder, EncodingError, type RawValue } from "../encoding/index.js";
import { type Encode, EncodedListsSchema, type Response, ResponseSchema } from "../gen/conformance/v1/conformance_pb.js";
import type { RawValue as RawValueMessage } from "../gen/conformance/v1/raw_rows_pb.js";

/** Encodes the rows of a request. */
export function encode({ recipe, vocabularies, columns, rows }: Encode): Response {
  try {
    if (recipe === undefined) {
      throw new Error("the request has no recipe");
    }
    const encoded = new Encoder(recipe, vocabularies).encode(
      rows.map(({ values }) => Object.fromEntries(columns.map((name, place) => [name, valueOf(values[place])]))),
    );
    const value = {
      continuous: [...new Uint32Array(encoded.continuous.buffer)],
      binary: encoded.binary.map(BigInt),
      discrete: encoded.discrete.map(BigInt),
      lists: Object.entries(encoded.lists)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, { lengths, values }]) =>
          create(EncodedListsSchema, { name, lengths: lengths.map(BigInt), values: values.map(BigInt) }),
        ),
    };
    return create(ResponseSchema, { result: { case: "encoded", value } });
  } catch (error) {
    if (!(error instanceof EncodingError)) {
      throw error;
    }
    const { code, column, row } = error;
    const value = { code, column, ...(row === undefined ? {} : { row: BigInt(row) }) };
    return create(ResponseSchema, { result: { case: "encodingRefusal", value } });
  }
}

function valueOf(raw: RawValueMessage | undefined): RawValue {
  const value = raw?.value;
  if (value?.case === undefined) {
    return null;
  }
  return value.case === "list" ? value.value.values.map(valueOf) : value.value;
}
