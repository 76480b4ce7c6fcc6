from importlib import import_module

import pytest
from benchmarks import BENCHMARKS, languages
from benchmarks.languages import load_go
from benchmarks.measuring import Measurement


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_exists(name: str) -> None:
    module, _, function = BENCHMARKS[name].partition(":")
    assert callable(getattr(import_module(module), function))


def test_ratio_is_of_ours_to_the_baseline() -> None:
    assert Measurement("load", 3.0, "ms", 2.0).as_json() == (
        '{"name": "load", "value": 3.0, "unit": "ms", "baseline": 2.0, "ratio": 1.5}'
    )


def test_figure_without_a_baseline_has_no_ratio() -> None:
    assert Measurement("heap", 3.0, "MiB", None).as_json() == (
        '{"name": "heap", "value": 3.0, "unit": "MiB", "baseline": null, "ratio": null}'
    )


def test_language_without_its_tools_is_left_out_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(languages, "missing_tools", lambda _language: ["go"])
    assert load_go() == []
    assert capsys.readouterr().err == "go left out: go not installed\n"
