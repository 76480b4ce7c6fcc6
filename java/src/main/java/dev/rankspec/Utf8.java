package dev.rankspec;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** UTF-8 that is refused where it is none, instead of being repaired. */
final class Utf8 {
  private Utf8() {}

  /** Decodes bytes that have to be UTF-8. */
  static String decode(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Decodes what stands before the first byte that is not UTF-8. */
  static String decodeValidPart(byte[] bytes) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
    CharBuffer decoded = CharBuffer.allocate(bytes.length);
    decoder.decode(ByteBuffer.wrap(bytes), decoded, true);
    return decoded.flip().toString();
  }

  /** Tells whether a string can be written as UTF-8: it has no lone surrogate. */
  static boolean isEncodable(String text) {
    return loneSurrogate(text) < 0;
  }

  /** Returns the offset of the first lone surrogate; -1 if there is none. */
  static int loneSurrogate(String text) {
    int at = 0;
    while (at < text.length()) {
      int codePoint = text.codePointAt(at);
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        return at;
      }
      at += Character.charCount(codePoint);
    }
    return -1;
  }
}
