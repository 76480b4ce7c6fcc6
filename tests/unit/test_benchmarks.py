from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from benchmarks import BENCHMARKS, language_programs, scoring_languages, serving_bundle
from benchmarks.languages import load_go
from benchmarks.measuring import Measurement
from benchmarks.scoring_languages import measured, score_go
from benchmarks.served import dense
from tests.conformance.running import missing_tools


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
    monkeypatch.setattr(language_programs, "missing_tools", lambda _language: ["go"])
    assert load_go() == []
    assert score_go() == []
    assert capsys.readouterr().err == "go left out: go not installed\n" * 2


def test_scorer_beside_a_session_is_measured_by_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = {"scorer_ms": [2.0, 4.0], "bare_ms": [1.0, 3.0], "difference": 0}
    monkeypatch.setattr(scoring_languages, "figures", lambda *_: printed)

    found = {
        figure.name: (figure.value, figure.baseline) for figure in measured("go", Path("b"), np.zeros((30, 4)), 0, 2)
    }

    assert found == {
        "score_go_30_rows_p50": (3.0, 2.0),
        "score_go_30_rows_p99": pytest.approx((3.98, 2.98)),
        "score_go_30_rows_paired_ratio": (pytest.approx(5 / 3), None),
        "score_go_30_rows_speed": (10_000.0, 15_000.0),
    }


def test_scorer_that_gives_other_scores_than_a_session_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = {"scorer_ms": [2.0], "bare_ms": [1.0], "difference": 0.5}
    monkeypatch.setattr(scoring_languages, "figures", lambda *_: printed)

    with pytest.raises(ValueError, match=r"java: scores of scorer and session are 0\.5 apart"):
        measured("java", Path("bundle"), np.zeros((1, 4)), 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["go", "java", "typescript"])
def test_scorer_of_a_language_runs_beside_a_bare_session(language: str, tmp_path: Path) -> None:
    if missing := missing_tools(language):
        pytest.skip(f"{', '.join(missing)} not installed")
    serving_bundle.write(tmp_path / "bundle")

    figures = list(measured(language, tmp_path / "bundle", dense(3), 2, 5))

    assert [figure.name for figure in figures] == [
        f"score_{language}_3_rows_{figure}" for figure in ("p50", "p99", "paired_ratio", "speed")
    ]
    assert all(figure.value > 0 for figure in figures)
