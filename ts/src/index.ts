/**
 * RankSpec in TypeScript: the messages of the spec, and how a config is loaded, checked, resolved and identified.
 *
 * Other files of the spec are imported by their own path, `@rankspec/rankspec/gen/rankspec/…_pb.js`.
 *
 * @packageDocumentation
 */
export { readBinary } from "./binary/read.js";
export { loadFile, type LoadedFile } from "./files.js";
export { canonicalForm, type Fingerprint, fingerprint, type Part } from "./fingerprint.js";
export * from "./gen/rankspec/recap/v1/recap_pb.js";
export * from "./gen/rankspec/twhin/v1/twhin_pb.js";
export { type Copy, inherit, withoutRepeats } from "./inheritance.js";
export { loadBinary, type LoadOptions, loadText } from "./loading.js";
export { messageSchema } from "./messages.js";
export { prewarm } from "./prewarming.js";
export { resolve } from "./resolving.js";
export { learningRateAt } from "./schedules.js";
export { readText } from "./text/read.js";
export { validate } from "./validation.js";
export { replaceVariables, type Variables } from "./variables.js";
export { type Verdict, verdictOn } from "./verdict.js";
export { SpecError, type Violation } from "./violations.js";
