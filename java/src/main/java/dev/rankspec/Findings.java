package dev.rankspec;

import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the rules object to: protovalidate's violations, one per offending field.
 *
 * <p>A rule of ours over several fields returns a text of one or more lines. Each begins with the path of the
 * offending field, relative to the message that the rule stands at, and a colon; each becomes a violation.
 */
final class Findings {
  private Findings() {}

  private record Finding(String path, String code, String text, boolean isOurs) {
    boolean isFiniteRule() {
      return !isOurs && code.endsWith(".finite");
    }

    Violation violation() {
      return new Violation(path, code, text);
    }
  }

  /** Turns what protovalidate reports about a message of a type into violations. */
  static List<Violation> of(List<build.buf.validate.Violation> reported, Descriptor type) {
    List<Finding> found = reported.stream().flatMap(v -> findings(v, type).stream()).toList();
    // A number that is not finite is that and nothing else: the ranges it also misses are left out.
    Set<String> notFinite =
        found.stream().filter(Finding::isFiniteRule).map(Finding::path).collect(Collectors.toSet());
    return Violation.inOrder(
        found.stream()
            .filter(f -> f.isOurs() || f.isFiniteRule() || !notFinite.contains(f.path()))
            .map(Finding::violation)
            .toList());
  }

  private static List<Finding> findings(build.buf.validate.Violation violation, Descriptor type) {
    String site = path(violation.getField());
    String code = violation.getRuleId();
    String text = violation.getMessage();
    if (!isOurs(violation)) {
      return List.of(new Finding(site, code, text, false));
    }
    Descriptor holder = typeAt(violation.getField(), type);
    List<Finding> found = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      int end = LeadingPath.length(line, holder);
      if (end < 0) {
        return List.of(new Finding(site, code, text, true));
      }
      String path = Paths.join(site, line.substring(0, end));
      found.add(new Finding(path, code, line.substring(end + 2), true));
    }
    return found;
  }

  private static boolean isOurs(build.buf.validate.Violation violation) {
    List<FieldPathElement> rule = violation.getRule().getElementsList();
    boolean isCel = rule.isEmpty() || rule.get(rule.size() - 1).getFieldName().equals("cel");
    String code = violation.getRuleId();
    return isCel && code.contains(".") && !code.equals("message.oneof");
  }

  /** Returns the message type that a rule stands at; null if it stands at a scalar or a oneof. */
  private static Descriptor typeAt(FieldPath site, Descriptor root) {
    Descriptor here = root;
    for (FieldPathElement element : site.getElementsList()) {
      FieldDescriptor field = here == null ? null : here.findFieldByName(element.getFieldName());
      here = field == null ? null : LeadingPath.messageType(field);
    }
    return here;
  }

  private static String path(FieldPath field) {
    String path = "";
    for (FieldPathElement element : field.getElementsList()) {
      path = Paths.join(path, element.getFieldName());
      path =
          switch (element.getSubscriptCase()) {
            case INDEX -> Paths.at(path, element.getIndex());
            case BOOL_KEY -> Paths.at(path, element.getBoolKey());
            case INT_KEY -> Paths.at(path, element.getIntKey());
            case UINT_KEY -> path + "[" + Long.toUnsignedString(element.getUintKey()) + "]";
            case STRING_KEY -> Paths.at(path, element.getStringKey());
            case SUBSCRIPT_NOT_SET -> path;
          };
    }
    return path;
  }
}
