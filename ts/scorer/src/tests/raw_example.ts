import { ErrorCode, openBundle, type RawValue, type Row, ScoringError } from "@rankspec/scorer";

/** Scores a visit of a customer and of a stranger, as the table has them: which of them buys, or what is wrong with the rows. */
export async function rankRaw(folder: string, income: RawValue): Promise<Float32Array | string> {
  const scorer = await openBundle(folder);
  try {
    const known: Row = { customer: "c17", income, city: "Ulm", tags: ["eco", "new"], member: true };
    // null is a missing value; a column that is not there is refused.
    const stranger: Row = { ...known, customer: null };
    const scores = await scorer.scoreRaw([known, stranger]);
    return scores.get("bought") ?? "the bundle has no such task";
  } catch (error) {
    if (error instanceof ScoringError && error.code === ErrorCode.VALUE_INVALID) {
      return `row ${error.row} cannot be read: ${error.message}`;
    }
    throw error;
  } finally {
    await scorer.close();
  }
}
