package dev.rankspec;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import dev.rankspec.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds a text to the portable subset of the text format, which the parsers of all languages read alike.
 *
 * <p>It walks through the whole text beside the schema and keeps no value: reading them is left to the
 * library's parser, to which nothing is given that this class refuses.
 */
final class PortableText {
  // As deep as Java, Python and others read the binary form by default.
  static final int MAX_DEPTH = 100;

  private final String text;
  private final Tokenizer tokens;
  private Block block;

  private PortableText(String text, Descriptor type) {
    this.text = text;
    this.tokens = new Tokenizer(text);
    this.block = new Block(type);
  }

  /**
   * Checks a text.
   *
   * @return the places of all that it says
   * @throws InvalidConfigException with the first mistake in it
   */
  static Places check(String text, Descriptor type) throws InvalidConfigException {
    PortableText walk = new PortableText(text, type);
    try {
      walk.statements(0, null);
      return new Places(text, walk.block.place());
    } catch (TextException mistake) {
      String path = mistake.field().isEmpty() ? walk.block.path() : walk.block.pathOf(mistake.field());
      Violation violation = new Violation(path, mistake.code(), mistake.getMessage());
      throw new InvalidConfigException(violation.at(Position.of(text, mistake.offset())));
    }
  }

  /** Goes through the fields of a block; returns the offset after its end. */
  private int statements(int start, Token opener) throws TextException {
    int position = start;
    boolean mayBeSeparated = false;
    while (true) {
      Token token = tokens.next(position);
      if (token.kind() == Kind.END) {
        if (opener != null) {
          throw new TextException(
              "parse.unterminated", "this `" + opener.text() + "` is never closed", opener.start());
        }
        return token.end();
      }
      if (token.isMark("}>")) {
        return close(token, opener);
      }
      boolean isSeparator = token.isMark(",;");
      if (isSeparator && !mayBeSeparated) {
        throw syntax("this `" + token.text() + "` separates nothing; remove it", token);
      }
      position = isSeparator ? token.end() : field(token);
      mayBeSeparated = !isSeparator;
    }
  }

  private static int close(Token token, Token opener) throws TextException {
    if (opener == null) {
      throw syntax("this `" + token.text() + "` closes nothing; remove it", token);
    }
    if (!token.text().equals(opener.text().equals("{") ? "}" : ">")) {
      throw syntax(
          "a block that begins with `" + opener.text() + "` is closed by `" + token.text() + "`", token);
    }
    return token.end();
  }

  private static TextException syntax(String message, Token token) {
    return new TextException("parse.syntax", message, token.start());
  }

  // Fields.

  private int field(Token name) throws TextException {
    if (name.kind() == Kind.UNTERMINATED) {
      throw unterminatedString(name);
    }
    if (name.kind() != Kind.WORD) {
      throw syntax("a field's name is expected here, not `" + Words.shortened(name.text()) + "`", name);
    }
    FieldDescriptor field = block.type().findFieldByName(name.text());
    if (field == null) {
      List<String> known = block.type().getFields().stream().map(FieldDescriptor::getName).toList();
      String message =
          block.type().getName() + " has no field `" + Words.shortened(name.text())
              + "`; it has " + Words.listed(known);
      throw new TextException("parse.unknown_field", message, name.text(), name.start());
    }
    return value(field, name, valueAfter(name, field));
  }

  private Token valueAfter(Token name, FieldDescriptor field) throws TextException {
    Token token = tokens.next(name.end());
    Token value = token.isMark(":") ? tokens.next(token.end()) : token;
    if (token.isEqualsSign()) {
      throw syntax("`" + name.text() + "` is followed by `=`; write `:`", token).at(field.getName());
    }
    boolean needsColon =
        token.isLiteral() || (token.isMark("[") && field.getJavaType() != JavaType.MESSAGE);
    if (needsColon && !beginsField(token)) {
      throw syntax("`" + name.text() + "` is not followed by a colon", token).at(field.getName());
    }
    boolean isText = value.kind() == Kind.OTHER && field.getJavaType() == JavaType.STRING;
    boolean isLiteral = value.isLiteral() && !beginsField(value);
    if (value.isMark("{<[") || isLiteral || isSignOfNumber(value) || isText) {
      return value;
    }
    throw syntax("`" + name.text() + "` has no value; it takes " + Words.of(field), name).at(field.getName());
  }

  private boolean isSignOfNumber(Token token) throws TextException {
    if (!token.isSign()) {
      return false;
    }
    Kind following = tokens.next(token.end()).kind();
    return following == Kind.NUMBER || following == Kind.WORD;
  }

  /** Tells whether a word is the name of the next field rather than a value. */
  private boolean beginsField(Token token) throws TextException {
    if (token.kind() != Kind.WORD || text.startsWith("://", token.end())) {
      return false;
    }
    Token following = tokens.next(token.end());
    return following.isMark(":{<") || following.isEqualsSign();
  }

  /** Goes through a field's value; returns the offset after it. */
  private int value(FieldDescriptor field, Token name, Token value) throws TextException {
    if (!field.isRepeated()) {
      refuseSecond(field, block.give(field), name);
    }
    boolean isScalar = !field.isRepeated() && field.getJavaType() != JavaType.MESSAGE;
    Place place = block.place().field(field.getName(), isScalar ? value.start() : name.start());
    if (value.isMark("{<")) {
      return block(field, place, value);
    }
    if (value.isMark("[")) {
      return list(field, place, value);
    }
    if (value.isSign()) {
      throw detachedSign(value).at(field.getName());
    }
    if (field.getJavaType() == JavaType.MESSAGE && value.kind() != Kind.UNTERMINATED) {
      throw Literals.wrongType(field, value).at(field.getName());
    }
    return field.isRepeated() ? scalarElement(field, place, value) : scalar(field, value, field.getName());
  }

