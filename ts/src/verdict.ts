/** The verdict on a config that every language gives alike, and its form as a line of JSON. */
import { loadFile } from "./files.js";
import { fingerprint } from "./fingerprint.js";
import type { Variables } from "./variables.js";
import { SpecError, type Violation } from "./violations.js";

/** What is to be said of a file. */
export interface Verdict {
  readonly file: string;
  readonly ok: boolean;
  /** Sorted by path, then code. */
  readonly violations: readonly Pick<Violation, "path" | "code">[];
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
    const violations = error.violations.map(({ path, code }) => ({ path, code }));
    return { file, ok: false, violations: violations.sort(inOrder), semantic: null, full: null };
  }
}

/** By the UTF-8 bytes of path, then code. */
function inOrder(one: Verdict["violations"][number], other: Verdict["violations"][number]): number {
  const byPath = Buffer.compare(Buffer.from(one.path), Buffer.from(other.path));
  return byPath || Buffer.compare(Buffer.from(one.code), Buffer.from(other.code));
}
