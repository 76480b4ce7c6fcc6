package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.List;

/** What diagnostics call things. */
final class Words {
  private static final int MOST_LISTED = 12;
  private static final int LONGEST = 40;

  private Words() {}

  /** Says what a field takes. */
  static String of(FieldDescriptor field) {
    return switch (field.getType()) {
      case INT32, SINT32, SFIXED32 -> "whole numbers of 32 bits";
      case INT64, SINT64, SFIXED64 -> "whole numbers of 64 bits";
      case UINT32, FIXED32 -> "whole numbers of 32 bits from 0";
      case UINT64, FIXED64 -> "whole numbers of 64 bits from 0";
      case FLOAT, DOUBLE -> "numbers";
      case BOOL -> "`true` or `false`";
      case STRING -> "text in quotes";
      case BYTES -> "bytes in quotes";
      case ENUM -> "a value of " + field.getEnumType().getName();
      case MESSAGE, GROUP -> field.isMapField() ? "a block with a key and a value" : "a block";
    };
  }

  /** Cuts a literal to what fits into a sentence. */
  static String shortened(String text) {
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
  }

  /** Lists names, the first ones if there are many. */
  static String listed(List<String> names) {
    String joined = String.join("`, `", names.subList(0, Math.min(names.size(), MOST_LISTED)));
    return "`" + joined + (names.size() > MOST_LISTED ? "`, ..." : "`");
  }
}
