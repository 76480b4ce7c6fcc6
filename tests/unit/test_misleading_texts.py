# ruff: noqa: RUF001 - characters that look like others are what this is about

"""Texts that an editor or a version control system spoilt: the message names what it did, and how to undo it."""

from pathlib import Path

import pytest
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.formats.textproto.reader import read_textproto

LOOK_ALIKES = {
    "double_quotes": ("training { save_dir: “run” }", "“", 'write `"` in its place'),
    "low_quotes": ("training { save_dir: „run“ }", "„", 'write `"` in its place'),
    "one_straight_quote": ('training { save_dir: “run" }', "“", 'write `"` in its place'),
    "single_quotes": ("training { save_dir: ‘run’ }", "‘", "write `'` in its place"),
    "guillemets": ("training { save_dir: «run» }", "«", 'write `"` in its place'),
    "primes": ("training { save_dir: ″run″ }", "″", 'write `"` in its place'),
    "minus": ("training { num_train_steps: −5 }", "−", "write `-` in its place"),
    "en_dash": ("training { num_train_steps: –5 }", "–", "write `-` in its place"),
    "digit": ("training { num_train_steps: ５ }", "５", "write `5` in its place"),
    "colon": ('training { save_dir： "run" }', "：", "write `:` in its place"),
    "brace": ('training ｛ save_dir: "run" }', "｛", "write `{` in its place"),
    "comma": ("model { backbone { mlp_config { layer_sizes: [1， 2] } } }", "，", "write `,` in its place"),
    "letter_of_another_alphabet": ('training { s\u0430ve_dir: "run" }', "\u0430", "write `a` in its place"),
}


def _read(text: str) -> list[Diagnostic]:
    return read_textproto(text, RecapConfig, "x.textproto").diagnostics


@pytest.mark.parametrize(("text", "character", "suggestion"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_character_that_looks_like_another_is_named(text: str, character: str, suggestion: str) -> None:
    found = _read(text)[0]

    assert f"`{character}` (U+{ord(character):04X}, " in found.message
    assert found.suggestion == suggestion
    assert character not in found.suggestion


def test_suggestion_for_plain_words_stays() -> None:
    (found,) = _read("training { save_dir: run } # “quoted”")

    assert found.suggestion == 'in quotes: `"run"`'
    assert "U+" not in found.message


def test_characters_in_strings_and_comments_are_no_mistake() -> None:
    assert _read('training { save_dir: "“run” − ５" } # “quoted”') == []


def _conflict(ours: str, theirs: str, base: str | None = None) -> str:
    middle = "" if base is None else f"||||||| base\n{base}"
    return f"<<<<<<< HEAD\n{ours}{middle}=======\n{theirs}>>>>>>> other\n"


@pytest.mark.parametrize("base", [None, "training { num_train_steps: 4 }\n", ""])
def test_merge_conflict_is_one_mistake_and_others_are_found_beside_it(tmp_path: Path, base: str | None) -> None:
    sides = "training { num_train_steps: 5 }\n", "training { num_train_steps: 6 }\n"
    text = VALID + _conflict(*sides, base) + "runtime { sead: 1 }\n"

    loaded = check([str(write(tmp_path, text))])

    codes = [found.code for found in loaded.diagnostics]
    assert sorted(codes) == ["parse.merge_conflict", "parse.unknown_field"]
    conflict = next(found for found in loaded.diagnostics if found.code == "parse.merge_conflict")
    first = VALID.count("\n") + 1
    last = text.count("\n") - 1
    assert conflict.message == f"lines {first} to {last} are a merge conflict that nobody has resolved"
    assert conflict.position is not None
    assert conflict.position.line == first
    sead = next(found for found in loaded.diagnostics if found.code == "parse.unknown_field")
    assert sead.position is not None
    assert sead.position.line == last + 1


def test_every_conflict_is_told(tmp_path: Path) -> None:
    text = VALID + _conflict("runtime { seed: 1 }\n", "runtime { seed: 2 }\n") + _conflict("", "training {}\n")

    assert [found.code for found in check([str(write(tmp_path, text))]).diagnostics] == ["parse.merge_conflict"] * 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", '{\n<<<<<<< HEAD\n "training": {}\n=======\n "runtime": {}\n>>>>>>> other\n}\n'),
        ("c.yaml", "<<<<<<< HEAD\ntraining: {}\n=======\nruntime: {}\n>>>>>>> other\n"),
    ],
)
def test_merge_conflict_in_another_form_is_one_mistake_of_the_text(tmp_path: Path, name: str, text: str) -> None:
    codes = [found.code for found in check([str(write(tmp_path, text, name))]).diagnostics]

    assert codes.count("parse.merge_conflict") == 1
    assert [code for code in codes if code.startswith("parse.")] == ["parse.merge_conflict"]


def test_marks_in_a_string_are_no_conflict(tmp_path: Path) -> None:
    text = VALID + 'training { save_dir: "<<<<<<< HEAD" }\n'

    assert check([str(write(tmp_path, text))]).ok
