"""Diagnostics as data, and what people, programs and code hosts are shown of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rankspec.diagnostics.diagnostic import ConfigError, Diagnostic, Position, has_errors, in_order
from rankspec.diagnostics.report import as_json, as_sarif, as_text

ERROR = Diagnostic(
    code="parse.unknown_field",
    message="Root has no field `smal`",
    path="smal",
    position=Position("spec.textproto", 2, 3),
    severity="error",
    suggestion="did you mean `small`?",
    related=(Position("spec.textproto", 1, 1),),
)
WARNING = Diagnostic("advice", "this is slow", "leaf", None, "warning", None)
SOURCES = {"spec.textproto": "# head\n\t\tsmal: 1\n"}


def test_text_names_the_place_quotes_the_line_and_helps() -> None:
    assert as_text([ERROR], color=False, sources=SOURCES) == (
        "spec.textproto:2:3: error: Root has no field `smal` [parse.unknown_field]\n"
        "    \t\tsmal: 1\n"
        "    \t\t^\n"
        "  help: did you mean `small`?\n"
        "  see also: spec.textproto:1:1\n"
    )


def test_text_without_a_place_names_the_path() -> None:
    assert as_text([WARNING], color=False, sources={}) == "warning: leaf: this is slow [advice]\n"


def test_text_does_not_quote_a_source_it_does_not_have() -> None:
    assert "smal: 1" not in as_text([ERROR], color=False, sources={})


def test_colour_is_only_written_when_asked_for() -> None:
    assert "\x1b[31m" in as_text([ERROR], color=True, sources=SOURCES)
    assert "\x1b[" not in as_text([ERROR], color=False, sources=SOURCES)


def test_colour_falls_on_the_severity_and_not_on_a_file_of_that_name() -> None:
    named = Diagnostic("c", "m", "", Position("error:", 1, 1), "error", None)
    assert as_text([named], color=True, sources={}).startswith("error::1:1: \x1b[1m\x1b[31merror")


def test_text_shows_only_a_part_of_an_endless_line() -> None:
    far = Diagnostic("c", "m", "", Position("f", 1, 5001), "error", None)
    source, caret = as_text([far], color=False, sources={"f": "a" * 5000 + "b" + "a" * 5000}).splitlines()[1:]
    assert len(source) < 200
    assert source[caret.index("^")] == "b"


def test_text_does_not_pass_control_characters_to_the_terminal() -> None:
    bad = Diagnostic("c", "m", "", Position("f", 1, 1), "error", None)
    assert "\x1b" not in as_text([bad], color=False, sources={"f": "\x1b[31m"})


def test_json_has_all_fields_and_nulls_for_unknown_places() -> None:
    report = json.loads(as_json([ERROR, WARNING]))
    assert report["ok"] is False
    assert report["diagnostics"][0] == {
        "file": "spec.textproto",
        "line": 2,
        "column": 3,
        "severity": "error",
        "code": "parse.unknown_field",
        "path": "smal",
        "message": "Root has no field `smal`",
        "suggestion": "did you mean `small`?",
    }
    assert report["diagnostics"][1]["line"] is None


@pytest.mark.parametrize(("diagnostics", "ok"), [([], True), ([WARNING], True), ([ERROR, WARNING], False)])
def test_only_errors_make_a_report_fail(diagnostics: list[Diagnostic], *, ok: bool) -> None:
    assert json.loads(as_json(diagnostics))["ok"] is ok
    assert has_errors(diagnostics) is not ok


def test_sarif_has_a_rule_for_every_code_and_places_from_one() -> None:
    log = json.loads(as_sarif([ERROR, WARNING, ERROR]))
    [run] = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["parse.unknown_field", "advice"]
    first, second, _ = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "spec.textproto"
    assert place["region"] == {"startLine": 2, "startColumn": 3}
    assert first["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert (first["level"], second["level"]) == ("error", "warning")
    assert second["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "leaf"}]}]


def test_order_is_that_of_the_places_and_what_has_none_comes_last() -> None:
    earlier = Diagnostic("c", "m", "", Position("spec.textproto", 1, 9), "error", None)
    assert in_order([WARNING, ERROR, earlier]) == [earlier, ERROR, WARNING]


def test_the_exception_says_everything_it_carries() -> None:
    error = ConfigError([ERROR, WARNING])
    assert error.diagnostics == (ERROR, WARNING)
    assert str(error).splitlines() == [
        "spec.textproto:2:3: error: Root has no field `smal` [parse.unknown_field]",
        "warning: leaf: this is slow [advice]",
    ]


def test_importing_diagnostics_is_cheap() -> None:
    """What only the renderers need is not imported before it is needed."""
    heavy = ("json", "argparse", "rich")
    script = f"import sys, rankspec.diagnostics.report; print([m for m in {heavy} if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
