"""A small data set in both published forms of MovieLens-100K; none of it is GroupLens'."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rankspec.datasets.movielens_formats import GENRES, OCCUPATIONS

NUM_USERS = 40
NUM_ITEMS = 30
NUM_ROWS = 600
Interaction = tuple[int, int, int, int]


def interactions() -> list[Interaction]:
    """User, item, stars and time of every row, in the file's order: generous users and good films rate higher."""
    rng = np.random.default_rng(7)
    pairs = rng.permutation(NUM_USERS * NUM_ITEMS)[:NUM_ROWS]
    rows = []
    for user, item in zip((pairs // NUM_ITEMS).tolist(), (pairs % NUM_ITEMS).tolist(), strict=True):
        taste = 1 + 3 * user / NUM_USERS + 2 * item / NUM_ITEMS + rng.normal(0, 0.5)
        # Few different times, so that rows tie and the file's order decides.
        rows.append((user + 1, item + 1, int(np.clip(round(taste), 1, 5)), 880_000_000 + int(rng.integers(50))))
    return rows


def _users() -> list[tuple[int, int, str, str]]:
    return [
        (user, 20 + user % 40, "FM"[user % 2], OCCUPATIONS[user % len(OCCUPATIONS)]) for user in range(1, NUM_USERS + 1)
    ]


def _items() -> list[tuple[int, str, int, list[str]]]:
    """Id, title, year and genres. The first has no year; the title of the second goes on after it."""
    return [
        (item, f"Café {item}, The", 1960 + item, [GENRES[1 + item % 18], GENRES[1 + (item * 5) % 18]])
        for item in range(1, NUM_ITEMS + 1)
    ]


def write_grouplens(folder: Path, rows: Sequence[Interaction] | None = None) -> Path:
    """Writes u.data, u.user and u.item."""
    folder.mkdir(parents=True, exist_ok=True)
    data = "".join("\t".join(map(str, row)) + "\n" for row in rows or interactions())
    (folder / "u.data").write_text(data, encoding="latin-1")
    # Backwards: the order of the tables' lines must not matter.
    users = "".join(f"{user}|{age}|{gender}|{job}|00000\n" for user, age, gender, job in reversed(_users()))
    (folder / "u.user").write_text(users, encoding="latin-1")
    lines = []
    for item, title, year, genres in _items():
        named = {1: title, 2: f"{title} ({year}) (V)"}.get(item, f"{title} ({year})")
        flags = "|".join(str(int(genre in genres)) for genre in GENRES)
        lines.append(f"{item}|{named}|01-Jan-{year}||http://example.org/{item}|{flags}\n")
    (folder / "u.item").write_text("".join(lines), encoding="latin-1")
    return folder


def write_atomic(folder: Path, rows: Sequence[Interaction] | None = None) -> Path:
    """Writes ml-100k.inter, ml-100k.user and ml-100k.item."""
    folder.mkdir(parents=True, exist_ok=True)
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    data = header + "".join("\t".join(map(str, row)) + "\n" for row in rows or interactions())
    (folder / "ml-100k.inter").write_text(data, encoding="utf-8")
    header = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
    users = header + "".join(f"{user}\t{age}\t{gender}\t{job}\t00000\n" for user, age, gender, job in _users())
    (folder / "ml-100k.user").write_text(users, encoding="utf-8")
    lines = ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"]
    for item, title, year, genres in _items():
        named, shown = {1: (title, "unkonwn"), 2: (f"{title} ({year})", "V")}.get(item, (title, str(year)))
        lines.append(f"{item}\t{named}\t{shown}\t{' '.join(genres)}\n")
    (folder / "ml-100k.item").write_text("".join(lines), encoding="utf-8")
    return folder
