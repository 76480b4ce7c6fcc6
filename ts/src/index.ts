/**
 * RankSpec in TypeScript: the messages of the spec, and how a config is loaded, checked, resolved and identified.
 *
 * Other files of the spec are imported by their own path, `@rankspec/rankspec/gen/rankspec/…_pb.js`.
 *
 * @packageDocumentation
 */
export { type LoadedFile, loadFile } from "./files.js";
export { canonicalForm, type Fingerprint, fingerprint, type Part } from "./fingerprint.js";
export * from "./gen/rankspec/recap/v1/recap_pb.js";
export * from "./gen/rankspec/twhin/v1/twhin_pb.js";
export { loadBinary, type LoadOptions, loadText } from "./loading.js";
export { messageSchema } from "./messages.js";
export { prewarm } from "./prewarming.js";
export { resolve } from "./resolving.js";
export { learningRateAt } from "./schedules.js";
export type { Variables } from "./variables.js";
export { type Verdict, verdictOn, type VerdictViolation } from "./verdict.js";
export { ConfigError, type Violation } from "./violations.js";
