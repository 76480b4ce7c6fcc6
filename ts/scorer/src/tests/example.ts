import { ErrorCode, openBundle, ScoringError } from "@rankspec/scorer";

/** Scores two rows with a bundle: the combined score of each, or what is wrong with them. */
export async function rank(folder: string, discrete: BigInt64Array): Promise<Float32Array | string> {
  const scorer = await openBundle(folder);
  try {
    const columns = new Map([
      ["continuous", { width: 6, values: new Float32Array(12) }],
      ["binary", { width: 3, values: new BigInt64Array(6) }],
      ["discrete", { width: 2, values: discrete }],
    ]);
    // The hash is that of the signature that the rows were made for.
    const scores = await scorer.score(columns, scorer.signatureHash);
    return scores.get("score") ?? "the bundle has no weights";
  } catch (error) {
    if (error instanceof ScoringError && error.code === ErrorCode.ID_OUT_OF_RANGE) {
      return `row ${error.row} has a new user: ${error.message}`;
    }
    throw error;
  } finally {
    await scorer.close();
  }
}
