/** The verdict on a config that every language gives alike, and its form as a line of JSON. */
import { loadFile } from "./files.js";
import { fingerprint } from "./fingerprint.js";
import type { Variables } from "./variables.js";
import { ConfigError, type Violation } from "./violations.js";

/** A violation as verdicts show it: without a text, line and column are null. */
export interface VerdictViolation {
  readonly path: string;
  readonly code: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** What is to be said of a file. */
export interface Verdict {
  readonly file: string;
  readonly ok: boolean;
  /** In the order of `ConfigError.violations`. */
  readonly violations: readonly VerdictViolation[];
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
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    return { file, ok: false, violations: error.violations.map(shown), semantic: null, full: null };
  }
}

function shown({ path, code, line, column }: Violation): VerdictViolation {
  return { path, code, line: line ?? null, column: column ?? null };
}
