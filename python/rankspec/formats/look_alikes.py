# ruff: noqa: RUF001 - characters that look like others are what this is about

"""Names the characters that look like what a config is written with and are something else, as word processors make."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = {
    '"': "“”„‟«»″‶〝〞＂",
    "'": "‘’‚‛‹›′‵＇´",
    "-": "‐‑‒–—―−﹣－",
    "...": "…",
    "a": "аα",
    "c": "сϲ",
    "e": "е",
    "i": "іι",
    "o": "оο",
    "p": "рρ",
    "s": "ѕ",
    "x": "хχ",
    "y": "у",
}
_MEANT = {character: plain for plain, characters in _PLAIN.items() for character in characters}
_ODD = re.compile(r"[^\x00-\x7f]")
_RUN = re.compile(r"\s*\S+")


def look_alike(text: str, offset: int, *, further: bool) -> tuple[str, str] | None:
    """Finds the first such character in the word at an offset.

    Args:
        text: the source.
        offset: where a mistake is.
        further: whether to look at the word after that too.

    Returns:
        What it is, such as `“` (U+201C, left double quotation mark), and what to write in its place.
    """
    for _ in range(2 if further else 1):
        run = _RUN.match(text, offset)
        if run is None:
            return None
        for found in _ODD.finditer(text, offset, run.end()):
            if plain := _meant(found[0]):
                name = unicodedata.name(found[0], "without a name").lower()
                return f"`{found[0]}` (U+{ord(found[0]):04X}, {name})", plain
        offset = run.end()
    return None


def _meant(character: str) -> str | None:
    if character in _MEANT:
        return _MEANT[character]
    # Full-width forms and their like.
    folded = unicodedata.normalize("NFKC", character)
    return folded if folded != character and folded.isascii() and folded.isprintable() and folded != " " else None
