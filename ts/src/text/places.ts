/** Where in a text its values stand, and what is shown for a path. */
import type { Copy } from "../inheritance.js";
import type { Violation } from "../violations.js";

/** Something that a text says. Offsets count UTF-16 units. */
export interface Mark {
  /** Of a scalar, where its value begins; of others, where their name, key or opening mark does. */
  offset: number;
  /** Of a message, its fields by name; of a map, its entries by key as paths have it, `["a"]`. */
  inside?: Map<string, Mark>;
  /** Of a list, its items; of scalars the offsets alone, because a text can hold millions of them. */
  items?: (Mark | number)[];
}

/** A line and a column in it, both from 1. Columns count characters. */
export type Place = Required<Pick<Violation, "line" | "column">>;

const LINE_FEED = 0x0a;

/** Returns the places of offsets into a text in well-formed Unicode. */
export function placesOf(offsets: Iterable<number>, text: string): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>();
  let [line, column, position] = [1, 1, 0];
  for (const offset of [...new Set(offsets)].sort((one, other) => one - other)) {
    for (; position < offset; position += 1) {
      const unit = text.charCodeAt(position);
      if (unit === LINE_FEED) {
        line += 1;
        column = 1;
      } else if (unit < 0xdc00 || unit > 0xdfff) {
        // A low surrogate belongs to the character that began before it.
        column += 1;
      }
    }
    places.set(offset, { line, column });
  }
  return places;
}

/** The places of a text's message. */
export class Places {
  /**
   * @param text The text.
   * @param root The mark of the whole message.
   */
  constructor(
    private readonly text: string,
    private readonly root: Mark,
  ) {}

  /**
   * Adds the place of each violation's path: that of a scalar's value, of the name of anything else, and for what is not
   * there, of the deepest block, list or map around it.
   *
   * @param violations What is wrong with the message, after what it inherits was filled in.
   * @param copies What was filled in; it has the places of what it was copied from.
   */
  show(violations: readonly Violation[], copies: readonly Copy[]): Violation[] {
    copies.forEach((copy) => this.fill(copy));
    const offsets = violations.map(({ path }) => this.nearest(stepsOf(path)));
    const places = placesOf(offsets, this.text);
    return violations.map((violation, index) => ({ ...violation, ...places.get(offsets[index] ?? 0) }));
  }

  private fill({ path, source }: Copy): void {
    const from = this.find(stepsOf(source));
    const steps = stepsOf(path);
    const name = steps.pop() ?? "";
    const holder = this.find(steps)?.inside;
    // Where there is nothing to inherit from, `from` is missing.
    if (from !== undefined && holder !== undefined) {
      // An empty list or map that is given keeps its own place.
      holder.set(name, { ...from, offset: holder.get(name)?.offset ?? from.offset });
    }
  }

  private find(steps: readonly string[]): Mark | undefined {
    return steps.reduce<Mark | undefined>((mark, step) => mark?.inside?.get(step), this.root);
  }

  /** Returns the offset of the last thing along a path that is there. */
  private nearest(steps: readonly string[]): number {
    let mark = this.root;
    for (const step of steps) {
      const next = mark.items?.[Number(step.slice(1, -1))] ?? mark.inside?.get(step);
      if (next === undefined) {
        break;
      }
      if (typeof next === "number") {
        return next;
      }
      mark = next;
    }
    return mark.offset;
  }
}

/** Splits a path: `a.b["c"][0]` into `a`, `b`, `["c"]` and `[0]`. */
function stepsOf(path: string): string[] {
  const steps: string[] = [];
  let start = 0;
  while (start < path.length) {
    const end = path[start] === "[" ? endOfKey(path, start) : endOfName(path, start);
    steps.push(path.slice(start, end));
    start = path[end] === "." ? end + 1 : end;
  }
  return steps;
}

function endOfName(path: string, start: number): number {
  const length = path.slice(start).search(/[.[]/);
  return length < 0 ? path.length : start + length;
}

/** Not by a regular expression, whose backtracking needs memory for every character of a long key. */
function endOfKey(path: string, start: number): number {
  if (path[start + 1] !== '"') {
    return path.indexOf("]", start) + 1;
  }
  let end = start + 2;
  while (path[end] !== '"') {
    end += path[end] === "\\" ? 2 : 1;
  }
  return end + 2;
}
