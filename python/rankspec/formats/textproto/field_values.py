"""Values of fields in the text format: scalars, lists and the beginnings of blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.field_suggestions import field_words
from rankspec.formats.reading_state import MAX_DEPTH, State
from rankspec.formats.textproto.recovery import LITERALS, TokenSource
from rankspec.formats.textproto.scalars import read_scalar
from rankspec.formats.textproto.tokens import OPENERS, Token

if TYPE_CHECKING:
    from rankspec.formats.blocks import Block
    from rankspec.formats.field_plans import FieldPlan

_BARE_TEXT = re.compile(r"[^\s,;{}<>\[\]#]+")


class ValueReader:
    """Reads values into the open block."""

    def __init__(self, state: State, source: TokenSource) -> None:
        self._state = state
        self._reporter = state.reporter
        self._source = source

    def read(self, field: FieldPlan, name: Token, value: Token) -> int:
        """Reads the value that begins with a token, or enters it if it is a block.

        Returns:
            The offset after what was read.
        """
        first = self._state.block.seen.get(field.exclusive)
        if first is not None:
            self._reporter.given_before(self._state.block, field, name.start, first)
        if value.is_mark("{", "<"):
            return self._block(field, name, value, is_new=first is None)
        if value.is_mark("["):
            return self._list(field, name, value)
        if value.text in {"-", "+"}:
            return self._detached_sign(field, name, value)
        if field.kind == "string" and value.kind in {"word", "number", "other"}:
            # Without quotes a path or an address would fall into many tokens.
            value = self._bare_text(value)
        tokens, end = self._source.literal(value)
        if tokens[-1].kind == "unterminated":
            self._spoil(field, name, value)
        elif field.kind == "message":
            self._wrong_shape(field, name, value, value.text[:40], _block_example(field))
        else:
            self._scalar(field, name, tokens, is_new=first is None)
        return end

    def _bare_text(self, token: Token) -> Token:
        text = _BARE_TEXT.match(self._state.text, token.start)
        return Token("word", text[0], token.start, text.end()) if text else token

    def _block(self, field: FieldPlan, name: Token, value: Token, *, is_new: bool) -> int:
        state = self._state
        if field.kind != "message":
            self._wrong_shape(field, name, value, "a block", f"write `{field.name}: …`")
            return self._source.skip_balanced(value)
        if state.depth >= MAX_DEPTH:
            message = f"blocks are nested more than {MAX_DEPTH} deep"
            self._source.error("parse.too_deep", message, value, None, field.name)
            self._reporter.damage(state.block, field.name)
            return self._source.skip_balanced(value)
        if is_new:
            state.open(field, name.start, value.start, OPENERS[value.text])
        else:
            state.open_detached(field, field.name, value.start, OPENERS[value.text])
        return value.end

    def _wrong_shape(self, field: FieldPlan, name: Token, value: Token, found: str, suggestion: str) -> None:
        message = f"`{field.name}` takes {field_words(field)}, not {found if ' ' in found else f'`{found}`'}"
        self._source.error("parse.wrong_type", message, value, suggestion, field.name)
        self._spoil(field, name, value)

    def _spoil(self, field: FieldPlan, name: Token, value: Token) -> None:
        """Notes that a field was given a value that cannot be read."""
        block = self._state.block
        self._reporter.damage(block, field.name)
        if block.is_map_entry and field.name == "key":
            block.attached = False
        elif not field.repeated and not field.is_map:
            self._state.record(field, name.start, value.start)

    def _detached_sign(self, field: FieldPlan, name: Token, sign: Token) -> int:
        number = self._source.token(sign.end)
        suggestion = f"write `{sign.text if sign.text == '-' else ''}{number.text[:40]}`"
        message = "a sign apart from its number is not read by all languages"
        self._source.error("parse.not_portable.sign", message, sign, suggestion, field.name)
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
        except MistakeError as error:
            self._reporter.literal(error, self._state.block, path, tokens[0].start)
            return None

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
            if token.kind not in LITERALS and not token.is_mark("{", "<", "[", ",") and token.text not in {"-", "+"}:
                return self._list_not_closed(field, bracket, token)
            if source.begins_field(token):
                return self._list_not_closed(field, bracket, token)
            token = source.token(self._element(field, token, offsets))
            if token.is_mark("]"):
                return token.end
            if token.is_mark(","):
                comma, token = token, source.token(token.end)
                if token.is_mark("]"):
                    self._source.error("parse.syntax", "the list ends with a comma", comma, "remove it", field.name)
                    return token.end
            elif token.kind in LITERALS and not source.begins_field(token):
                message = "a comma is missing between two elements"
                self._source.error("parse.syntax", message, token, f"write `, {token.text[:40]}`", field.name)

    def _element(self, field: FieldPlan, token: Token, offsets: list[int]) -> int:
        """Reads one element, or a placeholder for it; returns the offset after it."""
        source = self._source
        container = getattr(self._state.block.message, field.name)
        path = f"{field.name}[{len(container)}]"
        value = None
        if token.kind in LITERALS:
            tokens, end = source.literal(token)
            if tokens[-1].kind != "unterminated":
                value = self._read(field, tokens, path)
        elif token.is_mark(","):
            self._source.error("parse.syntax", "an element is missing before this comma", token, "remove it", path)
            end = token.start
        elif token.kind == "mark":
            message = f"an element of `{field.name}` is {field_words(field)}"
            self._source.error(
                "parse.wrong_type", f"{message}, not a {'list' if token.text == '[' else 'block'}", token
            )
            end = source.skip_balanced(token)
        else:
            message = "a sign apart from its number is not read by all languages"
            self._source.error("parse.not_portable.sign", message, token, "write it together with the number", path)
            end = source.skip_value(source.token(token.end))
        if value is None:
            self._reporter.damage(self._state.block, path)
            value = field.placeholder
        container.append(value)
        offsets.append(token.start)
        return end

    def _list_not_closed(self, field: FieldPlan, bracket: Token, token: Token) -> int:
        self._source.error("parse.unterminated", "this list is not closed", bracket, "add the missing `]`", field.name)
        self._reporter.damage(self._state.block, field.name)
        if token.kind in LITERALS or token.kind == "end" or token.is_mark("}", ">"):
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
            self._source.error("parse.too_deep", message, token, None, field.name)
        else:
            message = f"an element of `{field.name}` is {field_words(field)}"
            self._source.error("parse.wrong_type", message, token, "write each element as `{ … }`", field.name)
        self._reporter.damage(state.block, field.name)
        return self._source.skip_balanced(bracket)

    def after_element(self, block: Block, position: int) -> int:
        """Goes on after a message between brackets: with the next one, or after the list."""
        source, state = self._source, self._state
        field = block.field
        assert field is not None
        token = source.token(position)
        if token.is_mark("]"):
            return token.end
        name_offset = state.block.entries[-1][1]
        if token.is_mark("{", "<"):
            self._source.error(
                "parse.syntax", "a comma is missing between two elements", token, "write `, {`", field.name
            )
            return self._element_block(field, name_offset, token, token)
        if not token.is_mark(","):
            self._source.error("parse.unterminated", "the list is not closed here", token, "write `]`", field.name)
            return token.start
        following = source.token(token.end)
        if following.is_mark("]"):
            self._source.error("parse.syntax", "the list ends with a comma", token, "remove it", field.name)
            return following.end
        if following.is_mark("{", "<"):
            return self._element_block(field, name_offset, following, following)
        message = f"an element of `{field.name}` is {field_words(field)}"
        self._source.error("parse.wrong_type", message, following, "write each element as `{ … }`", field.name)
        self._reporter.damage(state.block, field.name)
        end = source.skip_value(following)
        closing = source.token(end)
        return closing.end if closing.is_mark("]") else source.resume(end)


def _block_example(field: FieldPlan) -> str:
    return f"write `{field.name} {{ {'key: … value: …' if field.is_map else '…'} }}`"
