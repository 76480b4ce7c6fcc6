import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession } from "onnxruntime-node";

import { ScoringError } from "./errors.js";
import { type BundleManifest, ErrorCode, type ExternalTensor, ValueType } from "./gen/rankspec/serving/v1/bundle_pb.js";
import { type OnnxGraph, type OnnxModel, OnnxModelSchema, type OnnxTensor } from "./gen/rankspec/serving/v1/onnx_pb.js";
import { MAX_MODEL_BYTES, MAX_TENSOR_BYTES, OUTPUTS } from "./layout.js";
import type { BundleFiles } from "./reading.js";

const OWN_DOMAINS: readonly string[] = ["", "ai.onnx"];
// Numbers of ONNX's own schema.
const FLOAT32 = 1;
const EXTERNAL = 1;
// Stands for a size that is another for every request, such as that of the longest list.
const ANY_WIDTH = "any";

/** Starts ONNX Runtime with a bundle's model. */
export async function startSession({ manifest, contents }: BundleFiles, threads: number): Promise<InferenceSession> {
  const data = contents.get(manifest.modelFile) ?? new Uint8Array();
  if (data.length > MAX_MODEL_BYTES) {
    throw new ScoringError(ErrorCode.FILE_TOO_LARGE, `${MAX_MODEL_BYTES} bytes at most`, manifest.modelFile);
  }
  checkModel(data, manifest);
  checkSizes(manifest);
  const files = [...new Set(manifest.externalTensors.map(({ file }) => file))];
  const externalData = files.map((path) => ({ path, data: contents.get(path) ?? new Uint8Array() }));
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(data, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4, // What fails is thrown.
      externalData,
    });
  } catch (error) {
    throw invalid(manifest, "a model that ONNX Runtime can load", error);
  }
  try {
    checkInterface(session, manifest);
  } catch (error) {
    await session.release();
    throw error;
  }
  return session;
}

/** Makes sure that a model has ONNX's own operators only, and its tensors in itself or where the manifest says. */
function checkModel(data: Uint8Array, manifest: BundleManifest): void {
  let model: OnnxModel;
  try {
    model = fromBinary(OnnxModelSchema, data, { readUnknownFields: false });
  } catch (error) {
    throw invalid(manifest, "an ONNX model", error);
  }
  const domains = [...model.opsetImport.map(({ domain }) => domain), ...domainsOf(model.graph)];
  const isOwn = domains.every((domain) => OWN_DOMAINS.includes(domain));
  if (!isOwn || model.functions.length > 0 || (model.graph?.sparseInitializer.length ?? 0) > 0) {
    throw invalid(manifest, "ONNX's own operators, and plain tensors");
  }
  if (!hasExternalData(model.graph, manifest)) {
    const expectation = "external tensors of float32 exactly where external_tensors says";
    throw new ScoringError(ErrorCode.EXTERNAL_DATA_INVALID, expectation, manifest.modelFile);
  }
}

function* domainsOf(graph: OnnxGraph | undefined): Generator<string> {
  for (const { domain, attribute } of graph?.node ?? []) {
    yield domain;
    for (const { g, graphs } of attribute) {
      for (const inner of [g, ...graphs]) {
        yield* domainsOf(inner);
      }
    }
  }
}

/** Tensors of a graph's operators, and all those of graphs inside of them. */
function* innerTensors(graph: OnnxGraph | undefined): Generator<OnnxTensor | undefined> {
  for (const { attribute } of graph?.node ?? []) {
    for (const { t, tensors, g, graphs } of attribute) {
      yield t;
      yield* tensors;
      for (const inner of [g, ...graphs]) {
        yield* inner?.initializer ?? [];
        yield* innerTensors(inner);
      }
    }
  }
}

function isExternal(tensor: OnnxTensor | undefined): boolean {
  return tensor?.dataLocation === EXTERNAL;
}

function hasExternalData(graph: OnnxGraph | undefined, { externalTensors, files }: BundleManifest): boolean {
  const external = new Map((graph?.initializer ?? []).filter(isExternal).map((tensor) => [tensor.name, tensor]));
  const listed = new Set(externalTensors.map(({ name }) => name));
  const sizes = new Map(files.map(({ name, size }) => [name, size]));
  return (
    ![...innerTensors(graph)].some(isExternal) &&
    external.size === listed.size &&
    listed.size === externalTensors.length &&
    externalTensors.every((tensor) => agree(external.get(tensor.name), tensor, sizes))
  );
}

/** Whether model and manifest say the same of where a tensor lies, and it lies there. */
function agree(tensor: OnnxTensor | undefined, listed: ExternalTensor, sizes: ReadonlyMap<string, bigint>): boolean {
  if (tensor === undefined || tensor.dataType !== FLOAT32 || tensor.dims.join() !== listed.shape.join()) {
    return false;
  }
  const said = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const numBytes = bytesOf(listed);
  return (
    listed.shape.every((size) => size > 0n) &&
    said.get("location") === listed.file &&
    (said.get("offset") ?? "0") === String(listed.offset) &&
    (said.get("length") ?? String(numBytes)) === String(numBytes) &&
    listed.offset >= 0n &&
    listed.offset <= (sizes.get(listed.file) ?? -1n) - numBytes &&
    listed.offset % 4n === 0n
  );
}

/** Bytes of a tensor of float32. */
function bytesOf({ shape }: ExternalTensor): bigint {
  return shape.reduce((product, size) => product * size, 4n);
}

/** Makes sure that ONNX Runtime can be handed the external tensors. */
function checkSizes({ externalTensors }: BundleManifest): void {
  const large = externalTensors.find((tensor) => bytesOf(tensor) > MAX_TENSOR_BYTES);
  if (large !== undefined) {
    throw new ScoringError(ErrorCode.FILE_TOO_LARGE, `tensors of ${MAX_TENSOR_BYTES} bytes at most in Node`, large.file);
  }
}

/** Makes sure that the model takes the signature's inputs and gives the outputs. */
function checkInterface({ inputMetadata, outputMetadata }: InferenceSession, manifest: BundleManifest): void {
  const expected = (manifest.signature?.inputs ?? []).map(
    ({ name, type, width, list }) => `${name} ${type === ValueType.FLOAT32 ? "float32" : "int64"} ${list ? ANY_WIDTH : width}`,
  );
  if (inputMetadata.map(described).sort().join() !== expected.sort().join()) {
    throw invalid(manifest, "the inputs of the signature");
  }
  if (outputMetadata.map(described).join() !== `${OUTPUTS} float32 ${manifest.outputs.length}`) {
    throw invalid(manifest, `one output, ${OUTPUTS}, with a column for each of outputs`);
  }
}

/** What the model says of an input or output, in a form that only matrices have. */
function described(port: InferenceSession.ValueMetadata): string {
  if (!port.isTensor || port.shape.length !== 2) {
    return "no matrix";
  }
  const width = port.shape[1];
  // ONNX Runtime has a name for such a size, or a number below 0.
  return `${port.name} ${port.type} ${typeof width === "number" && width >= 0 ? width : ANY_WIDTH}`;
}

function invalid(manifest: BundleManifest, expectation: string, cause?: unknown): ScoringError {
  return new ScoringError(ErrorCode.MODEL_INVALID, expectation, manifest.modelFile, undefined, { cause });
}
