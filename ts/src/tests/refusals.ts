/** What tests say of refusals. */
import { ConfigError, type Violation } from "../index.js";

/** Runs what has to be refused, and returns what it is refused for. */
export function violationsOf(run: () => unknown): readonly Violation[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.violations;
    }
    throw error;
  }
  throw new Error("this was not refused");
}

/** Violations as `path code`, sorted. */
export function summary(violations: readonly Violation[]): string[] {
  return violations.map(({ path, code }) => `${path} ${code}`).sort();
}
