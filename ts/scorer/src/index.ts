/**
 * Scores rows as a trained model does, from a bundle: a folder that `rankspec export` wrote.
 *
 * {@link openBundle} is where to begin; `docs/serving.md` has the format, the order of the checks and what is guaranteed.
 *
 * @packageDocumentation
 */
export type { Column, Ids, ListColumn, ValueColumn } from "./columns.js";
export type { RawValue, Row } from "./encoding/index.js";
export { ScoringError } from "./errors.js";
export { type BundleManifest, ErrorCode, ValueType } from "./gen/rankspec/serving/v1/bundle_pb.js";
export { SCORE } from "./layout.js";
export { openBundle, type OpenOptions, type Scorer } from "./scorer.js";
