package dev.rankspec;

import java.io.Serializable;

/**
 * A place in a text.
 *
 * @param line the line, counted from 1; only a line feed ends one
 * @param column the character's place on its line in code points, counted from 1
 */
public record Position(int line, int column) implements Serializable {
  /** Where every text begins. */
  static final Position START = new Position(1, 1);

  /** Returns the place of the character at an offset, or of the end of the text. */
  static Position of(String text, int offset) {
    return START.advanced(text, 0, offset);
  }

  /** Returns the place of the character at an offset, where this is the place of the one at an offset before it. */
  Position advanced(String text, int from, int to) {
    int lines = line;
    int columns = column;
    for (int at = from; at < to; at++) {
      char character = text.charAt(at);
      if (character == '\n') {
        lines++;
        columns = 1;
      } else if (!Character.isLowSurrogate(character)) {
        columns++;
      }
    }
    return new Position(lines, columns);
  }
}
