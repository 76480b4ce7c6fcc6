"""The conformance corpus on disk: suites of cases in the text format."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from conformance.v1 import conformance_pb2 as pb
from google.protobuf import text_format
from google.protobuf.message import Message

CASES = Path(__file__).parent / "cases"
_HEADER = """\
# proto-file: conformance/v1/conformance.proto
# proto-message: conformance.v1.Suite
"""
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_ESCAPES = {"\n": r"\n", "\t": r"\t", "\r": r"\r", '"': r"\"", "\\": r"\\"}
_SUITE_FIELDS = "cases"


def suite_paths() -> list[Path]:
    return sorted(CASES.rglob("*.textproto"))


def suite_name(path: Path) -> str:
    """What the ids of a suite's cases begin with."""
    return path.relative_to(CASES).with_suffix("").as_posix()


def read_suite(path: Path) -> pb.Suite:
    return text_format.Parse(path.read_text(encoding="utf-8"), pb.Suite())


def all_cases() -> list[pb.Case]:
    return [case for path in suite_paths() for case in read_suite(path).cases]


def verdict_of(case: pb.Case) -> str:
    """The last part of a case's id: `valid`, `invalid` or `unreadable`."""
    return case.id.rpartition("/")[2]


def write_suite(path: Path, cases: Iterable[pb.Case]) -> None:
    """Writes a suite as a person would: a line of a text is a line, and short things stand on one."""
    lines = [line for case in cases for line in ("", *_message_lines("cases", case, ""))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([_HEADER.rstrip("\n"), *lines]) + "\n", encoding="utf-8")


def _message_lines(name: str, message: Message, indent: str) -> Iterator[str]:
    short = f"{indent}{name} {{ {text_format.MessageToString(message, as_one_line=True)} }}".replace("{  }", "{}")
    if len(short) <= 110 and "\\n" not in short and not isinstance(message, pb.Case | pb.Load):
        yield short
        return
    yield f"{indent}{name} {{"
    for field, value in message.ListFields():
        for item in value if field.is_repeated and not _is_map(field) else [value]:
            yield from _field_lines(field, item, indent + "  ")
    yield f"{indent}}}"


def _is_map(field: object) -> bool:
    message_type = getattr(field, "message_type", None)
    return message_type is not None and bool(message_type.GetOptions().map_entry)


def _field_lines(field: object, value: object, indent: str) -> Iterator[str]:
    name = str(getattr(field, "name", ""))
    if _is_map(field):
        assert isinstance(value, Iterable)
        for key, item in sorted(dict(value).items()):
            yield f"{indent}{name} {{ key: {_quoted(key)} value: {_quoted(_readable(item))} }}"
    elif isinstance(value, Message):
        yield from _message_lines(name, value, indent)
    elif isinstance(value, str | bytes):
        yield from _string_lines(name, value, indent)
    else:
        yield f"{indent}{name}: {value!r}"


def _string_lines(name: str, value: str | bytes, indent: str) -> Iterator[str]:
    text = _readable(value)
    parts = _LINES.findall(text) if isinstance(text, str) else []
    if len(parts) <= 1:
        yield f"{indent}{name}: {_quoted(text)}"
        return
    yield f"{indent}{name}:"
    for part in parts:
        yield f"{indent}  {_quoted(part)}"


def _readable(value: str | bytes) -> str | bytes:
    """Bytes that are UTF-8 as their text, which people read more easily."""
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _quoted(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\{b:03o}" for b in value) + '"'
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _octal(c)) for c in value) + '"'


def _octal(character: str) -> str:
    """Octal escapes end after three digits, so that no digit behind them is taken in."""
    return "".join(f"\\{byte:03o}" for byte in character.encode())
