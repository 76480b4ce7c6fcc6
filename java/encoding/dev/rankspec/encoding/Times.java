package dev.rankspec.encoding;

import dev.rankspec.data.v1.TimeZone;
import dev.rankspec.data.v1.ZoneOffset;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text becomes instants: ISO 8601, in microseconds since 1970 UTC. */
final class Times {
  private static final Pattern ISO =
      Pattern.compile(
          "([0-9]{4})-([0-9]{2})-([0-9]{2})"
              + "(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\\.([0-9]{1,9}))?)?"
              + "(Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?)?");
  private static final long SECOND = 1_000_000;

  private Times() {}

  /** Returns the instant that a text is; the zone holds where the text has none. */
  static long micros(String text, TimeZone zone) throws Column.WrongValue {
    Matcher match = ISO.matcher(text);
    if (!match.matches() || number(match.group(1)) < 1) {
      throw new Column.WrongValue();
    }
    long local = days(match) * 24 * 3600 + number(match.group(4)) * 3600L;
    local = (local + number(match.group(5)) * 60L + number(match.group(6))) * SECOND + fraction(match.group(7));
    String offset = match.group(8);
    if (offset == null) {
      return fromLocal(local, zone);
    }
    if (offset.equals("Z")) {
      return local;
    }
    long minutes = number(offset.substring(1, 3)) * 60L + number(offset.substring(offset.length() - 2));
    return local - (offset.startsWith("-") ? -minutes : minutes) * 60 * SECOND;
  }

  private static long days(Matcher match) throws Column.WrongValue {
    try {
      return LocalDate.of(number(match.group(1)), number(match.group(2)), number(match.group(3))).toEpochDay();
    } catch (DateTimeException none) {
      throw new Column.WrongValue();
    }
  }

  private static int number(String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }

  private static int fraction(String digits) {
    return digits == null ? 0 : Integer.parseInt((digits + "00000").substring(0, 6));
  }

  private static long fromLocal(long local, TimeZone zone) throws Column.WrongValue {
    if (zone.getOffsetsCount() == 0) {
      throw new Column.WrongValue();
    }
    ZoneOffset holding = zone.getOffsets(0);
    for (ZoneOffset later : zone.getOffsetsList()) {
      if (later.getLocalMicros() <= local) {
        holding = later;
      }
    }
    return local - holding.getOffsetSeconds() * SECOND;
  }
}
