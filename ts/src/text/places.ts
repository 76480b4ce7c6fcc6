/** Where the fields of a config stand in its text. */
import type { Copy } from "../inheritance.js";
import { isAtOrBelow } from "../paths.js";
import type { Violation } from "../violations.js";

/** A place in a text. */
export interface Place {
  /** From 1; only a line feed ends a line. */
  readonly line: number;
  /** In characters, from 1. */
  readonly column: number;
}

/**
 * The places of a text's fields: of a scalar where its value begins, of a block, list or map its name, of a message in a
 * list the mark that opens it, of a map's entry that is a message its key.
 */
export class Places {
  private readonly offsets = new Map<string, number>();
  private lineStarts: number[] | undefined;

  /** @param text The text, in well-formed Unicode. */
  constructor(private readonly text: string) {}

  /** Notes where a path is; the first place of a path counts. */
  add(path: string, offset: number): void {
    if (!this.offsets.has(path)) {
      this.offsets.set(path, offset);
    }
  }

  /**
   * Moves places to an entry of a map, whose key comes after its value.
   *
   * @param count How many paths had a place before the entry.
   * @param map The map's path, which stood for the entry's.
   * @param entry The entry's path.
   */
  rename(count: number, map: string, entry: string): void {
    const noted = [...this.offsets].slice(count).filter(([path]) => path.startsWith(`${map}.`));
    for (const [path, offset] of noted) {
      this.offsets.delete(path);
      this.add(entry + path.slice(map.length), offset);
    }
  }

  /** How many paths have a place. */
  get count(): number {
    return this.offsets.size;
  }

  /** The place of an offset. */
  at(offset: number): Place {
    const starts = (this.lineStarts ??= startsOfLines(this.text));
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle;
      }
    }
    // Characters, not UTF-16 units.
    return { line: low + 1, column: [...this.text.slice(starts[low], offset)].length + 1 };
  }

  /**
   * Gives violations the places of their fields, or of the nearest block, list or map around that is there.
   *
   * @param violations What is wrong.
   * @param copies What was filled in, which has the place of what it was copied from.
   */
  locate(violations: readonly Violation[], copies: readonly Copy[]): Violation[] {
    return violations.map((violation) => ({ ...violation, ...this.at(this.offsetOf(violation.path, copies)) }));
  }

  private offsetOf(path: string, copies: readonly Copy[]): number {
    for (const prefix of prefixes(path)) {
      const sources = copies.filter((copy) => isAtOrBelow(prefix, copy.path));
      const candidates = [prefix, ...sources.map((copy) => copy.source + prefix.slice(copy.path.length))];
      const offset = candidates.map((candidate) => this.offsets.get(candidate)).find((found) => found !== undefined);
      if (offset !== undefined) {
        return offset;
      }
    }
    return 0;
  }
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) {
    starts.push(end + 1);
  }
  return starts;
}

/** A path and those that contain it, the longest first. */
function prefixes(path: string): string[] {
  const ends = [...path.matchAll(/"(?:[^"\\]|\\.)*"|[.[]/gs)].filter(([mark]) => mark === "." || mark === "[");
  return [path, ...ends.map(({ index }) => path.slice(0, index)).reverse()];
}
