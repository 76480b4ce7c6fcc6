package dev.rankspec;

import java.io.Serializable;

/**
 * A place in a text.
 *
 * @param line the line, counted from 1; only a line feed ends one
 * @param column the character's place on its line in code points, counted from 1
 */
public record Position(int line, int column) implements Serializable {

  /** Returns the place of the character at an offset, or of the end of the text. */
  static Position of(String text, int offset) {
    int line = 1;
    int start = 0;
    for (int feed = text.indexOf('\n'); feed >= 0 && feed < offset; feed = text.indexOf('\n', start)) {
      line++;
      start = feed + 1;
    }
    return new Position(line, text.codePointCount(start, offset) + 1);
  }
}
