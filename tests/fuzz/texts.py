"""Texts to try the readers with: what is shipped and the conformance corpus, in every form, damaged in many ways."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from tests.conformance.corpus import all_cases, verdict_of
from tests.conformance.near_misses import changed

from rankspec.formats.reading import read
from rankspec.schema.message_types import message_class

EXTENSIONS = {"text": ".textproto", "json": ".json", "yaml": ".yaml", "binary": ".binpb"}
# The text format has the most ways to be read wrong.
_WEIGHTS = (5, 2, 2, 1)
_CONFIGS = Path(__file__).parents[2] / "configs"
# Most texts are small, so that many can be tried; a long one is tried once in a while.
_LONGEST = 1500
_SHARE_OF_LONG = 0.003
_WINDOW_LINES = 25
_HOSTILE = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b">",
        b'"',
        b"'",
        b"\\",
        b"#",
        b":",
        b",",
        b"\n",
        b"\r",
        b"\t",
        b"\0",
        b"\x7f",
        b"$",
    ),
    *(
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xf0\x9f\x98\x80",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xff\xfe",
    ),
    *(
        b"1e999",
        b"-0",
        b"9" * 400,
        b"0x" + b"f" * 40,
        b".nan",
        b"nan",
        b"inf",
        b"null",
        b"~",
        b"!!python/object:x",
        b"%",
    ),
    *(
        b"<<: *a",
        b"&a",
        b"*a",
        b"---\n",
        b"...",
        b"? ",
        b"- ",
        b"|",
        b"{{",
        b"}}",
        b"${A}",
        b"${",
        b"$${",
        b"\\u12",
        b"\\",
    ),
]
_YAML = [
    ("rankspec.optim.v1.LearningRate", b"linear_ramp_to_constant: &r {learning_rate: 0.1, num_ramp_steps: 1_000}\n"),
    ("rankspec.recap.v1.MlpConfig", b"layer_sizes: &s [8, 0x10, 1]\ndropout: {<<: {rate: 0.5}}\nbatch_norm: *s\n"),
]


class Text(NamedTuple):
    """What a file of some form may hold.

    Attributes:
        form: `text`, `json`, `yaml` or `binary`.
        message: Name of the message it is read as; None leaves that to its header.
        data: Its bytes.
    """

    form: str
    message: str | None
    data: bytes


def text_of(seed: int, index: int) -> Text:
    """Returns a text; the same numbers give the same text."""
    chance = random.Random(f"{seed}/{index}")  # noqa: S311 - repeatable texts, no secrets
    (form,) = chance.choices(list(EXTENSIONS), _WEIGHTS)
    message, data = _source(form, chance)
    for _ in range(chance.choice((0, 0, 1, 1, 1, 1, 1, 2, 4))):
        (damage,) = chance.choices([_tokens, _bytes, _truncated, _spliced, _repeated], (12, 5, 1, 1, 1))
        data = damage(form, data, chance)
    if chance.random() < 0.02:
        data = _garbage(chance)
    return Text(form, None if form != "binary" and chance.random() < 0.04 else message, data)


def _source(form: str, chance: random.Random) -> tuple[str, bytes]:
    if chance.random() < _SHARE_OF_LONG:
        return chance.choice(_shipped(form))
    if chance.random() < 0.04 and form != "binary":
        message, data = chance.choice(_shipped(form))
        return message, _window(data, chance)
    return chance.choice(_sources(form))


@cache
def _shipped(form: str) -> list[tuple[str, bytes]]:
    found = []
    for path in sorted(_CONFIGS.rglob("*.textproto")):
        message = read(str(path), None).message
        data = path.read_bytes() if form == "text" else _written(form, message)
        found.append((message.DESCRIPTOR.full_name, data))
    return found


@cache
def _sources(form: str) -> list[tuple[str, bytes]]:
    """Returns the small texts of the corpus, and those of its messages in another form."""
    found = list(_YAML) if form == "yaml" else []
    for case in all_cases():
        load = case.request.load
        if load.WhichOneof("source") == form:
            found.append((load.message, getattr(load, form)))
        elif load.WhichOneof("source") == "text" and verdict_of(case) != "unreadable":
            message = text_format.Parse(load.text, message_class(load.message)())
            found.append((load.message, _written(form, message)))
    return [(name, data) for name, data in found if len(data) <= _LONGEST]


def _written(form: str, message: Message) -> bytes:
    match form:
        case "json":
            return json_format.MessageToJson(message, preserving_proto_field_name=True).encode()
        case "yaml":
            names = json_format.MessageToDict(message, preserving_proto_field_name=True)
            return yaml.safe_dump(names, allow_unicode=True).encode()
        case _:
            return message.SerializeToString()


def _window(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    begin = chance.randrange(len(lines))
    return b"".join(lines[begin : begin + chance.randrange(1, _WINDOW_LINES)])


Damage = Callable[[str, bytes, random.Random], bytes]


def _tokens(form: str, data: bytes, chance: random.Random) -> bytes:
    return _bytes(form, data, chance) if form == "binary" else changed(data, chance)


def _bytes(_form: str, data: bytes, chance: random.Random) -> bytes:
    """Flips a bit, drops some bytes, or puts some in."""
    at = chance.randrange(len(data) + 1)
    what = chance.random()
    if what < 0.3 and at < len(data):
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if what < 0.5:
        return data[:at] + data[at + chance.randrange(1, 9) :]
    piece = chance.choice(_HOSTILE) if what < 0.9 else chance.randbytes(chance.randrange(1, 5))
    return data[:at] + piece + data[at:]


def _truncated(_form: str, data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.random() < 0.7 else data[at:]


def _spliced(form: str, data: bytes, chance: random.Random) -> bytes:
    other = _source(form, chance)[1]
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _repeated(_form: str, data: bytes, chance: random.Random) -> bytes:
    begin, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    end = min(end, begin + 30)
    return data[:begin] + data[begin:end] * chance.choice((2, 3, 20, 120)) + data[end:]


def _garbage(chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        return chance.randbytes(chance.randrange(80))
    return b"".join(chance.choice(_HOSTILE) for _ in range(chance.randrange(40)))
