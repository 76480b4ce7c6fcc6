/** The verdict on a config that every language gives alike, and its form as a line of JSON. */
import { loadFile } from "./files.js";
import { fingerprint } from "./fingerprint.js";
import type { Variables } from "./variables.js";
import { SpecError } from "./violations.js";

/** What is to be said of a file. */
export interface Verdict {
  readonly file: string;
  readonly ok: boolean;
  /** By line, column, and the UTF-8 bytes of path and code; line and column are null without a text. */
  readonly violations: readonly { path: string; code: string; line: number | null; column: number | null }[];
  /** The fingerprint; null if there are violations. */
  readonly semantic: string | null;
  readonly full: string | null;
}

/**
 * Reaches the verdict on a file. Never throws for what the file holds, or if there is none.
 *
 * @param file Its name.
 * @param variables What `${NAME}` stands for.
 */
export function verdictOn(file: string, variables: Variables): Verdict {
  try {
    const { schema, config } = loadFile(file, { variables });
    return { file, ok: true, violations: [], ...fingerprint(schema, config) };
  } catch (error) {
    if (!(error instanceof SpecError)) {
      throw error;
    }
    const violations = error.violations.map(({ path, code, line, column }) => ({
      path,
      code,
      line: line ?? null,
      column: column ?? null,
    }));
    return { file, ok: false, violations, semantic: null, full: null };
  }
}
