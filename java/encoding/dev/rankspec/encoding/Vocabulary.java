package dev.rankspec.encoding;

import dev.rankspec.data.v1.CategoryFitting;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The values of a category that have an id. */
final class Vocabulary {
  /** Of a value that has no id of its own. */
  static final long UNSEEN = 1;

  private static final long FIRST = 2;

  private Vocabulary() {}

  /** Returns the id of each value that has one. */
  static Map<String, Long> ids(CategoryFitting fitted, Map<String, byte[]> files, String column)
      throws EncodingException {
    List<String> values =
        fitted.hasFile() ? fromFile(fitted, files, column) : new ArrayList<>(fitted.getValuesList());
    if (values.size() != fitted.getNumValues()) {
      throw new EncodingException(
          "recipe.damaged",
          column,
          "the vocabulary has " + values.size() + " values, not " + fitted.getNumValues());
    }
    Map<String, Long> ids = new HashMap<>();
    for (String value : values) {
      ids.put(value, ids.size() + FIRST);
    }
    return ids;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every Java has SHA-256", impossible);
    }
  }

  private static List<String> fromFile(CategoryFitting fitted, Map<String, byte[]> files, String column)
      throws EncodingException {
    byte[] data = files.get(fitted.getFile());
    if (data == null) {
      throw new EncodingException(
          "vocabulary.absent", column, "the vocabulary " + fitted.getFile() + " is not beside the recipe");
    }
    if (!HexFormat.of().formatHex(sha256().digest(data)).equals(fitted.getSha256())) {
      throw new EncodingException(
          "vocabulary.digest",
          column,
          "the vocabulary " + fitted.getFile() + " is not the one that the recipe was fitted with");
    }
    try {
      return unpacked(data);
    } catch (BufferUnderflowException | CharacterCodingException damaged) {
      throw new EncodingException("recipe.damaged", column, fitted.getFile() + " is no vocabulary");
    }
  }

  /** Of each value its length in bytes, a base-128 varint, and itself. */
  private static List<String> unpacked(byte[] data) throws CharacterCodingException {
    List<String> values = new ArrayList<>();
    ByteBuffer left = ByteBuffer.wrap(data);
    while (left.hasRemaining()) {
      long length = 0;
      byte part;
      int shift = 0;
      do {
        part = left.get();
        length |= (long) (part & 0x7f) << shift;
        shift += 7;
      } while (part < 0 && shift < 35);
      if (part < 0 || length > left.remaining()) {
        throw new BufferUnderflowException();
      }
      ByteBuffer value = left.slice(left.position(), (int) length);
      values.add(StandardCharsets.UTF_8.newDecoder().decode(value).toString());
      left.position(left.position() + (int) length);
    }
    return values;
  }
}
