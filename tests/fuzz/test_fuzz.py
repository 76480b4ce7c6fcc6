"""A short form of `make fuzz`, and what the long form is worth nothing without: it sees what is wrong."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tests.fuzz import trying
from tests.fuzz.__main__ import try_texts
from tests.fuzz.texts import EXTENSIONS, Text, text_of
from tests.fuzz.trying import attempt

from rankspec.schema.message_types import message_class

_TEXTS = 2000
RATE = "rankspec.optim.v1.LearningRate"


def test_no_text_makes_the_readers_fail(tmp_path: Path) -> None:
    result = try_texts(0, range(_TEXTS), tmp_path)

    assert result.complaints == []
    # Otherwise the texts would be garbage, or not damaged at all.
    for form in EXTENSIONS:
        assert min(result.kinds[form, kind] for kind in ("valid", "invalid", "unreadable")) > _TEXTS / 200


def test_number_of_a_text_is_enough_to_make_it_again() -> None:
    assert [text_of(7, number) for number in range(50)] == [text_of(7, number) for number in range(50)]


def test_exception_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(trying, "check", broken)

    assert attempt(Text("text", RATE, b"constant: 0.5"), tmp_path).complaint == "RecursionError: too deep"


@pytest.mark.parametrize("official", [b"constant: 0.25", b"constant: 0.5 constant: 0.5"], ids=["other", "refused"])
def test_disagreement_with_the_official_parser_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, official: bytes
) -> None:
    text = Text("text", RATE, b"constant: 0.5")
    assert attempt(text, tmp_path).kind == "valid"

    def other(*_: object) -> object:
        return text_format.Parse(official, message_class(RATE)())

    monkeypatch.setattr(trying, "_officially", other)

    assert attempt(text, tmp_path).kind == "failed"


def test_mistake_that_is_told_twice_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = trying.check

    def twice(*arguments: object, **named: object) -> object:
        loaded = check(*arguments, **named)  # type: ignore[arg-type]
        loaded.diagnostics *= 2
        return loaded

    monkeypatch.setattr(trying, "check", twice)

    assert str(attempt(Text("text", RATE, b"constant: -1"), tmp_path).complaint).startswith("told twice")
