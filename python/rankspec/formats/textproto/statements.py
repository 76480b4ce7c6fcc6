"""Statements of the text format: all its forms, and every mistake told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.formats.field_suggestions import field_words
from rankspec.formats.reading_state import MAX_DEPTH, State
from rankspec.formats.textproto.field_values import ValueReader
from rankspec.formats.textproto.recovery import LITERALS, TokenSource
from rankspec.formats.textproto.tokens import FOREIGN_COMMENT, ODD_NAME, OPENERS, Token

if TYPE_CHECKING:
    from rankspec.formats.blocks import Block
    from rankspec.formats.field_plans import FieldPlan


class StatementReader:
    """Reads one statement at a time."""

    def __init__(self, state: State, *, by_indentation: bool = False) -> None:
        self._state = state
        self._reporter = state.reporter
        self._source = TokenSource(state, by_indentation=by_indentation)
        self._values = ValueReader(state, self._source)

    def read_all(self) -> None:
        """Reads the whole text."""
        position: int | None = 0
        while position is not None:
            position = self._statement(position)

    def _statement(self, position: int) -> int | None:
        """Reads the statement at a position.

        Args:
            position: The offset right after the previous statement.

        Returns:
            The offset after the statement, or None at the end of the text.
        """
        token = self._source.token(position)
        if self._source.by_indentation and self._source.is_first_on_line(token):
            self._close_by_indentation(token)
        if token.kind == "word":
            return self._field(token)
        if token.is_mark("}", ">"):
            return self._close(token)
        if token.kind == "end":
            self._end()
            return None
        if token.is_mark(",", ";"):
            return self._separator(token, position)
        if token.is_mark("["):
            return self._extension(token)
        if token.kind == "string":
            return self._quoted_name(token)
        if token.kind == "number":
            return self._field_number(token)
        return self._unexpected(token)

    # Ends of blocks.

    def _end(self) -> None:
        state = self._state
        while state.block.parent is not None:
            block = state.block
            self._reporter.damage(block, "")
            self._reporter.damage(block.parent or block, "")
            state.close()
            self._source.unterminated(block.opener, block.bracket, block)

    def _close(self, token: Token) -> int:
        state = self._state
        block = state.block
        if block.parent is None or self._is_indented_more(token, block):
            state.unbalanced = True
            self._source.error("parse.syntax", f"this `{token.text}` closes nothing", token, "remove it")
            return token.end
        if token.text != block.closer:
            self._source.error(
                "parse.syntax",
                f"a block that begins with `{block.bracket}` is closed by `{token.text}`",
                token,
                f"write `{block.closer}`",
                related=(block.opener,),
            )
        state.close()
        return self._values.after_element(block, token.end) if block.in_list else token.end

    def _is_indented_more(self, token: Token, block: Block) -> bool:
        """Tells whether a line that begins with a closing brace is indented more than the block to be closed."""
        source = self._source
        if not source.by_indentation:
            return False
        indent = source.indent(token.start)
        first = self._state.text[token.start - source.column(token.start) + indent]
        return first in "}>" and indent > source.indent(block.opener)

    def _close_by_indentation(self, token: Token) -> None:
        """Ends blocks that the indentation of a line shows to be over although their brace is missing."""
        source, state = self._source, self._state
        column = source.column(token.start)
        closes = token.is_mark("}", ">")
        while (block := state.block).parent is not None and token.kind != "end":
            indent = source.indent(block.opener)
            if indent < column or (closes and indent == column):
                return
            state.close()
            source.unterminated(block.opener, block.bracket, block)

    def _separator(self, token: Token, position: int) -> int:
        if position == 0 or self._state.text[position - 1] in "{<,;":
            self._source.error("parse.syntax", f"this `{token.text}` separates nothing", token, "remove it")
        return token.end

    # Names.

    def _field(self, name: Token) -> int:
        field = self._state.block.plan.fields.get(name.text)
        odd = ODD_NAME.match(self._state.text, name.start)
        if odd is not None and odd.end() > name.end:
            # No parser knows such names; as one name it is one mistake.
            return self._unknown(Token("word", odd[0], name.start, odd.end()))
        if field is None:
            return self._unknown(name)
        value = self._value_after(name, field)
        if value is None:
            self._reporter.damage(self._state.block, field.name)
            return self._resume_after_name(name)
        return self._values.read(field, name, value)

    def _value_after(self, name: Token, field: FieldPlan) -> Token | None:
        """Returns the token that begins the value of a field; None, after a report, if there is none."""
        source = self._source
        token = source.token(name.end)
        if token.is_mark(":") or token.text == "=":
            value = source.token(token.end)
            if token.text == "=":
                self._source.error(
                    "parse.syntax", f"`{name.text}` is followed by `=`", token, "write `:` instead", name.text
                )
        elif token.is_mark("{", "<") or (token.is_mark("[") and field.kind == "message"):
            return token
        else:
            value = token
            if (token.kind in LITERALS or token.is_mark("[")) and not source.begins_field(token):
                source.error(
                    "parse.syntax",
                    f"`{name.text}` is not followed by a colon",
                    token,
                    f"write `{name.text}:`",
                    name.text,
                )
        if value.is_mark("{", "<", "[") or (value.kind in LITERALS and not source.begins_field(value)):
            return value
        if value.text in {"-", "+"} and source.token(value.end).kind in {"number", "word"}:
            return value
        if value.kind == "other" and field.kind == "string":
            return value
        if self._lacks_brace(name, field, value):
            source.error("parse.syntax", f"the block of `{name.text}` lacks its `{{`", name, f"write `{name.text} {{`")
            return Token("mark", "{", name.start, value.start)
        source.error("parse.syntax", f"`{name.text}` has no value", name, f"it takes {field_words(field)}", name.text)
        return None

    def _lacks_brace(self, name: Token, field: FieldPlan, following: Token) -> bool:
        """Tells whether what follows a message's name is the inside of its block."""
        if field.kind != "message" or following.text not in field.message_plan.fields:
            return False
        is_indented = self._source.column(following.start) > self._source.column(name.start)
        return is_indented or following.text not in self._state.block.plan.fields

    def _resume_after_name(self, name: Token) -> int:
        source = self._source
        token = source.token(name.end)
        if token.is_mark(":") or token.text == "=":
            token = source.token(token.end)
        if token.kind in {"word", "end"} or token.is_mark("}", ">", ",", ";"):
            return token.start
        return source.resume(token.end)

    def _unknown(self, name: Token) -> int:
        meant = self._reporter.unknown_field(self._state.block, name.text, name.start)
        value = self._source.token(name.end)
        if value.is_mark(":") or value.text == "=":
            value = self._source.token(value.end)
        if meant is not None and meant.kind == "message" and value.is_mark("{", "<") and self._state.depth < MAX_DEPTH:
            self._state.open_detached(meant, name.text, value.start, OPENERS[value.text])
            return value.end
        if value.text in {"-", "+"}:
            value = self._source.token(value.end)
        return self._source.skip_value(value)

    def _quoted_name(self, token: Token) -> int:
        name = Token("word", token.text[1:-1], token.start, token.end)
        following = self._source.token(token.end)
        block = self._state.block
        if not following.is_mark(":", "{", "<"):
            return self._unexpected(token)
        if name.text in block.plan.fields:
            self._source.error(
                "parse.syntax",
                "a field's name is written without quotes",
                token,
                f"write `{name.text}`",
                name.text,
            )
            return self._field(name)
        if not block.is_map_entry:
            return self._unknown(name)
        assert block.field is not None
        self._source.error(
            "parse.syntax",
            "a map entry is written as a key and a value",
            token,
            f"write `{block.field.name} {{ key: {token.text} value … }}`",
        )
        block.attached = False
        self._reporter.damage(block.parent or block, block.field.name)
        value = self._source.token(following.end) if following.is_mark(":") else following
        return self._source.skip_value(value)

    def _field_number(self, token: Token) -> int:
        following = self._source.token(token.end)
        if not following.is_mark(":", "{", "<"):
            return self._unexpected(token)
        block = self._state.block
        numbers = {str(field.descriptor.number): name for name, field in block.plan.fields.items()}
        name = numbers.get(token.text)
        suggestion = f"write `{name}`" if name else None
        self._source.error(
            "parse.syntax", "a field is given by its name, not by a number", token, suggestion, name or ""
        )
        if name:
            self._reporter.damage(block, name)
        value = self._source.token(following.end) if following.is_mark(":") else following
        return self._source.skip_value(value)

    def _extension(self, token: Token) -> int:
        self._source.error(
            "parse.syntax",
            "extensions and types in brackets have no place in a spec",
            token,
            "write a field's name",
        )
        following = self._source.token(self._source.skip_balanced(token))
        if following.is_mark(":"):
            following = self._source.token(following.end)
        return self._source.skip_value(following)

    def _unexpected(self, token: Token) -> int:
        if token.kind == "unterminated":
            return self._source.resume(self._source.literal(token)[1])
        comment = FOREIGN_COMMENT.match(self._state.text, token.start)
        if comment is not None:
            self._source.error("parse.syntax", "a comment begins with `#`", token, "write `#`, once a line")
            return comment.end()
        self._source.error("parse.syntax", f"unexpected `{token.text[:40]}`", token, "a field's name is expected here")
        return self._source.resume(token.end)
