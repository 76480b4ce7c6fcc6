"""RuleViolation the way back into a text after a mistake: skipping values, lines and unbalanced blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.formats.reporter import REPLACEMENT
from rankspec.formats.textproto.tokens import (
    BRACKET,
    NEXT_TOKEN,
    ODD_COMMENT,
    ODD_LINE_END,
    ODD_SPACE,
    OPENERS,
    Token,
)

if TYPE_CHECKING:
    from rankspec.formats.blocks import Block
    from rankspec.formats.reading_state import State

LITERALS = frozenset({"word", "number", "string", "unterminated"})


class TokenSource:
    """Tokens of a text, one at a time, with what no parser should meet reported on the way.

    Attributes:
        state: Where the reader is.
        by_indentation: Whether blocks end where the indentation says, because braces do not match.
    """

    def __init__(self, state: State, *, by_indentation: bool) -> None:
        self.state = state
        self.by_indentation = by_indentation
        self._text = state.text
        self._position, self._token = -1, Token("end", "", 0, 0)
        self._reported: set[int] = set()
        self._indents: dict[int, int] = {}

    def token(self, position: int) -> Token:
        """Returns the first token at or after a position."""
        if position == self._position:
            # What was looked at to see where a value ends is mostly what comes next.
            return self._token
        self._position = position
        end: int | None = position
        while end is not None:
            found = NEXT_TOKEN.match(self._text, end)
            assert found is not None
            kind = found.lastgroup or "end"
            self._token = Token(kind, found[kind], found.start(kind), found.end())
            end = self._odd_end(self._token.start) if kind == "other" else None
        return self._token

    def _odd_end(self, position: int) -> int | None:
        """Returns the end of white space or a comment that parsers disagree about, after a report."""
        text = self._text
        space = ODD_SPACE.match(text, position)
        if space is not None:
            self._report_odd_space(position)
            return space.end()
        comment = ODD_COMMENT.match(text, position)
        if comment is not None:
            odd = ODD_LINE_END.search(text, position, comment.end())
            assert odd is not None
            message = f"U+{ord(odd[0]):04X} in a comment is a line end to some parsers and editors only"
            self._report_once(odd.start(), "parse.not_portable.comment", message, "end the line with a line feed")
            return comment.end()
        character = text[position]
        if character < " " or character == "\x7f":
            message = f"a control character (U+{ord(character):04X}) is not read alike by all languages"
            self._report_once(position, "parse.not_portable.control_character", message, "remove it")
            return position + 1
        # What stands for bytes that could not be decoded has been reported when they were decoded.
        return position + 1 if character == REPLACEMENT and self.state.undecodable else None

    def _report_odd_space(self, position: int) -> None:
        character = self._text[position]
        if character == "\ufeff":
            message = "a byte order mark is not read alike by all languages"
            self._report_once(
                position, "parse.not_portable.byte_order_mark", message, "save the file as UTF-8 without one"
            )
            return
        message = f"U+{ord(character):04X} as white space is not read alike by all languages"
        self._report_once(position, "parse.not_portable.white_space", message, "write a plain space or a line feed")

    def _report_once(self, position: int, code: str, message: str, suggestion: str) -> None:
        if position not in self._reported:
            self._reported.add(position)
            self.state.reporter.error(code, message, self.state.block, "", position, suggestion)

    def error(
        self,
        code: str,
        message: str,
        token: Token,
        suggestion: str | None = None,
        name: str = "",
        related: tuple[int, ...] = (),
    ) -> None:
        """Reports a mistake at a token, at a field of the open block or at the block itself."""
        state = self.state
        state.reporter.error(code, message, state.block, name, token.start, suggestion, related)

    def begins_field(self, token: Token) -> bool:
        """Tells whether a word is the name of the next field rather than a value."""
        if token.kind != "word" or self._text.startswith("://", token.end):
            return False
        following = self.token(token.end)
        return following.is_mark(":", "{", "<") or following.text == "="

    def literal(self, first: Token) -> tuple[list[Token], int]:
        """Collects a literal: a word, a number, or a string with those that continue it.

        Returns:
            The tokens, and the offset after them. An unterminated string is reported, and ends the list.
        """
        tokens = [first]
        token = first
        while token.kind == "string":
            token = self.token(token.end)
            if token.kind in {"string", "unterminated"}:
                tokens.append(token)
        last = tokens[-1]
        if last.kind != "unterminated":
            return tokens, last.end
        end = self._end_of_unterminated(last)
        self._report_once(
            last.start,
            "parse.unterminated",
            "this string has no closing quote on its line",
            f"end it with {last.text[0]}",
        )
        return tokens, end

    def _end_of_unterminated(self, token: Token) -> int:
        """Where the string most likely ends: braces that close what stands before it are none of its text."""
        text = token.text
        unpaired = {closer: text.count(closer) - text.count(opener) for opener, closer in ("{}", "<>", "[]")}
        end = len(text.rstrip())
        while end > 1 and unpaired.get(text[end - 1], 0) > 0:
            unpaired[text[end - 1]] -= 1
            end -= 1
            while text[end - 1].isspace():
                end -= 1
        return token.start + end

    def skip_value(self, token: Token) -> int:
        """Returns the offset after a value that is not read."""
        if token.is_mark("{", "<", "["):
            return self.skip_balanced(token)
        if token.kind in {"word", "number", "string", "unterminated"} and not self.begins_field(token):
            return self.literal(token)[1]
        return token.start

    def skip_balanced(self, opener: Token) -> int:
        """Returns the offset after the bracket that closes `opener`; a missing one is reported."""
        if self.by_indentation:
            return self._skip_indented(opener)
        position = opener.end
        depth = 1
        while depth:
            found = BRACKET.search(self._text, position)
            if found is None:
                # The rest of the text, which nobody has read, may hold whatever now seems to be missing.
                self.state.reporter.damage(self.state.block, "")
                self.unterminated(opener.start, opener.text, self.state.block)
                return len(self._text)
            position = found.end()
            if found.lastgroup == "unterminated":
                position = self.literal(self.token(found.start()))[1]
            depth += (found.lastgroup == "opener") - (found.lastgroup == "closer")
        return position

    def _skip_indented(self, opener: Token) -> int:
        """Skips a block that ends at the latest where a line is not indented more than the one it begins on."""
        position = opener.end
        indent = self.indent(opener.start)
        depth = 1
        while depth:
            token = self.token(position)
            is_over = self.is_first_on_line(token) and self.column(token.start) <= indent
            if token.kind == "end":
                self.state.reporter.damage(self.state.block, "")
            if token.kind == "end" or (is_over and not token.is_mark("}", ">", "]")):
                self.unterminated(opener.start, opener.text, self.state.block)
                return token.start
            if token.kind == "mark":
                depth += (token.text in "{<[") - (token.text in "}>]")
                depth = 0 if is_over else depth
            position = self.literal(token)[1] if token.kind == "unterminated" else token.end
        return position

    def unterminated(self, opener: int, bracket: str, block: Block) -> None:
        """Reports a bracket without its counterpart."""
        self.state.unbalanced = True
        closer = OPENERS.get(bracket, "]")
        self.state.reporter.error(
            "parse.unterminated",
            f"this `{bracket}` is never closed",
            block,
            "",
            opener,
            f"add the missing `{closer}`",
        )

    def resume(self, position: int) -> int:
        """Returns the offset of what most likely begins the next statement after something unreadable."""
        block = self.state.block
        while True:
            token = self.token(position)
            if token.kind == "end" or token.is_mark("}", ">"):
                return token.start
            if token.is_mark(",", ";"):
                return token.end
            if token.kind == "word":
                if self.is_first_on_line(token):
                    return token.start
                if token.text in block.plan.fields:
                    self.state.reporter.damage(block, token.text)
            position = self.skip_balanced(token) if token.is_mark("{", "<", "[") else self.literal(token)[1]

    def column(self, offset: int) -> int:
        """Returns how many characters stand before an offset on its line."""
        return offset - self._text.rfind("\n", 0, offset) - 1

    def indent(self, offset: int) -> int:
        """Returns the indentation of the line of an offset."""
        if offset not in self._indents:
            self._indents[offset] = self._measured_indent(offset)
        return self._indents[offset]

    def _measured_indent(self, offset: int) -> int:
        start = self._text.rfind("\n", 0, offset) + 1
        line = self._text[start:offset]
        return len(line) - len(line.lstrip(" \t"))

    def is_first_on_line(self, token: Token) -> bool:
        """Tells whether only white space stands before a token on its line."""
        before = token.start - 1
        while before >= 0 and self._text[before] in " \t":
            before -= 1
        return before < 0 or self._text[before] == "\n"
