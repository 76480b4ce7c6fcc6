package dev.rankspec.encoding;

import dev.rankspec.data.v1.CategoryFitting;
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
    return unpacked(data);
  }

  /** Of each value its length in bytes, a base-128 varint, and itself. What is damaged ends it. */
  private static List<String> unpacked(byte[] data) {
    List<String> values = new ArrayList<>();
    int at = 0;
    while (at < data.length) {
      long length = 0;
      int shift = 0;
      byte part;
      do {
        if (at == data.length || shift > 28) {
          return values;
        }
        part = data[at++];
        length |= (long) (part & 0x7f) << shift;
        shift += 7;
      } while (part < 0);
      if (length > data.length - at) {
        return values;
      }
      values.add(new String(data, at, (int) length, StandardCharsets.UTF_8));
      at += (int) length;
    }
    return values;
  }
}
