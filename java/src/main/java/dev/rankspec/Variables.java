package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Variables in values: {@code ${VAR}} and {@code ${VAR:-default}} inside strings, replaced after parsing.
 *
 * <p>Only string values are looked at: singular, in lists and as values of maps; never map keys. What has
 * been put in is not looked at again. {@code $${} stands for a literal <code>${</code>.
 */
final class Variables {
  private static final Pattern REFERENCE =
      Pattern.compile("\\$\\$\\{|\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\\}|\\$\\{[^}]*\\}?");

  private final Map<String, String> values;
  private final List<Violation> violations = new ArrayList<>();

  private Variables(Map<String, String> values) {
    this.values = values;
  }

  /**
   * A message after the replacing.
   *
   * @param violations every value with a variable that is unset, malformed or no text; such a value is as it was
   */
  record Replaced<M extends Message>(M message, List<Violation> violations) {}

  /** Replaces the variables in all string values of a message. */
  static <M extends Message> Replaced<M> replace(M message, Map<String, String> values) {
    Variables variables = new Variables(values);
    Message.Builder builder = message.toBuilder();
    variables.expand(builder, "");
    return new Replaced<>(Messages.built(builder, message), variables.violations);
  }

  private void expand(Message.Builder builder, String path) {
    Messages.replaceItems(builder, (field, item) -> expanded(field, item, path));
  }

  private Object expanded(FieldDescriptor field, Messages.Item item, String path) {
    if (item.value() instanceof Message message) {
      Message.Builder inner = message.toBuilder();
      expand(inner, item.path(path, field));
      return inner.build();
    }
    boolean isString = item.value() instanceof String text && text.contains("${");
    return isString ? expanded((String) item.value(), item.path(path, field)) : item.value();
  }

  private String expanded(String text, String path) {
    StringBuilder result = new StringBuilder();
    Matcher reference = REFERENCE.matcher(text);
    int done = 0;
    while (reference.find()) {
      result.append(text, done, reference.start());
      done = reference.end();
      Violation problem = problem(reference, path);
      if (problem != null) {
        violations.add(problem);
        return text;
      }
      result.append(value(reference));
    }
    return result.append(text, done, text.length()).toString();
  }

  /** Returns what a reference stands for; null for an unset variable without a default. */
  private String value(Matcher reference) {
    if (reference.group().equals("$${")) {
      return "${";
    }
    String value = values.get(reference.group(1));
    String fallback = reference.group(2);
    return fallback != null && (value == null || value.isEmpty()) ? fallback : value;
  }

  private Violation problem(Matcher reference, String path) {
    if (reference.group().equals("$${")) {
      return null;
    }
    String name = reference.group(1);
    if (name == null) {
      String message =
          "`" + reference.group() + "` is no reference to a variable; write `${NAME}`, `${NAME:-default}`,"
              + " or `$${` for a literal `${`";
      return new Violation(path, "env.malformed", message);
    }
    if (value(reference) == null) {
      String message =
          "the variable " + name + " is not set; set it, or give a default: `${" + name + ":-default}`";
      return new Violation(path, "env.unset", message);
    }
    // A default is text of the file, whatever it holds.
    return isText(values.getOrDefault(name, ""))
        ? null
        : new Violation(path, "env.not_text", notText(name));
  }

  /** Tells whether a value is the same text in every language; U+FFFD is what is left of other bytes. */
  private static boolean isText(String value) {
    return Utf8.isEncodable(value) && value.indexOf('\ufffd') < 0;
  }

  private static String notText(String name) {
    return "the value of the variable " + name + " is no text: it has bytes that are not UTF-8, or U+FFFD for"
        + " them; set " + name + " to text in UTF-8" + Environment.remedy(Environment.encoding());
  }
}
