"""Generates texts that are nearly right: those of the corpus, with a few tokens or characters changed."""

import random
import re
from collections.abc import Iterator

from conformance.v1 import conformance_pb2 as pb
from tests.conformance.corpus import all_cases, verdict_of

_TOKEN = re.compile(r"#[^\n]*|\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_0-9.+-]+|\s+|.", re.DOTALL)
_LONGEST = 1500

_NUMBERS = [
    *re.findall(
        r"\S+",
        """
        0 1 -1 2 7 01 00 -0 +1 010 08 0x1 0X1 -0x1 0x0 0xffffffff 0b1 0o7 1_0 1_ _1 0x 0xg 1u 1d 1L - + . --
        1. .5 -.5 1.5 01.5 1e3 1E-3 1e+3 1e400 -1e400 1e-400 5e-324 1f 1.5F .5f 1ff 1.2.3 1e 1e1.5 0x1p3 0x1.8p0
        2147483647 2147483648 -2147483648 9007199254740993 9223372036854775807 9223372036854775808 18446744073709551615
        99999999999999999999 0.1 0.30000000000000004 179769313486231580793e289 2.2250738585072011e-308
        nan inf -inf -nan NaN Inf infinity -infinity +inf inff nanf -Infinity INF
        """,
    ),
    "\uff11",
    "\u0663",
]
_WORDS = [
    *("true", "false", "True", "False", "TRUE", "t", "f", "T", "F", "yes", "null", "none", "a", "_"),
    *("key", "value", "rate", "lr", "layer_sizes", "dropout", "DEVICE_CPU", "DEVICE_UNSPECIFIED"),
]
_STRINGS = [
    '"a"', "'a'", '""', "''", '"a\'b"', '"a" \'b\'', '"a"\n"b"', '"# a"', '"a',
    "'a\"", '"\\', '"a\\\nb"', '"é"',
    r'"\a\n\t\\\""', r'"\q"', r'"\?"', r'"\400"', r'"\377"', r'"\000"', r'"\18"', r'"\303" "\251"', r'"\xff"', r'"\x"',
    r'"\x4"', r'"\x414"', r'"\X41"', r'"\xc3\xa9"', r'"\u00e9"', r'"\u12"', r'"\ud800"', r'"\ud83d\ude00"',
    r'"\U0001f600"', r'"\U00110000"', r'"\U0010FFFF"', '"\0"', '"\t"', '"\r"', '"\x01"', '"\x1b"', '"\x7f"',
    '"\u2028"', '"\ufeff"', '"${A}"', '"${B:-x}"', '"${"', '"$${A}"',
]  # fmt: skip
_MARKS = [*"{}<>[]:,;=/()@\\", "{}", "[]", "<>", "[,]", "::", ",,"]
_SPACES = [
    " ", "\t", "\n", "\r", "\r\n", "\f", "\v", "\xa0", "\x85", "\u2028", "\u3000", "\ufeff", "\0", "\x1c", "\u200b", "",
    "# a\n", "# a\r\n", "# a\r", "#\n", "# é\n", "# \0\n", "# \f\x1b\n", "# \x85 a: 1\n",
    "# \u2028 a: 1\n", "//\n", "/**/",
]  # fmt: skip
_POOLS = (_NUMBERS, _WORDS, _STRINGS, _MARKS, _SPACES)


def near_misses(count: int, seed: int) -> Iterator[pb.Request]:
    """Yields requests to load texts, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable texts, no secrets
    texts = [case for case in all_cases() if 0 < len(case.request.load.text) <= _LONGEST]
    # What cannot be read at all seldom becomes readable by a change.
    seeds = [case.request for case in texts if verdict_of(case) != "unreadable" or chance.random() < 0.1]
    for _ in range(count):
        request = pb.Request()
        request.CopyFrom(chance.choice(seeds))
        request.load.text = changed(request.load.text, chance)
        request.load.variables["A"] = b"x"
        yield request


def changed(source: bytes, chance: random.Random) -> bytes:
    tokens = _TOKEN.findall(source.decode(errors="replace"))
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        _change(tokens, chance)
    data = "".join(tokens).encode()
    if chance.random() < 0.02:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + bytes([chance.randrange(256)]) + data[at:]
    return data


def _change(tokens: list[str], chance: random.Random) -> None:
    """Changes one place: most often into something that could stand there."""
    at = chance.randrange(len(tokens) + 1)
    what = chance.random()
    if what < 0.15:
        del tokens[at : at + 1]
    elif what < 0.25:
        tokens.insert(at, tokens[chance.randrange(len(tokens))] if tokens else "a")
    elif what < 0.35 and len(tokens) > 1:
        other = chance.randrange(len(tokens))
        at = min(at, len(tokens) - 1)
        tokens[at], tokens[other] = tokens[other], tokens[at]
    elif what < 0.75:
        tokens[at : at + 1] = [chance.choice(_alike(tokens[at] if at < len(tokens) else " ", chance))]
    elif what < 0.9:
        tokens.insert(at, chance.choice(chance.choice(_POOLS)))
    else:
        begin, end = sorted((at, chance.randrange(len(tokens) + 1)))
        tokens[at:at] = tokens[begin : min(end, begin + 12)]


def _alike(token: str, chance: random.Random) -> list[str]:
    """What is of the kind of a token, more often than not."""
    if chance.random() < 0.25:
        return chance.choice(_POOLS)
    if token[:1] in {'"', "'"}:
        return _STRINGS
    if token[:1].isdigit() or token[:1] in {"-", "+", "."}:
        return _NUMBERS
    if token.isspace() or token.startswith("#"):
        return _SPACES
    return _WORDS if token.isidentifier() else _MARKS
