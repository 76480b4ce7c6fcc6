"""Statements of the text format, read with care: all its forms, and every mistake told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.source.recovery import TokenSource
from rankspec.source.state import MAX_DEPTH
from rankspec.source.suggest import field_words
from rankspec.source.tokens import OPENERS, Token
from rankspec.source.values import LiteralError, read_scalar

if TYPE_CHECKING:
    from rankspec.source.blocks import Block
    from rankspec.source.plans import FieldPlan
    from rankspec.source.state import State

_LITERALS = frozenset({"word", "number", "string", "unterminated"})


class StatementReader:
    """Reads one statement at a time, where the quick pattern of the common forms does not match."""

    def __init__(self, state: State, *, by_indentation: bool = False) -> None:
        self._state = state
        self._reporter = state.reporter
        self._source = TokenSource(state, by_indentation=by_indentation)

    def statement(self, position: int) -> int | None:
        """Reads the statement at a position.

        Args:
            position: The offset right after the previous statement.

        Returns:
            The offset after the statement, or None at the end of the text.
        """
        token = self._source.token(position)
        if self._source.by_indentation and self._source.is_first_on_line(token):
            self._close_by_indentation(token)
        if token.kind == "end":
            self._end()
            return None
        if token.is_mark("}", ">"):
            return self._close(token)
        if token.is_mark(",", ";"):
            return self._separator(token, position)
        if token.is_mark("["):
            return self._extension(token)
        if token.kind == "word":
            return self._field(token)
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
            self._source.unterminated(block.opener, state.text[block.opener], block)

    def _close(self, token: Token) -> int:
        state = self._state
        block = state.block
        if block.parent is None or self._is_indented_more(token, block):
            state.unbalanced = True
            self._error("parse.syntax", f"this `{token.text}` closes nothing", token, "remove it")
            return token.end
        if token.text != block.closer:
            self._error(
                "parse.syntax",
                f"a block that begins with `{state.text[block.opener]}` is closed by `{token.text}`",
                token,
                f"write `{block.closer}`",
                related=(block.opener,),
            )
        state.close()
        return self._after_element(block, token.end) if block.in_list else token.end

    def _is_indented_more(self, token: Token, block: Block) -> bool:
        """Tells whether a line's closing brace stands further right than the block it would close."""
        source = self._source
        if not source.by_indentation or not source.is_first_on_line(token):
            return False
        return source.column(token.start) > source.indent(block.opener)

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
            source.unterminated(block.opener, state.text[block.opener], block)

    def _separator(self, token: Token, position: int) -> int:
        if position == 0 or self._state.text[position - 1] in "{<,;":
            self._error("parse.syntax", f"this `{token.text}` separates nothing", token, "remove it")
        return token.end

    # Names.

    def _field(self, name: Token) -> int:
        field = self._state.block.plan.fields.get(name.text)
        if field is None:
            return self._unknown(name)
        value = self._value_after(name, field)
        if value is None:
            self._reporter.damage(self._state.block, field.name)
            return self._resume_after_name(name)
        return self._value(field, name, value)

    def _value_after(self, name: Token, field: FieldPlan) -> Token | None:
        """Returns the token that begins the value of a field; None, after a report, if there is none."""
        source = self._source
        token = source.token(name.end)
        if token.is_mark(":") or token.text == "=":
            value = source.token(token.end)
            if token.text == "=":
                self._error(
                    "parse.syntax", f"`{name.text}` is followed by `=`", token, "write `:` instead", name.text
                )
        elif token.is_mark("{", "<"):
            return token
        else:
            value = token
            if (token.kind in _LITERALS or token.is_mark("[")) and not source.begins_field(token):
                self._missing_colon(name, field, token)
        if value.is_mark("{", "<", "[") or (value.kind in _LITERALS and not source.begins_field(value)):
            return value
        if value.text in {"-", "+"} and source.token(value.end).kind in {"number", "word"}:
            return value
        self._error(
            "parse.syntax", f"`{name.text}` has no value", name, f"it takes {field_words(field)}", name.text
        )
        return None

    def _missing_colon(self, name: Token, field: FieldPlan, token: Token) -> None:
        if field.kind == "message" and token.is_mark("["):
            self._error(
                "parse.not_portable.colon",
                f"a list after `{name.text}` without a colon is not read alike by all languages",
                token,
                f"write `{name.text}: [`",
                name.text,
            )
            return
        self._error(
            "parse.syntax",
            f"`{name.text}` is not followed by a colon",
            token,
            f"write `{name.text}:`",
            name.text,
        )

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
        if (
            meant is not None
            and meant.kind == "message"
            and value.is_mark("{", "<")
            and self._state.depth < MAX_DEPTH
        ):
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
            self._error(
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
        self._error(
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
        self._error(
            "parse.syntax", "a field is given by its name, not by a number", token, suggestion, name or ""
        )
        if name:
            self._reporter.damage(block, name)
        value = self._source.token(following.end) if following.is_mark(":") else following
        return self._source.skip_value(value)

    def _extension(self, token: Token) -> int:
        self._error(
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
        self._error(
            "parse.syntax", f"unexpected `{token.text[:40]}`", token, "a field's name is expected here"
        )
        return self._source.resume(token.end)

    # Values.

    def _value(self, field: FieldPlan, name: Token, value: Token) -> int:
        first = self._state.block.seen.get(field.exclusive)
        if first is not None:
            self._reporter.given_before(self._state.block, field, name.start, first)
        if value.is_mark("{", "<"):
            return self._block(field, name, value, is_new=first is None)
        if value.is_mark("["):
            return self._list(field, name, value)
        if value.text in {"-", "+"}:
            return self._detached_sign(field, name, value)
        tokens, end = self._source.literal(value)
        if tokens[-1].kind == "unterminated":
            self._spoil(field, name, value)
        elif field.kind == "message":
            self._wrong_shape(field, name, value, value.text[:40], _block_example(field))
        else:
            self._scalar(field, name, tokens, is_new=first is None)
        return end

    def _block(self, field: FieldPlan, name: Token, value: Token, *, is_new: bool) -> int:
        state = self._state
        if field.kind != "message":
            self._wrong_shape(field, name, value, "a block", f"write `{field.name}: …`")
            return self._source.skip_balanced(value)
        if state.depth >= MAX_DEPTH:
            message = f"blocks are nested more than {MAX_DEPTH} deep"
            self._error("parse.too_deep", message, value, None, field.name)
            self._reporter.damage(state.block, field.name)
            return self._source.skip_balanced(value)
        if is_new:
            state.open(field, name.start, value.start, OPENERS[value.text])
        else:
            state.open_detached(field, field.name, value.start, OPENERS[value.text])
        return value.end

    def _wrong_shape(self, field: FieldPlan, name: Token, value: Token, found: str, suggestion: str) -> None:
        message = f"`{field.name}` takes {field_words(field)}, not {found if ' ' in found else f'`{found}`'}"
        self._error("parse.wrong_type", message, value, suggestion, field.name)
        self._spoil(field, name, value)

    def _spoil(self, field: FieldPlan, name: Token, value: Token) -> None:
        """Notes that a field was given a value that cannot be read."""
        self._reporter.damage(self._state.block, field.name)
        if not field.repeated and not field.is_map:
            self._state.record(field, name.start, value.start)

    def _detached_sign(self, field: FieldPlan, name: Token, sign: Token) -> int:
        number = self._source.token(sign.end)
        suggestion = f"write `{sign.text if sign.text == '-' else ''}{number.text[:40]}`"
        self._error(
            "parse.not_portable.sign", "a sign apart from its number is not read by all languages", sign, suggestion,
            field.name,
        )  # fmt: skip
        self._spoil(field, name, sign)
        return number.end

    def _scalar(self, field: FieldPlan, name: Token, tokens: list[Token], *, is_new: bool) -> None:
        state = self._state
        block = state.block
        path = field.name
        if field.repeated:
            path = f"{path}[{len(getattr(block.message, field.name))}]"
        value = self._read(field, tokens, path)
        if not is_new:
            return
        if value is None and field.repeated:
            value = field.placeholder
        if value is not None and field.repeated:
            getattr(block.message, field.name).append(value)
        elif value is not None:
            setattr(block.message, field.name, value)
        if value is not None or not block.is_map_entry:
            state.record(field, name.start, tokens[0].start)
        elif field.name == "key":
            block.attached = False

    def _read(self, field: FieldPlan, tokens: list[Token], path: str) -> object:
        """Reads a literal; None, after a report, if the field cannot take it."""
        try:
            return read_scalar(field, tokens)
        except LiteralError as error:
            self._reporter.literal(error, self._state.block, path, tokens[0].start)
            self._reporter.damage(self._state.block, path)
            return None

    # Lists.

    def _list(self, field: FieldPlan, name: Token, bracket: Token) -> int:
        if not field.repeated and not field.is_map:
            self._wrong_shape(field, name, bracket, "a list", f"write `{field.name}` with one value")
            return self._source.skip_balanced(bracket)
        first = self._source.token(bracket.end)
        if first.is_mark("]"):
            self._state.record(field, name.start, bracket.start, [] if field.repeated else None)
            return first.end
        if field.kind == "message":
            return self._element_block(field, name.start, bracket, first)
        offsets: list[int] = []
        end = self._scalar_elements(field, bracket, offsets)
        self._state.record(field, name.start, bracket.start, offsets)
        return end

    def _scalar_elements(self, field: FieldPlan, bracket: Token, offsets: list[int]) -> int:
        """Reads elements up to the closing bracket into the message, noting where each begins."""
        source = self._source
        token = source.token(bracket.end)
        while True:
            if (
                token.kind not in _LITERALS
                and not token.is_mark("{", "<", "[", ",")
                and token.text not in {"-", "+"}
            ):
                return self._list_not_closed(field, bracket, token)
            if source.begins_field(token):
                return self._list_not_closed(field, bracket, token)
            token = source.token(self._element(field, token, offsets))
            if token.is_mark("]"):
                return token.end
            if token.is_mark(","):
                comma, token = token, source.token(token.end)
                if token.is_mark("]"):
                    self._error("parse.syntax", "the list ends with a comma", comma, "remove it", field.name)
                    return token.end
            elif token.kind in _LITERALS and not source.begins_field(token):
                message = "a comma is missing between two elements"
                self._error("parse.syntax", message, token, f"write `, {token.text[:40]}`", field.name)

    def _element(self, field: FieldPlan, token: Token, offsets: list[int]) -> int:
        """Reads one element, or a placeholder for it; returns the offset after it."""
        source = self._source
        container = getattr(self._state.block.message, field.name)
        path = f"{field.name}[{len(container)}]"
        value = None
        if token.kind in _LITERALS:
            tokens, end = source.literal(token)
            if tokens[-1].kind != "unterminated":
                value = self._read(field, tokens, path)
        elif token.is_mark(","):
            self._error("parse.syntax", "an element is missing before this comma", token, "remove it", path)
            end = token.start
        elif token.kind == "mark":
            message = f"an element of `{field.name}` is {field_words(field)}"
            self._error(
                "parse.wrong_type", f"{message}, not a {'list' if token.text == '[' else 'block'}", token
            )
            end = source.skip_balanced(token)
        else:
            message = "a sign apart from its number is not read by all languages"
            self._error("parse.not_portable.sign", message, token, "write it together with the number", path)
            end = source.skip_value(source.token(token.end))
        if value is None:
            self._reporter.damage(self._state.block, path)
            value = field.placeholder
        container.append(value)
        offsets.append(token.start)
        return end

    def _list_not_closed(self, field: FieldPlan, bracket: Token, token: Token) -> int:
        self._error(
            "parse.unterminated", "this list is not closed", bracket, "add the missing `]`", field.name
        )
        self._reporter.damage(self._state.block, field.name)
        if token.kind in _LITERALS or token.kind == "end" or token.is_mark("}", ">"):
            return token.start
        return self._source.resume(token.end)

    def _element_block(self, field: FieldPlan, name_offset: int, bracket: Token, token: Token) -> int:
        """Enters a message that is an element of a list between brackets."""
        state = self._state
        if token.is_mark("{", "<") and state.depth < MAX_DEPTH:
            state.open(field, name_offset, token.start, OPENERS[token.text]).in_list = True
            return token.end
        if token.is_mark("{", "<"):
            message = f"blocks are nested more than {MAX_DEPTH} deep"
            self._error("parse.too_deep", message, token, None, field.name)
        else:
            message = f"an element of `{field.name}` is {field_words(field)}"
            self._error("parse.wrong_type", message, token, "write each element as `{ … }`", field.name)
        self._reporter.damage(state.block, field.name)
        return self._source.skip_balanced(bracket)

    def _after_element(self, block: Block, position: int) -> int:
        """Goes on after a message between brackets: with the next one, or after the list."""
        source, state = self._source, self._state
        field = block.field
        assert field is not None
        token = source.token(position)
        if token.is_mark("]"):
            return token.end
        name_offset = state.block.entries[-1][1]
        if token.is_mark("{", "<"):
            self._error(
                "parse.syntax", "a comma is missing between two elements", token, "write `, {`", field.name
            )
            return self._element_block(field, name_offset, token, token)
        if not token.is_mark(","):
            self._error("parse.unterminated", "the list is not closed here", token, "write `]`", field.name)
            return token.start
        following = source.token(token.end)
        if following.is_mark("]"):
            self._error("parse.syntax", "the list ends with a comma", token, "remove it", field.name)
            return following.end
        if following.is_mark("{", "<"):
            return self._element_block(field, name_offset, following, following)
        message = f"an element of `{field.name}` is {field_words(field)}"
        self._error("parse.wrong_type", message, following, "write each element as `{ … }`", field.name)
        self._reporter.damage(state.block, field.name)
        end = source.skip_value(following)
        closing = source.token(end)
        return closing.end if closing.is_mark("]") else source.resume(end)

    def _error(
        self,
        code: str,
        message: str,
        token: Token,
        suggestion: str | None = None,
        name: str = "",
        related: tuple[int, ...] = (),
    ) -> None:
        self._reporter.error(code, message, self._state.block, name, token.start, suggestion, related)


def _block_example(field: FieldPlan) -> str:
    return f"write `{field.name} {{ {'key: … value: …' if field.is_map else '…'} }}`"