  private int scalarElement(FieldDescriptor field, Place list, Token value) throws TextException {
    String path = Paths.at(field.getName(), list.size());
    list.addScalar(value.start());
    return scalar(field, value, path);
  }

  private static void refuseSecond(FieldDescriptor field, FieldDescriptor first, Token name)
      throws TextException {
    if (first == field) {
      throw new TextException(
          "parse.duplicate_field",
          "`" + field.getName() + "` is given twice; keep one of them",
          field.getName(),
          name.start());
    }
    if (first != null) {
      throw new TextException(
          "parse.oneof_conflict",
          "`" + field.getName() + "` and `" + first.getName() + "` exclude each other: `"
              + field.getContainingOneof().getName() + "` takes one of them",
          field.getName(),
          name.start());
    }
  }

  private static TextException detachedSign(Token sign) {
    return new TextException(
        "parse.not_portable.sign",
        "a sign apart from its number is not read by all languages; write it together with the number",
        sign.start());
  }

  private int scalar(FieldDescriptor field, Token first, String path) throws TextException {
    List<Token> literal = new ArrayList<>();
    for (Token token = first; token != null; token = continuation(token)) {
      literal.add(token);
    }
    Token last = literal.get(literal.size() - 1);
    if (last.kind() == Kind.UNTERMINATED) {
      throw unterminatedString(last).at(field.getName());
    }
    try {
      Object key = Literals.check(field, literal);
      if (block.isMapEntry() && field.getName().equals("key")) {
        block.setKey(key);
      }
    } catch (TextException mistake) {
      throw mistake.at(path);
    }
    return last.end();
  }

  /** Returns the string that continues the one before it, if there is one. */
  private Token continuation(Token token) throws TextException {
    if (token.kind() != Kind.STRING) {
      return null;
    }
    Token following = tokens.next(token.end());
    boolean continues = following.kind() == Kind.STRING || following.kind() == Kind.UNTERMINATED;
    return continues ? following : null;
  }

  private static TextException unterminatedString(Token string) {
    return new TextException(
        "parse.unterminated",
        "this string has no closing quote on its line; end it with " + string.text().charAt(0),
        string.start());
  }

  // Blocks.

  private int block(FieldDescriptor field, Place place, Token opener) throws TextException {
    if (field.getJavaType() != JavaType.MESSAGE) {
      throw new TextException(
          "parse.wrong_type",
          "`" + field.getName() + "` takes " + Words.of(field) + ", not a block",
          field.getName(),
          opener.start());
    }
    if (block.depth() >= MAX_DEPTH) {
      throw new TextException(
          "parse.too_deep",
          "blocks are nested more than " + MAX_DEPTH + " deep",
          field.getName(),
          opener.start());
    }
    Block inner = new Block(block, field, place, opener.start());
    block = inner;
    int end = statements(opener.end(), opener);
    if (field.isMapField() && !inner.insertInto(place)) {
      throw new TextException(
          "parse.duplicate_key",
          "a key of `" + field.getName() + "` is given twice; keep one of the entries, or rename one",
          inner.keyOffset());
    }
    block = inner.parent();
    return end;
  }

  // Lists.

  private int list(FieldDescriptor field, Place place, Token bracket) throws TextException {
    if (!field.isRepeated()) {
      throw new TextException(
          "parse.wrong_type",
          "`" + field.getName() + "` takes " + Words.of(field) + ", not a list",
          field.getName(),
          bracket.start());
    }
    Token first = tokens.next(bracket.end());
    return first.isMark("]") ? first.end() : elements(field, place, bracket, first);
  }

  private int elements(FieldDescriptor field, Place place, Token bracket, Token first) throws TextException {
    Token element = first;
    while (true) {
      Token after = tokens.next(element(field, place, bracket, element));
      if (after.isMark("]")) {
        return after.end();
      }
      if (!after.isMark(",")) {
        throw notClosed(field, bracket, after);
      }
      element = tokens.next(after.end());
      if (element.isMark("]")) {
        throw syntax("the list ends with a comma; remove it", after).at(field.getName());
      }
    }
  }

  /** Goes through one element; returns the offset after it. */
  private int element(FieldDescriptor field, Place place, Token bracket, Token token) throws TextException {
    if (field.getJavaType() == JavaType.MESSAGE) {
      if (token.isMark("{<")) {
        return block(field, place, token);
      }
      throw notAnElement(field, token, field.getName());
    }
    String path = Paths.at(field.getName(), place.size());
    if (token.isSign()) {
      throw detachedSign(token).at(path);
    }
    if (token.isMark(",")) {
      throw syntax("an element is missing before this comma; remove it", token).at(path);
    }
    if (token.isMark("{<[")) {
      throw notAnElement(field, token, "");
    }
    if (!token.isLiteral() || beginsField(token)) {
      throw notClosed(field, bracket, token);
    }
    return scalarElement(field, place, token);
  }

  private static TextException notAnElement(FieldDescriptor field, Token token, String path) {
    String message = "an element of `" + field.getName() + "` is " + Words.of(field) + ", not this";
    return new TextException("parse.wrong_type", message, path, token.start());
  }

  private TextException notClosed(FieldDescriptor field, Token bracket, Token token) throws TextException {
    boolean isElement =
        field.getJavaType() == JavaType.MESSAGE
            ? token.isMark("{<")
            : token.isLiteral() && !beginsField(token);
    if (isElement) {
      return syntax("a comma is missing between two elements", token).at(field.getName());
    }
    return new TextException(
        "parse.unterminated", "this list is not closed", field.getName(), bracket.start());
  }
}
