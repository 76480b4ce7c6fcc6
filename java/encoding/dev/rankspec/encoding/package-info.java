/**
 * Raw rows become what a model takes, by a fitted recipe, as {@code rankspec data import} did: the same bits as in
 * Python, Go and TypeScript. No native code, and none of the rules of the spec.
 *
 * <p>{@link dev.rankspec.encoding.Encoder} is where to begin.
 */
package dev.rankspec.encoding;
