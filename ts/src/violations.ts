/** Mistakes of a config, as data and as an error. */

/** One thing that is wrong with a config. */
export interface Violation {
  /** Path of the offending field, such as `model.tasks["liked"].mlp_config.layer_sizes[1]`; empty for the config itself. */
  readonly path: string;
  /** Stable id: that of a rule (`int64.gt`, `recap.model.backbone_fits_type`), or one that begins with `parse.` or `env.`. */
  readonly code: string;
  /** What is wrong, in English. */
  readonly message: string;
  /** Line in the text, from 1; missing where the config is no text. */
  readonly line?: number;
  /** Column in the line, in characters from 1; missing where the config is no text. */
  readonly column?: number;
}

const encoder = new TextEncoder();

/** A config that cannot be read or breaks rules; `violations` holds everything that was found. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** What is wrong, by line, column, path and code; at least one. */
  readonly violations: readonly Violation[];

  /** @param violations What is wrong, in any order; at least one. */
  constructor(violations: readonly Violation[]) {
    const sorted = violations.toSorted(inOrder);
    super(sorted.map(describe).join("\n"));
    this.violations = sorted;
  }
}

function inOrder(one: Violation, other: Violation): number {
  return (
    (one.line ?? 0) - (other.line ?? 0) ||
    (one.column ?? 0) - (other.column ?? 0) ||
    inOrderOfBytes(one.path, other.path) ||
    inOrderOfBytes(one.code, other.code)
  );
}

/** By UTF-8, as every language sorts them; `<` would go by UTF-16. */
function inOrderOfBytes(one: string, other: string): number {
  if (one === other) {
    return 0;
  }
  const [bytes, others] = [encoder.encode(one), encoder.encode(other)];
  const index = bytes.findIndex((byte, position) => byte !== others[position]);
  return index < 0 ? -1 : (bytes[index] ?? 0) - (others[index] ?? -1);
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
