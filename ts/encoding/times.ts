/** Text becomes instants: ISO 8601, in microseconds since 1970 UTC. */
import type { TimeZone } from "../gen/rankspec/data/v1/recipe_pb.js";

const ISO = new RegExp(
  "^([0-9]{4})-([0-9]{2})-([0-9]{2})" +
    "(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\\.([0-9]{1,9}))?)?" +
    "(Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?)?$",
);
const SECOND = 1_000_000n;

/** Returns the instant that a text is; undefined if it is none, or has no zone and there is none for such. */
export function isoMicros(text: string, zone: TimeZone | undefined): bigint | undefined {
  const match = ISO.exec(text);
  if (match === null) {
    return undefined;
  }
  const days = dayNumber(Number(match[1]), Number(match[2]), Number(match[3]));
  if (days === undefined) {
    return undefined;
  }
  const [hour, minute, second] = [match[4], match[5], match[6]].map((part) => Number(part ?? 0));
  const seconds = ((days * 24 + (hour ?? 0)) * 60 + (minute ?? 0)) * 60 + (second ?? 0);
  const local = BigInt(seconds) * SECOND + BigInt((match[7] ?? "").padEnd(6, "0").slice(0, 6));
  const offset = match[8];
  if (offset === undefined) {
    return zone === undefined ? undefined : fromLocal(local, zone);
  }
  if (offset === "Z") {
    return local;
  }
  const minutes = BigInt(offset.slice(1, 3)) * 60n + BigInt(offset.slice(-2));
  return local - (offset.startsWith("-") ? -minutes : minutes) * 60n * SECOND;
}

/** Days since 1970; undefined for a day that the month, or a year that the calendar, has not. */
function dayNumber(year: number, month: number, day: number): number | undefined {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const length = lengths[month - 1];
  if (year < 1 || length === undefined || day < 1 || day > length) {
    return undefined;
  }
  const before = year - 1;
  const years = before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const months = lengths.slice(0, month - 1).reduce((sum, days) => sum + days, 0);
  // 719162 days lie before 1970.
  return years + months + day - 1 - 719_162;
}

function fromLocal(local: bigint, { offsets }: TimeZone): bigint | undefined {
  const holding = offsets.findLast((offset) => offset.localMicros <= local) ?? offsets[0];
  return holding === undefined ? undefined : local - BigInt(holding.offsetSeconds) * SECOND;
}
