import { fromBinary, isFieldSet } from "@bufbuild/protobuf";

import { ScoringError } from "./errors.js";
import {
  type BundleManifest, BundleManifestSchema, ErrorCode, type FeatureSignature, IdTableSchema, type ServedInput,
  ValueType,
} from "./gen/rankspec/serving/v1/bundle_pb.js";
import { compareNames, FORMAT_VERSION, isPlainName, LISTS_SINCE, MANIFEST_FILE, SCORE } from "./layout.js";

const SHA256_LENGTH = 64;
const POLICIES = 2;

/** Reads a manifest, and makes sure that it says everything consistently. */
export function parseManifest(data: Uint8Array): BundleManifest {
  const manifest = parsed(data);
  if (manifest.leastReaderVersion > FORMAT_VERSION) {
    const expectation = `a bundle for readers of version ${FORMAT_VERSION}, not of ${manifest.leastReaderVersion} or later`;
    throw new ScoringError(ErrorCode.VERSION_UNKNOWN, expectation, MANIFEST_FILE);
  }
  if (manifest.files.some(({ name }) => !isPlainName(name) || name === MANIFEST_FILE)) {
    throw new ScoringError(ErrorCode.NAME_UNSAFE, "plain names of files in the folder itself", MANIFEST_FILE);
  }
  for (const problem of contradictions(manifest)) {
    throw invalid(problem);
  }
  return manifest;
}

function parsed(data: Uint8Array): BundleManifest {
  try {
    return fromBinary(BundleManifestSchema, data);
  } catch {
    throw invalid("a BundleManifest in protobuf's binary form");
  }
}

function invalid(expectation: string): ScoringError {
  return new ScoringError(ErrorCode.MANIFEST_INVALID, expectation, MANIFEST_FILE);
}

/** What should be there and is not. */
function* contradictions(manifest: BundleManifest): Generator<string> {
  if (manifest.formatVersion < 1 || manifest.leastReaderVersion < 1) {
    yield "versions from 1 on";
  }
  if (manifest.leastReaderVersion < LISTS_SINCE && manifest.signature?.inputs.some(({ list }) => list) === true) {
    yield `a least_reader_version of ${LISTS_SINCE} where inputs have lists`;
  }
  yield* aboutFiles(manifest);
  yield* aboutSignature(manifest.signature);
  yield* aboutOutputs(manifest);
  const tolerance = manifest.tolerance?.atOpening ?? Number.NaN;
  if (!(tolerance > 0 && tolerance < Infinity)) {
    yield "a tolerance above 0";
  }
  if (manifest.goldenBatches.length === 0 || manifest.goldenBatches.some(({ numRows }) => numRows < 1)) {
    yield "golden batches of one row at least";
  }
}

function* aboutFiles(manifest: BundleManifest): Generator<string> {
  const names = manifest.files.map(({ name }) => name);
  if (!areDistinct(names)) {
    yield "every file once";
  }
  if (manifest.files.some(({ size, sha256 }) => size < 0n || sha256.length !== SHA256_LENGTH)) {
    yield "a size and a SHA-256 for every file";
  }
  const { modelFile, goldenFile, configFile, configTextFile } = manifest;
  if (![modelFile, goldenFile, configFile, configTextFile].every((name) => names.includes(name))) {
    yield "model_file, golden_file, config_file and config_text_file among files";
  }
  if (isFieldSet(manifest, BundleManifestSchema.field.recipeFile) && !names.includes(manifest.recipeFile)) {
    yield "recipe_file among files";
  }
  const tables = manifest.signature?.idTables ?? [];
  const named = tables.filter((table) => isFieldSet(table, IdTableSchema.field.vocabularyFile));
  if (!named.every((table) => names.includes(table.vocabularyFile))) {
    yield "vocabulary_file among files";
  }
}

function* aboutSignature(signature: FeatureSignature | undefined): Generator<string> {
  const inputs = signature?.inputs ?? [];
  if (inputs.length === 0 || !areDistinct(inputs.map(({ name }) => name))) {
    yield "inputs, each once";
  }
  if (!inputs.every(({ name, width, type }) => isPlainName(name) && width >= 1 && isKnown(type))) {
    yield "a plain name, a width and a type for every input";
  }
  if (inputs.some((input) => input.list && !isOfLists(input))) {
    yield "lists of ids alone: whole numbers, a width of 1, no unread_positions and no allowed_values";
  }
  if (!inputs.every(hasFittingFeatures)) {
    yield "feature_names for every position or none, each once, and unread_positions in the row";
  }
  if ([...(signature?.hash ?? "")].length !== SHA256_LENGTH) {
    yield "the signature's hash";
  }
  const whole = new Map(inputs.filter(({ type }) => type === ValueType.INT64).map(({ name, width }) => [name, width]));
  for (const { position, input, numIds, outOfRangeIds } of signature?.idTables ?? []) {
    const isInRow = position >= 0 && position < (whole.get(input) ?? 0);
    if (!isInRow || numIds < 1n || outOfRangeIds < 1 || outOfRangeIds > POLICIES) {
      yield "id_tables over positions of inputs of whole numbers";
    }
  }
}

function isKnown(type: ValueType): boolean {
  return type === ValueType.FLOAT32 || type === ValueType.INT64;
}

function isOfLists({ type, width, unreadPositions, allowedValues }: ServedInput): boolean {
  return type === ValueType.INT64 && width === 1 && unreadPositions.length === 0 && allowedValues === undefined;
}

function hasFittingFeatures({ featureNames, unreadPositions, width }: ServedInput): boolean {
  return (
    (featureNames.length === 0 || featureNames.length === width) &&
    areDistinct(featureNames) &&
    unreadPositions.every((position) => position >= 0 && position < width)
  );
}

function* aboutOutputs({ outputs, scoreWeights }: BundleManifest): Generator<string> {
  const names = outputs.map(({ name }) => name);
  const isInOrder = names.every((name, place) => place === 0 || compareNames(names[place - 1] ?? "", name) < 0);
  if (names.length === 0 || !isInOrder) {
    yield "outputs, each once, in the order of their names' UTF-8 bytes";
  }
  const weights = Object.entries(scoreWeights);
  if (!weights.every(([task, weight]) => names.includes(task) && Number.isFinite(weight))) {
    yield "finite weights of outputs in score_weights";
  }
  if (weights.length > 0 && names.includes(SCORE)) {
    yield "no weights where an output is called as the combined score is";
  }
}

function areDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
