/** Mistakes of a config, as data and as an error. */

/** One thing that is wrong with a config. */
export interface Violation {
  /** Path of the offending field, such as `model.tasks["liked"].mlp_config.layer_sizes[1]`; empty for the config itself. */
  readonly path: string;
  /** Stable id: that of a rule (`int64.gt`, `recap.model.backbone_fits_type`), or one that begins with `parse.` or `env.`. */
  readonly code: string;
  /** What is wrong, in English. */
  readonly message: string;
  /** Line in the text, from 1; only for mistakes of a text. */
  readonly line?: number;
  /** Column in the line, in characters from 1; only for mistakes of a text. */
  readonly column?: number;
}

/** A config that cannot be read or breaks rules; `violations` holds everything that was found. */
export class SpecError extends Error {
  override readonly name = "SpecError";

  /** @param violations What is wrong; at least one. */
  constructor(readonly violations: readonly Violation[]) {
    super(violations.map(describe).join("\n"));
  }
}

function describe(violation: Violation): string {
  const place = violation.line === undefined ? "" : `${violation.line}:${violation.column}: `;
  const path = violation.path === "" ? "" : `${violation.path}: `;
  return `${place}${path}${violation.message} [${violation.code}]`;
}

/** Leaves out what has the path and code of an earlier one. */
export function distinct(violations: readonly Violation[]): Violation[] {
  const first = new Map<string, Violation>();
  for (const violation of violations) {
    const key = `${violation.code} ${violation.path}`;
    first.set(key, first.get(key) ?? violation);
  }
  return [...first.values()];
}
