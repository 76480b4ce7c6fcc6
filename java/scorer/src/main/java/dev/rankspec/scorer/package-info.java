/**
 * Scores rows as a trained model does, from a bundle: a folder that {@code rankspec export} wrote.
 *
 * <p>{@link dev.rankspec.scorer.Scorer#open} is where to begin. A bundle is opened as a stranger's: every byte that is used
 * of it is one that its manifest vouches for. docs/serving.md has the format, the order of the checks and what is
 * guaranteed; the Python, Go and TypeScript packages give the same verdicts.
 */
package dev.rankspec.scorer;
