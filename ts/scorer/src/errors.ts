import { ErrorCode } from "./gen/rankspec/serving/v1/bundle_pb.js";

/**
 * What is wrong with a bundle that is not opened, or with a request that is not scored. Values of a request are never in
 * it: ids are personal data.
 */
export class ScoringError extends Error {
  override readonly name = "ScoringError";
  /** The same in every language. */
  readonly code: ErrorCode;
  /** What should have been there. */
  readonly expectation: string;
  /** The input, column or file that it is about; empty if it is about none. */
  readonly input: string;
  /** Row of the request, from 0, if it is about a single one. */
  readonly row: number | undefined;

  constructor(code: ErrorCode, expectation: string, input = "", row?: number, options?: ErrorOptions) {
    const place = (input && ` ${JSON.stringify(input)}`) + (row === undefined ? "" : `, row ${row}`);
    super(`${ErrorCode[code]}${place}: ${expectation}`, options);
    this.code = code;
    this.expectation = expectation;
    this.input = input;
    this.row = row;
  }

  /** The code's name, such as `ID_OUT_OF_RANGE`. */
  get codeName(): string {
    return ErrorCode[this.code];
  }
}
