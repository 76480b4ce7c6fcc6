/**
 * Raw rows become what a model takes, by a fitted recipe, as `rankspec data import` did: the same bits as in Python, Go and
 * Java. No native code, and none of the rules of the spec.
 *
 * @packageDocumentation
 */
export { type Encoded, Encoder, type Lists } from "./encoder.js";
export { EncodingError, type EncodingErrorCode } from "./errors.js";
export { type Positions, positions } from "./positions.js";
export type { RawValue, Row } from "./values.js";
