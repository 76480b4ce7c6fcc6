/** What is wrong with raw rows, or with the recipe that reads them. */

/** The kinds of errors, the same in every language. */
export type EncodingErrorCode =
  | "row.value"
  | "column.absent"
  | "column.type"
  | "recipe.unfitted"
  | "recipe.semantics"
  | "recipe.damaged"
  | "vocabulary.absent"
  | "vocabulary.digest";

/** Rows that a recipe cannot read, or a recipe that cannot be used. Holds no value of a row, which may be personal data. */
export class EncodingError extends Error {
  override readonly name = "EncodingError";

  /**
   * @param code The kind of error.
   * @param reason What is wrong and what to do about it.
   * @param column The raw column; empty if it is about none.
   * @param row The row's place among those that were given, from 0; undefined if it is about none.
   */
  constructor(
    readonly code: EncodingErrorCode,
    readonly reason: string,
    readonly column: string = "",
    readonly row: number | undefined = undefined,
  ) {
    const place = [column && `column ${column}`, row === undefined ? "" : `row ${row}`].filter((part) => part !== "");
    super(place.length === 0 ? reason : `${place.join(", ")}: ${reason}`);
  }
}
