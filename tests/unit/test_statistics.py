"""Statistics of continuous features: computed in any parts, read back, and refused where they are of something else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics, PlaceStatistics
from rankspec.recap.v1.featurization_pb2 import ZScoreLogConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.small_data import columns_of, data_config, write_files

from rankspec.cli import main
from rankspec.composition.compose import compose
from rankspec.datasets.vectors import Vectors
from rankspec.families.recap.statistics import read_log_moments
from rankspec.formats.writing import to_textproto, write
from rankspec.metrics.feature_statistics import RunningStatistics, signed_log
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input

CONTINUOUS = Input("continuous", "cont", "float32", 6, 3, (0, 2, 5))
FLOATS = st.floats(width=32)


def _place(place: int, **values: Any) -> PlaceStatistics:
    usual: dict[str, Any] = {"num_finite": 4, "min": -1.0, "max": 2.0, "log_squares": 1.0}
    return PlaceStatistics(place=place, **(usual | values))


def _statistics(*places: PlaceStatistics, **column: Any) -> DataStatistics:
    of = {"column": "cont", "length": 6, "places": places or [_place(p) for p in range(6)], **column}
    return DataStatistics(generator="test 1", columns=[ColumnStatistics(**of)])


def _written(folder: Path, statistics: DataStatistics) -> ZScoreLogConfig:
    file = folder / "statistics.textproto"
    file.write_text(to_textproto(statistics))
    return ZScoreLogConfig(analysis_path=str(file))


def _running(values: NDArray[np.float32], parts: list[int]) -> list[PlaceStatistics]:
    running = RunningStatistics(values.shape[1])
    for part in np.split(values, parts):
        running.add(part)
    return running.of_places(tuple(range(values.shape[1])))


def _exact_moments(values: list[float]) -> tuple[float, float]:
    """Mean and sum of squares about it, in rational numbers."""
    exact = [Fraction(value) for value in values]
    mean = sum(exact, Fraction()) / max(len(exact), 1)
    return float(mean), float(sum(((value - mean) ** 2 for value in exact), Fraction()))


@given(arrays(np.float32, st.tuples(st.integers(0, 12), st.just(2)), elements=FLOATS), st.lists(st.integers(0, 12)))
def test_statistics_are_those_of_all_rows_however_they_are_parted(
    values: NDArray[np.float32], parts: list[int]
) -> None:
    for number, found in enumerate(_running(values, sorted(parts))):
        column = values[:, number].astype(np.float64)
        finite = column[np.isfinite(column)]
        mean, squares = _exact_moments(signed_log(finite).tolist())
        assert (found.num_finite, found.num_not_finite) == (len(finite), len(column) - len(finite))
        assert (found.min, found.max) == ((finite.min(), finite.max()) if len(finite) else (0, 0))
        assert found.log_mean == pytest.approx(mean, rel=1e-12, abs=1e-13)
        assert found.log_squares == pytest.approx(squares, rel=1e-10, abs=1e-12)


def test_a_large_mean_does_not_drown_a_small_deviation() -> None:
    logarithms = 60 + np.random.default_rng(0).normal(size=(100_000, 1)) * 1e-5
    values = np.expm1(logarithms).astype(np.float32)
    (found,) = _running(values, list(range(7, 100_000, 997)))
    exact = signed_log(values.astype(np.float64))
    assert found.log_mean == pytest.approx(math.fsum(exact[:, 0]) / 100_000, rel=1e-14)
    assert found.log_squares == pytest.approx(100_000 * exact.var(), rel=1e-8)


def test_values_that_are_not_finite_count_as_0(tmp_path: Path) -> None:
    column = np.array([[1.0], [np.nan], [7.0], [np.inf], [-2.0]], np.float32)
    (place,) = _running(column, [2])
    one = Input("continuous", "cont", "float32", 1, 1)
    config = _written(tmp_path, _statistics(place, length=1))
    moments = read_log_moments(config, one, "z")
    expected = signed_log(np.where(np.isfinite(column), column, 0).astype(np.float64))
    assert moments.mean == pytest.approx(expected.mean(0), rel=1e-14)
    assert moments.deviation == pytest.approx(expected.std(0), rel=1e-14)


@pytest.mark.parametrize(
    ("place", "is_constant"),
    [
        pytest.param({"min": 0.1, "max": 0.1, "log_squares": 1e-20}, True, id="one_value"),
        pytest.param({"min": 1.0, "max": 1 + 1e-12}, True, id="one_float32"),
        pytest.param({"num_finite": 0, "num_not_finite": 3, "min": 0, "max": 0, "log_squares": 0}, True, id="no_value"),
        pytest.param({"min": 0.1, "max": 0.1, "num_not_finite": 1, "log_mean": 0.09}, False, id="one_value_and_zeros"),
        pytest.param({"min": 0.0, "max": 0.0, "num_not_finite": 1, "log_squares": 0}, True, id="zeros_and_missing"),
        pytest.param({"min": 0.0, "max": 1e-44, "log_squares": 1e-88}, True, id="below_float32"),
        pytest.param({}, False, id="usual"),
    ],
)
def test_a_constant_feature_has_no_deviation(tmp_path: Path, place: dict[str, float], is_constant: bool) -> None:
    config = _written(tmp_path, _statistics(_place(0, **place), length=1))
    (deviation,) = read_log_moments(config, Input("continuous", "cont", "float32", 1, 1), "z").deviation
    assert (deviation == 0) == is_constant


def test_moments_are_those_of_the_places_that_are_kept(tmp_path: Path) -> None:
    places = [_place(number, log_mean=float(number)) for number in (5, 0, 3, 2)]
    config = _written(tmp_path, _statistics(*places))
    assert read_log_moments(config, CONTINUOUS, "z").mean.tolist() == [0, 2, 5]


def _parts(folder: Path, lines: list[str]) -> ZScoreLogConfig:
    folder.mkdir()
    for number, line in enumerate(lines):
        (folder / f"part-{number:012}.json").write_text(line + "\n")
    return ZScoreLogConfig(analysis_path=str(folder), use_bq_stats=True)


def _line(place: int, column: str = "cont", **more: Any) -> str:
    values = {"place": str(place), "num_finite": "4", "min": -1.0, "max": 2.0, "log_mean": place, "log_squares": 1.0}
    return json.dumps({"column": column, **values, **more})


def test_exported_parts_say_what_one_file_says(tmp_path: Path) -> None:
    lines = [*(_line(place) for place in (5, 0, 2)), _line(0, "another"), _line(1, num_not_finite=None)]
    found = read_log_moments(_parts(tmp_path / "parts", lines), CONTINUOUS, "z")
    statistics = _statistics(*(_place(place, log_mean=float(place)) for place in (0, 1, 2, 5)))
    expected = read_log_moments(_written(tmp_path, statistics), CONTINUOUS, "z")
    assert found.mean.tolist() == expected.mean.tolist() == [0, 2, 5]
    assert found.deviation.tolist() == expected.deviation.tolist()


def _file(text: str) -> Callable[[Path], ZScoreLogConfig]:
    def config(folder: Path) -> ZScoreLogConfig:
        (folder / "s.textproto").write_text("# proto-message: rankspec.data.v1.DataStatistics\n" + text)
        return ZScoreLogConfig(analysis_path=str(folder / "s.textproto"))

    return config


def _text(text: str) -> Callable[[Path], ZScoreLogConfig]:
    def config(folder: Path) -> ZScoreLogConfig:
        (folder / "statistics.textproto").write_text(text)
        return ZScoreLogConfig(analysis_path=str(folder / "statistics.textproto"))

    return config


def _schema(text: str) -> Callable[[Path], ZScoreLogConfig]:
    def config(folder: Path) -> ZScoreLogConfig:
        (folder / "schema.json").write_text(text)
        config = _written(folder, _statistics())
        config.schema_path = str(folder / "schema.json")
        return config

    return config


@pytest.mark.parametrize(
    ("config", "field", "message"),
    [
        pytest.param(
            lambda f: ZScoreLogConfig(analysis_path=f"{f}/none.textproto"),
            "analysis_path",
            "there is no file",
            id="missing",
        ),
        pytest.param(_file("columns {"), "analysis_path", "s.textproto:2:9: .* never closed", id="cut_off"),
        pytest.param(_file("colums {}"), "analysis_path", "no field `colums`", id="unknown_field"),
        pytest.param(_file(""), "analysis_path", "columns", id="empty"),
        pytest.param(
            lambda f: _written(f, _statistics(length=7)), "analysis_path", 'rows of 7 values in "cont"', id="length"
        ),
        pytest.param(
            lambda f: _written(f, _statistics(column="c")), "analysis_path", 'has statistics of "c"', id="column"
        ),
        pytest.param(lambda f: _written(f, _statistics(_place(0))), "analysis_path", "of place 2", id="place"),
        pytest.param(
            lambda f: _written(f, _statistics(*(_place(p, num_finite=0) for p in range(6)))),
            "analysis_path",
            "has seen no row",
            id="no_rows",
        ),
        pytest.param(_schema("{}"), "schema_path", 'expected an object with a list "schema"', id="schema"),
        pytest.param(
            _schema('{"schema": [{"feature_name": "cont", "dtype": "float_list", "length": 7}]}'),
            "schema_path",
            "7 float32 values a row",
            id="schema_of_another_length",
        ),
        pytest.param(
            _schema('{"schema": [{"feature_name": "bin", "dtype": "int64_list", "length": 6}]}'),
            "schema_path",
            'no column "cont"',
            id="schema_without_the_column",
        ),
        pytest.param(_text("\n\n\0damage"), "analysis_path", r"a control character .* \(and \d more\)", id="damaged"),
        pytest.param(
            lambda f: ZScoreLogConfig(analysis_path=str(f)),
            "analysis_path",
            "is a folder; .* use_bq_stats: true",
            id="folder",
        ),
        pytest.param(lambda f: _parts(f / "p", []), "analysis_path", r"without a \*.json file", id="no_parts"),
        pytest.param(
            lambda f: ZScoreLogConfig(analysis_path=f"{f}/none", use_bq_stats=True),
            "analysis_path",
            "no folder",
            id="no_folder",
        ),
        pytest.param(lambda f: _parts(f / "p", [_line(0, "c")]), "analysis_path", 'is "cont"', id="other_parts"),
        pytest.param(lambda f: _parts(f / "p", ['{"column":']), "analysis_path", "line 1: ", id="no_json"),
        pytest.param(lambda f: _parts(f / "p", ["[]"]), "analysis_path", "not an object", id="no_object"),
        pytest.param(lambda f: _parts(f / "p", [_line(0, mean=1)]), "analysis_path", '"mean"', id="unknown_member"),
        pytest.param(lambda f: _parts(f / "p", [_line(0), _line(0)]), "analysis_path", "same place", id="twice"),
        pytest.param(lambda f: _parts(f / "p", [_line(0, log_squares=-1)]), "analysis_path", "log_squares", id="value"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field(
    tmp_path: Path, config: Callable[[Path], ZScoreLogConfig], field: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_log_moments(config(tmp_path), CONTINUOUS, "model.z")
    assert caught.value.path == f"model.z.{field}"
    assert "\n" not in caught.value.message


def _ranker(folder: Path, **data: Any) -> Path:
    config = RecapConfig()
    config.training.save_dir = str(folder / "run")
    for task in ("like", "reply"):
        config.model.tasks[task].mlp_config.layer_sizes.append(1)
    config.model.featurization_config.z_score_log_config.analysis_path = str(folder / "statistics.textproto")
    config.train_data.CopyFrom(data_config(folder, **data))
    config.optimizer.single_task_learning_rate.constant = 0.1
    config.optimizer.adam.SetInParent()
    file = folder / "ranker.textproto"
    file.write_text(to_textproto(config))
    return file


@pytest.mark.parametrize(("batch_size", "vectors"), [(1, "lists"), (9, "lists"), (9, "bytes"), (512, "lists")])
def test_the_verb_computes_them_behind_the_steps(tmp_path: Path, batch_size: int, vectors: Vectors) -> None:
    write_files(tmp_path, [20, 13], vectors=vectors)
    np.save(tmp_path / "mask.npy", np.array([1, 0, 1, 1, 0]))
    data: dict[str, Any] = {"global_batch_size": batch_size}
    data["preprocess"] = {
        "truncate_and_slice": {
            "continuous_feature_truncation": 5,
            "continuous_feature_mask_path": str(tmp_path / "mask.npy"),
        }
    }
    output = tmp_path / "statistics.textproto"
    assert main(["data", "statistics", str(_ranker(tmp_path, **data)), "-o", str(output)]) == 0

    found: Any = compose(output).message
    (column,) = found.columns
    expected = columns_of(np.arange(33))["cont"].astype(np.float64)
    assert (column.column, column.length) == ("cont", 6)
    assert [place.place for place in column.places] == [0, 2, 3]
    for place in column.places:
        values = expected[:, place.place]
        logarithms = signed_log(values)
        assert (place.num_finite, place.num_not_finite) == (33, 0)
        assert (place.min, place.max) == (values.min(), values.max())
        assert place.log_mean == pytest.approx(logarithms.mean(), rel=1e-12)
        assert place.log_squares == pytest.approx(33 * logarithms.var(), rel=1e-12)


def test_the_verb_tells_which_files_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, [5, 4])
    (tmp_path / "b.parquet").write_bytes(b"PAR1 damaged")
    config = _ranker(tmp_path, ignore_data_errors=True)

    assert main(["data", "statistics", str(config), "-o", str(tmp_path / "s.json")]) == 0

    told = capsys.readouterr()
    assert f"train_data.inputs: left out {tmp_path}/b.parquet: cannot be read as Parquet" in told.err
    assert "5 rows of 6 features" in told.out


def test_the_verb_writes_over_nothing_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, [5])
    output = tmp_path / "statistics.json"
    output.write_text("mine")
    arguments = ["data", "statistics", str(_ranker(tmp_path)), "-o", str(output)]

    assert main(arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert main([*arguments, "--overwrite"]) == 0
    assert "5 rows of 6 features" in capsys.readouterr().out
    written = json.loads(output.read_text())
    assert len(written["columns"][0]["places"]) == 6


def test_the_verb_takes_no_other_form_or_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, [5])
    assert main(["data", "statistics", str(_ranker(tmp_path)), "-o", str(tmp_path / "s.csv")]) == 1
    assert ".textproto, .json or .binpb" in capsys.readouterr().err
    twhin = Path(__file__).parents[2] / "configs/twhin/tiny.textproto"
    assert main(["data", "statistics", str(twhin), "-o", str(tmp_path / "s.json")]) == 1
    assert "name a RecapConfig" in capsys.readouterr().err


def test_shipped_statistics_are_those_of_the_shipped_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    output = tmp_path / "statistics.json"
    assert main(["data", "statistics", "configs/recap/z_score.textproto", "-o", str(output)]) == 0
    shipped, made = (
        compose(path, message="rankspec.data.v1.DataStatistics").message
        for path in (root / "configs/recap/tiny_statistics.json", output)
    )
    for one, other in zip(*(_numbers(message) for message in (shipped, made)), strict=True):
        assert one == pytest.approx(other, rel=1e-6)


def _numbers(statistics: Any) -> list[list[float]]:
    names = [field.name for field in PlaceStatistics.DESCRIPTOR.fields]
    return [[getattr(place, name) for name in names] for place in statistics.columns[0].places]


def test_statistics_are_read_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "s.binpb").write_bytes(write(_statistics(), "binary"))
    (tmp_path / "s.json").write_bytes(write(_statistics(), "json"))
    found = [
        read_log_moments(ZScoreLogConfig(analysis_path=str(tmp_path / name)), CONTINUOUS, "z").deviation.tolist()
        for name in ("s.binpb", "s.json")
    ]
    assert found == [[0.5] * 3] * 2
