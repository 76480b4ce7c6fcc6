/**
 * The file that rules of the spec are written in, by name alone: the bindings name what they import, and nothing here looks at
 * rules. So the package needs no rule engine; `ts/scripts/shared.mjs` has the bindings import this.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { fileDesc, type GenFile } from "@bufbuild/protobuf/codegenv2";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

const named = create(FileDescriptorProtoSchema, { name: "buf/validate/validate.proto", package: "buf.validate" });

/** Stands for protovalidate's file of that name. */
export const file_buf_validate_validate: GenFile = fileDesc(base64Encode(toBinary(FileDescriptorProtoSchema, named)));
