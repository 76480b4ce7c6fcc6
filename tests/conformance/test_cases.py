"""Python reaches the verdict of every conformance case, and every rule over several fields has cases."""

import re
from pathlib import Path

import pytest

from rankspec.loading import check
from rankspec.messages import all_classes
from rankspec.paths import descriptor_of
from rankspec.rules import cel_rules

CASES = Path(__file__).parent / "cases"
_EXPECTATION = re.compile(r"^# expect: (\S+) (\S+)$", re.MULTILINE)


def _all_cases() -> list[Path]:
    return sorted(CASES.rglob("*.textproto"))


def _id_of(case: Path) -> str:
    return str(case.relative_to(CASES).with_suffix(""))


def _verdict(case: Path) -> str:
    return case.suffixes[-2].removeprefix(".")


def _rules() -> list[str]:
    return sorted({rule for message in all_classes() for rule, _ in cel_rules(descriptor_of(message))})


@pytest.mark.parametrize("case", _all_cases(), ids=_id_of)
def test_verdict_is_the_expected_one(case: Path) -> None:
    expected = set(_EXPECTATION.findall(case.read_text(encoding="utf-8")))
    assert bool(expected) == (_verdict(case) == "invalid")

    diagnostics = check(case).diagnostics

    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    assert {(error.path, error.code) for error in errors} == expected
    assert all(error.position for error in errors)


@pytest.mark.parametrize("rule", _rules())
def test_every_rule_over_several_fields_has_a_valid_and_an_invalid_case(rule: str) -> None:
    folder = CASES.joinpath(*rule.split("."))

    assert {_verdict(case) for case in folder.glob("*.textproto")} == {"valid", "invalid"}


def test_every_case_stands_under_a_rule() -> None:
    folders = {case.parent.relative_to(CASES).as_posix().replace("/", ".") for case in _all_cases()}

    assert folders == set(_rules())
