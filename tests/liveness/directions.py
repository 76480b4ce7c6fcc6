"""The directions in which what is seen may have to change."""

from __future__ import annotations

from typing import Any

from tests.liveness.comparing import norm
from tests.liveness.probe import Direction


def larger(of: str = "") -> Direction:
    """The numbers grow; `of` is a part of the names of those that have to."""
    return Direction(_words("larger", of), lambda before, after: norm(after, of) > norm(before, of))


def smaller(of: str = "") -> Direction:
    """The numbers shrink; `of` is a part of the names of those that have to."""
    return Direction(_words("smaller", of), lambda before, after: norm(after, of) < norm(before, of))


def _words(direction: str, of: str) -> str:
    return f"{direction} in {of}" if of else direction


def _is_longer(before: Any, after: Any) -> bool:
    return len(after) > len(before)


MORE = Direction("more", _is_longer)
FEWER = Direction("fewer", lambda before, after: _is_longer(after, before))
# Of what may end in an error: the change is what makes it one, or what spares it.
ENDS_IN_ERROR = Direction(
    "an error where there was none", lambda before, after: _is_error(after) and not _is_error(before)
)
IS_SPARED = Direction("no error where there was one", lambda before, after: _is_error(before) and not _is_error(after))


def _is_error(seen: Any) -> bool:
    return isinstance(seen, str)
