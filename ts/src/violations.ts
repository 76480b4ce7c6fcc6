/** Mistakes of a config, as data and as an error. */

/** One thing that is wrong with a config. */
export interface Violation {
  /** Path of the offending field, such as `model.tasks["liked"].mlp_config.layer_sizes[1]`; empty for the config itself. */
  readonly path: string;
  /** Stable id: that of a rule (`int64.gt`, `recap.model.backbone_fits_type`), or one that begins with `parse.` or `env.`. */
  readonly code: string;
  /** What is wrong, in English. */
  readonly message: string;
  /** Line of the field, or of the nearest block around it that is there, from 1; none without a text. */
  readonly line?: number;
  /** Column in the line, in characters from 1; none without a text. */
  readonly column?: number;
}

/** A config that cannot be read or breaks rules; `violations` holds everything that was found. */
export class SpecError extends Error {
  override readonly name = "SpecError";

  /** What is wrong, by line, column, and the UTF-8 bytes of path and code. */
  readonly violations: readonly Violation[];

  /** @param violations What is wrong; at least one. */
  constructor(violations: readonly Violation[]) {
    const sorted = [...violations].sort(inOrder);
    super(sorted.map(describe).join("\n"));
    this.violations = sorted;
  }
}

function inOrder(one: Violation, other: Violation): number {
  return (
    (one.line ?? 0) - (other.line ?? 0) ||
    (one.column ?? 0) - (other.column ?? 0) ||
    byBytes(one.path, other.path) ||
    byBytes(one.code, other.code)
  );
}

/** Compares by code points, whose order is that of UTF-8's bytes and not that of UTF-16's units. */
function byBytes(one: string, other: string): number {
  const [left, right] = [[...one], [...other]];
  const index = left.findIndex((character, place) => character !== right[place]);
  if (index < 0 || index >= right.length) {
    return left.length - right.length;
  }
  return (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
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
