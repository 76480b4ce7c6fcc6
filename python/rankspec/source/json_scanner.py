"""Strict JSON with the place of every value, which goes on after a mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rankspec.source.tokens import ODD_SPACE, Token
from rankspec.source.tree import MAX_CONTAINERS, Member, Node

if TYPE_CHECKING:
    from rankspec.source.blocks import Block
    from rankspec.source.reports import Reporter

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<string>"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+")
    | (?P<quoted>'[^'\\\n]*+(?:\\[^\n][^'\\\n]*+)*+')
    | (?P<unterminated>["'][^\n]*)
    | (?P<number>[+\-]?\.?[0-9][0-9A-Za-z_.+\-]*)
    | (?P<word>[+\-]?[A-Za-z_$][0-9A-Za-z_$\-]*)
    | (?P<mark>[{}\[\]:,])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CONTROL = re.compile("[\x00-\x1f]")
_VALUES = frozenset({"string", "quoted", "unterminated", "number", "word"})
_NOT_FINITE = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "nan": "NaN",
    "inf": "Infinity",
}
_OTHER_WORDS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "nil": "null",
}


class JsonScanner:
    """Reads a JSON text into a tree; mistakes go to the reporter."""

    def __init__(self, text: str, reporter: Reporter, block: Block) -> None:
        self._text = text
        self._reporter = reporter
        self._block = block
        self._position = 0
        self._token = self._next()
        self._too_deep = False

    def document(self) -> Node:
        """Reads the whole text: one value and nothing after it."""
        if self._token.kind == "end":
            self._error("parse.syntax", "the file is empty", self._token, "an empty config is written `{}`")
            return Node("unreadable", 0)
        node = self._value(0)
        if self._token.kind != "end" and not self._too_deep:
            message = f"unexpected `{self._token.text[:40]}` after the end of the document"
            self._error("parse.syntax", message, self._token, "remove it")
        return node

    def _next(self) -> Token:
        """Moves to the next token and returns it."""
        while True:
            space = _SPACE.match(self._text, self._position)
            position = space.end() if space else self._position
            found = _TOKEN.match(self._text, position)
            if found is None:
                self._token = Token("end", "", position, position)
                return self._token
            if found.lastgroup != "other" or not self._skip_odd(position):
                self._position = found.end()
                self._token = Token(found.lastgroup or "other", found[0], position, found.end())
                return self._token

    def _skip_odd(self, position: int) -> bool:
        comment = _COMMENT.match(self._text, position)
        space = ODD_SPACE.match(self._text, position)
        if comment is not None:
            code, message = "parse.not_portable.comment", "JSON has no comments"
            self._position = comment.end()
        elif space is not None and space[0][0] == "\ufeff":
            code = "parse.not_portable.byte_order_mark"
            message = "a byte order mark is not read alike by all languages"
            self._position = space.end()
        elif space is not None:
            code = "parse.not_portable.white_space"
            message = f"U+{ord(space[0][0]):04X} as white space is not read alike by all languages"
            self._position = space.end()
        else:
            return False
        self._reporter.error(code, message, self._block, "", position, "remove it")
        return True

    def _value(self, depth: int) -> Node:
        token = self._token
        if token.is_mark("{", "["):
            if depth >= MAX_CONTAINERS:
                return self._give_up(token)
            return self._object(depth) if token.text == "{" else self._array(depth)
        self._next()
        if token.kind in {"string", "quoted", "unterminated"}:
            return self._string(token)
        if token.kind == "number":
            return Node("number", token.start, token.text)
        return self._word(token)

    def _give_up(self, token: Token) -> Node:
        """Ends the reading where the nesting has no sense any more."""
        message = f"objects and lists are nested more than {MAX_CONTAINERS} deep"
        self._error("parse.too_deep", message, token)
        self._reporter.damage(self._block, "")
        self._too_deep = True
        self._position = len(self._text)
        self._next()
        return Node("unreadable", token.start)

    def _word(self, token: Token) -> Node:
        if token.text in {"true", "false"}:
            return Node("bool", token.start, token.text)
        if token.text == "null":
            return Node("null", token.start, token.text)
        if token.text in _NOT_FINITE:
            self._error(
                "parse.not_portable.number",
                f"`{token.text}` without quotes is not JSON",
                token,
                f'write `"{_NOT_FINITE[token.text]}"`',
            )
            return Node("unreadable", token.start)
        plain = _OTHER_WORDS.get(token.text)
        if plain is None and token.kind == "word":
            plain = f'"{token.text[:40]}"'
        message = f"unexpected `{token.text[:40]}`" if token.text else "a value is missing at the end of the file"
        self._error("parse.syntax", message, token, f"write `{plain}`" if plain else None)
        return Node("unreadable", token.start)

    def _string(self, token: Token) -> Node:
        if token.kind == "unterminated":
            self._error(
                "parse.unterminated",
                "this string has no closing quote on its line",
                token,
                f"end it with {token.text[0]}",
            )
            return Node("unreadable", token.start)
        if token.kind == "quoted":
            message = "strings in single quotes are not JSON"
            self._error("parse.not_portable.quotes", message, token, "write double quotes")
        inside = token.text[1:-1]
        control = _CONTROL.search(inside)
        if control is not None:
            message = f"a raw control character (U+{ord(control[0]):04X}) in a string is not JSON"
            offset = token.start + 1 + control.start()
            suggestion = f"write `\\u{ord(control[0]):04x}`"
            self._reporter.error("parse.not_portable.control_character", message, self._block, "", offset, suggestion)
        text = _ESCAPE.sub(lambda escape: self._escaped(escape, token), inside) if "\\" in inside else inside
        return Node("string", token.start, text)

    def _escaped(self, escape: re.Match[str], token: Token) -> str:
        text = escape[0]
        if len(text) > 2:
            code_units = bytes.fromhex(text.replace("\\u", ""))
            try:
                return code_units.decode("utf-16-be")
            except UnicodeDecodeError:
                pass
        elif text[1] in _ESCAPES:
            return _ESCAPES[text[1]]
        message = f"the escape `{text}` is not read alike by all languages"
        offset = token.start + 1 + escape.start()
        suggestion = "write the character itself" if len(text) > 2 else "for a backslash itself write `\\\\`"
        self._reporter.error("parse.not_portable.escape", message, self._block, "", offset, suggestion)
        return "\N{REPLACEMENT CHARACTER}"

    def _array(self, depth: int) -> Node:
        opener = self._token
        node = Node("array", opener.start)
        self._next()
        while not self._token.is_mark("]"):
            if self._token.kind == "end" or self._token.is_mark("}", ":"):
                self._unterminated(opener)
                return node
            if self._token.is_mark(","):
                self._error("parse.syntax", "an item is missing before this comma", self._token, "remove it")
                self._next()
                continue
            node.items.append(self._value(depth + 1))
            if not self._separated("]"):
                self._unterminated(opener)
                return node
        self._next()
        return node

    def _object(self, depth: int) -> Node:
        opener = self._token
        node = Node("object", opener.start)
        self._next()
        while not self._token.is_mark("}"):
            token = self._token
            if token.kind == "end" or token.is_mark("]"):
                self._unterminated(opener)
                return node
            if not self._member(node, depth):
                continue
            if not self._separated("}"):
                self._unterminated(opener)
                return node
        self._next()
        return node

    def _member(self, node: Node, depth: int) -> bool:
        """Reads a name and its value; False, after a report, if something else stood here and was skipped."""
        token = self._token
        if token.kind not in _VALUES:
            self._error("parse.syntax", f"unexpected `{token.text[:40]}`", token, 'a member begins with `"name":`')
            if token.is_mark("{", "["):
                self._value(depth + 1)
            else:
                self._next()
            return False
        name = self._name(token)
        if self._token.is_mark(":") or self._token.text == "=":
            if self._token.text == "=":
                self._error("parse.syntax", f"`{name[:40]}` is followed by `=`", self._token, "write `:` instead")
            self._next()
        elif self._token.kind in _VALUES or self._token.is_mark("{", "["):
            message = f"`{name[:40]}` is not followed by a colon"
            self._error("parse.syntax", message, self._token, 'a member is written `"name": value`')
        if self._token.is_mark(",", "}", "]", ":") or self._token.kind == "end":
            self._error("parse.syntax", f"`{name[:40]}` has no value", token)
            node.members.append(Member(name, token.start, Node("unreadable", token.start)))
            if self._token.is_mark(":"):
                self._next()
            return True
        node.members.append(Member(name, token.start, self._value(depth + 1)))
        return True

    def _name(self, token: Token) -> str:
        self._next()
        if token.kind in {"word", "number"}:
            message = f"the name `{token.text[:40]}` has no quotes"
            self._error("parse.not_portable.quotes", message, token, f'write `"{token.text[:40]}"`')
            return token.text
        return self._string(token).text

    def _separated(self, closer: str) -> bool:
        """Moves past the comma after a value; False if the container does not go on and does not end."""
        token = self._token
        if token.is_mark(","):
            if self._next().is_mark(closer):
                self._error("parse.syntax", "a comma stands before the end", token, "remove it")
            return True
        if token.is_mark(closer):
            return True
        if token.kind == "end" or token.is_mark("}", "]"):
            return False
        if token.kind in _VALUES or token.is_mark("{", "["):
            self._error("parse.syntax", "a comma is missing", token, f"write `, {token.text[:40]}`")
            return True
        self._error("parse.syntax", f"unexpected `{token.text[:40]}`", token, "write a comma")
        self._next()
        return self._token.kind != "end"

    def _unterminated(self, opener: Token) -> None:
        if not self._too_deep:
            closer = "}" if opener.text == "{" else "]"
            message = f"this `{opener.text}` is never closed"
            if self._token.kind == "end":
                # What it swallowed may be what now seems to be missing around it.
                self._reporter.damage(self._block, "")
            self._error("parse.unterminated", message, opener, f"add the missing `{closer}`")

    def _error(self, code: str, message: str, token: Token, suggestion: str | None = None) -> None:
        self._reporter.error(code, message, self._block, "", token.start, suggestion)
