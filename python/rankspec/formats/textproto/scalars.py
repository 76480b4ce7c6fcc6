"""Scalar literals of the text format: the portable spellings, and a helpful refusal of all others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rankspec.diagnostics.closest_name import closest, listed
from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.field_plans import INTEGER_RANGES, FieldPlan
from rankspec.formats.field_suggestions import field_words
from rankspec.formats.literals import shortened, what_to_write, wrong_type
from rankspec.formats.textproto.strings import read_text
from rankspec.formats.textproto.tokens import TOKEN, Token

_DECIMAL_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_HEXADECIMAL = re.compile(r"-?0x[0-9a-fA-F]+\Z")
_REAL = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?\Z")
# What some parser reads as a number once underscores are gone: signs, leading zeros, 0X, 0o, 0b.
_LENIENT_INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)\Z")
_LENIENT_REAL = re.compile(r"([+-]?)0*([0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)[fF]*\Z")
_NOT_FINITE = re.compile(r"(?:nan|-?inf(?:inity)?)\Z", re.IGNORECASE | re.ASCII)
_LENIENT_NOT_FINITE = re.compile(r"([+-]?)(?:(nan)|inf(?:inity)?)f?\Z", re.IGNORECASE)
# Decimal numbers with more digits than this are out of every range; Python would refuse to convert them.
_MOST_DIGITS = 400

_TRUE, _FALSE = ("true", "True", "t", "1"), ("false", "False", "f", "0")
_BOOLS = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
_BOOL_GUESSES = {"yes": "true", "on": "true", "no": "false", "off": "false", "y": "true", "n": "false"}


def read_scalar(field: FieldPlan, tokens: Sequence[Token]) -> object:
    """Reads a field's value.

    Args:
        field: A field that is no message.
        tokens: One word or number, or one or more adjacent strings.

    Returns:
        The value as Python's protobuf takes it.

    Raises:
        MistakeError: The field cannot take it, or not in this spelling.
    """
    if field.kind in {"string", "bytes"}:
        return read_text(field, tokens)
    token = tokens[0]
    if token.kind == "string":
        raise MistakeError(
            "parse.wrong_type",
            f"`{field.name}` takes {field_words(field)}, not a string",
            _unquoted(field, token) or what_to_write(field, token.text),
        )
    if field.kind in INTEGER_RANGES:
        return read_integer(field, token.text)
    if field.kind in {"float", "double"}:
        return read_real(field, token.text)
    return _read_bool(field, token.text) if field.kind == "bool" else _read_enum(field, token.text)


def _unquoted(field: FieldPlan, token: Token) -> str | None:
    inside = token.text[1:-1]
    bare = TOKEN.fullmatch(inside)
    if bare is None or bare.lastgroup not in {"word", "number"}:
        return None
    try:
        read_scalar(field, [Token(bare.lastgroup, inside, token.start + 1, token.end - 1)])
    except MistakeError as error:
        return error.suggestion
    return f"without quotes: `{inside}`"


def read_integer(field: FieldPlan, text: str) -> int:
    """Reads a whole number: decimal, or hexadecimal with a small `0x`.

    Raises:
        MistakeError: It is no whole number, not in a portable spelling, or out of the field's range.
    """
    number = _whole_number(field, text)
    if number is not None:
        if text.startswith("-") and field.kind.startswith("u") and not text.strip("-0x"):
            raise MistakeError(
                "parse.not_portable.number",
                f"`{text}` for an unsigned field is refused by some languages",
                "write `0`",
            )
        return in_range(field, number, text)
    if _REAL.match(text):
        raise wrong_type(field, text, _whole(text))
    lenient = _LENIENT_INTEGER.match(text.replace("_", ""))
    if lenient is not None and not text.startswith("_"):
        raise _not_portable_integer(lenient, text)
    if text[0].isdigit() or text[0] in "+-.":
        raise _malformed_number(field, text)
    raise wrong_type(field, text)


def _whole_number(field: FieldPlan, text: str) -> int | None:
    """Returns what a whole number in a portable spelling stands for; None for another spelling.

    Raises:
        MistakeError: It has more digits than any range.
    """
    if len(text) > _MOST_DIGITS and text.strip("+-").isdigit():
        raise out_of_range(field, text, negative=text.startswith("-"))
    if _HEXADECIMAL.match(text):
        return int(text, 16)
    return int(text) if _DECIMAL_INTEGER.match(text) else None


def in_range(field: FieldPlan, number: int, text: str) -> int:
    """Returns the number if the field can hold it.

    Raises:
        MistakeError: It cannot; the nearest number that it can hold is suggested.
    """
    lowest, highest = INTEGER_RANGES["int32" if field.kind == "enum" else field.kind]
    if not lowest <= number <= highest:
        raise out_of_range(field, text, negative=number < lowest)
    return number


def out_of_range(field: FieldPlan, text: str, *, negative: bool) -> MistakeError:
    """Describes a whole number that the field cannot hold."""
    lowest, highest = INTEGER_RANGES["int32" if field.kind == "enum" else field.kind]
    return MistakeError(
        "parse.out_of_range",
        f"`{field.name}` takes whole numbers from {lowest} to {highest}, not {shortened(text)}",
        f"the nearest is {lowest if negative else highest}",
    )


def _whole(text: str) -> str | None:
    """Suggests the whole number that a real one stands for."""
    number = float(text.rstrip("fF"))
    return f"write `{int(number)}`" if number.is_integer() and abs(number) < 1e18 else None


def _malformed_number(field: FieldPlan, text: str) -> MistakeError:
    return MistakeError(
        "parse.syntax", f"`{shortened(text)}` is no number", f"`{field.name}` takes {field_words(field)}"
    )


def _not_portable_integer(lenient: re.Match[str], text: str) -> MistakeError:
    sign = "-" if lenient[1] == "-" else ""
    digits = lenient[2]
    plain = digits.lstrip("0") or "0"
    suggestion = f"write `{sign}{plain}`"
    if digits[1:2] in {"x", "X"}:
        suggestion = f"write `{sign}0x{digits[2:]}`"
    elif digits[1:2] in {"o", "O", "b", "B"} and len(digits) < _MOST_DIGITS:
        suggestion = f"write `{sign}{int(digits, 0)}`"
    elif digits.startswith("0") and len(digits) > 1 and not set(digits) - set("01234567"):
        suggestion += f", or `{sign}{int(digits, 8)}` if octal was meant"
    return MistakeError(
        "parse.not_portable.number", f"`{shortened(text)}` is not read alike by all languages", suggestion
    )


def read_real(field: FieldPlan, text: str) -> float:
    """Reads a real number; `nan`, `inf` and `infinity` are numbers, and one too large is infinite.

    Raises:
        MistakeError: It is no number, or not in a portable spelling.
    """
    if _REAL.match(text):
        return float(text.rstrip("fF"))
    if _NOT_FINITE.match(text):
        return float(text)
    if len(text) > _MOST_DIGITS:
        raise _not_portable_real(text, "a number with fewer digits")
    not_finite = _LENIENT_NOT_FINITE.match(text)
    if not_finite is not None:
        plain = "nan" if not_finite[2] else ("-inf" if not_finite[1] == "-" else "inf")
        raise _not_portable_real(text, plain)
    bare = text.replace("_", "")
    lenient = _LENIENT_REAL.match(bare)
    if lenient is not None and any(c.isdigit() for c in bare) and not text.startswith("_"):
        digits = lenient[2] if lenient[2][:1].isdigit() else "0" + lenient[2]
        plain = ("-" if lenient[1] == "-" else "") + digits
        if _REAL.match(plain):
            raise _not_portable_real(text, plain)
    integer = _LENIENT_INTEGER.match(bare)
    if integer is not None and (number := _lenient_value(integer[2])) is not None:
        raise _not_portable_real(text, f"{'-' if integer[1] == '-' else ''}{number}")
    if text[0].isdigit() or text[0] in "+-.":
        raise _malformed_number(field, text)
    raise wrong_type(field, text)


def _not_portable_real(text: str, plain: str) -> MistakeError:
    return MistakeError(
        "parse.not_portable.number",
        f"`{shortened(text)}` is not read alike by all languages",
        f"write `{shortened(plain)}`",
    )


def _lenient_value(digits: str) -> int | None:
    """The value of digits in base ten, or of 0x, 0o and 0b forms; None for more digits than any range has."""
    if len(digits) > _MOST_DIGITS:
        return None
    return int(digits) if digits.isdigit() else int(digits, 0)


def _read_bool(field: FieldPlan, text: str) -> bool:
    if text in _BOOLS:
        return _BOOLS[text]
    lenient = _LENIENT_INTEGER.match(text)
    number = _lenient_value(lenient[2]) if lenient else None
    if number in {0, 1}:
        plain = "true" if number else "false"
        raise MistakeError(
            "parse.not_portable.bool",
            f"`{shortened(text)}` is not read alike by all languages",
            f"write `{plain}`",
        )
    guess = _BOOL_GUESSES.get(text.lower()) or closest(text, ("true", "false"))
    raise wrong_type(field, text, f"write `{guess}`" if guess else None)


def _read_enum(field: FieldPlan, text: str) -> int:
    if text in field.enum_numbers:
        return field.enum_numbers[text]
    number = _whole_number(field, text)
    if number is not None:
        return known_enum_number(field, in_range(field, number, text))
    if text[0].isdigit() or text[0] in "+-.":
        lenient = _LENIENT_INTEGER.match(text.replace("_", ""))
        if lenient is not None and len(text) < _MOST_DIGITS:
            raise MistakeError(
                "parse.not_portable.number",
                f"`{text}` for an enum is not read alike by all languages",
                f"write the value's name: {listed(list(field.enum_numbers)[:8])}",
            )
        raise wrong_type(field, text)
    raise unknown_enum_value(field, text)


def known_enum_number(field: FieldPlan, number: int) -> int:
    """Returns the number if the enum takes it: any for an open enum, a defined one for a closed enum.

    Raises:
        MistakeError: The enum is closed and has no such value.
    """
    enum = field.enum
    if enum.is_closed and number not in enum.values_by_number:
        raise unknown_enum_value(field, str(number))
    return number


def unknown_enum_value(field: FieldPlan, text: str) -> MistakeError:
    """Describes a name that an enum does not have, with the nearest one, or all of them if they are few."""
    names = field.enum_numbers
    prefix = next(iter(names)).removesuffix("UNSPECIFIED")
    short = {name.removeprefix(prefix): name for name in names}
    match = closest(text, names) or short.get(closest(text, short) or "")
    # The zero is refused by rules where it is not the same as leaving the field out.
    choices = [name for name in names if not name.endswith("_UNSPECIFIED")] or list(names)
    suggestion = f"did you mean `{match}`?" if match else f"the values are {listed(choices[:12])}"
    return MistakeError(
        "parse.unknown_enum_value", f"`{shortened(text)}` is not a value of {field.enum.name}", suggestion
    )
