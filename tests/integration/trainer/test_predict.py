"""Prediction: which rows, by which checkpoint, and what is in the file; the same for any number of processes."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.trainer.runs import VALID_ROWS, Runs, data_set, newest, write_data
from tests.unit.served import address, serving

from rankspec.cli import main
from rankspec.formats.writing import to_textproto
from rankspec.trainer import follow
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError
from rankspec.trainer.prediction import predicting
from rankspec.trainer.prediction.predicting import predict
from rankspec.trainer.prediction.ranked_lists import Ranking
from rankspec.trainer.program import RowSource
from rankspec.trainer.setup import Job

_WEIGHTS = 'score_weights { key: "like" value: 0.5 } score_weights { key: "reply" value: -3.25 }'
_SHORT = "training { num_train_steps: 8 checkpoint_every_n: 4 }"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A trained run, `run`, whose rows have ids, times and texts beside inputs and labels."""
    data = tmp_path_factory.mktemp("data")
    write_data(data)
    for file in data.glob("*.parquet"):
        rows = pq.read_table(file)
        numbers = np.arange(rows.num_rows)
        known_by = {
            "user_id": pa.array([f"user {number % 7}" for number in numbers]).dictionary_encode(),
            "item": pa.array(numbers.astype(np.int32)),
            "time": pa.array(numbers * 1000, pa.timestamp("ms")),
        }
        for name, values in known_by.items():
            rows = rows.append_column(name, values)
        pq.write_table(rows, file, row_group_size=30)
    runs = Runs(tmp_path_factory.mktemp("runs"), data)
    runs.train("run", _SHORT)
    return runs


def _predict(runs: Runs, output: Path, *changes: str, **options: Any) -> pa.Table:
    predict(runs.job("run", _SHORT, *changes), output, **options)
    return pq.read_table(output)


def test_columns_are_those_that_rows_are_known_by_and_the_predictions(trained: Runs, tmp_path: Path) -> None:
    scored = _predict(trained, tmp_path / "scores.parquet", _WEIGHTS)

    rows = pq.read_table(trained.data / "valid.parquet")
    assert scored.column_names == ["user_id", "item", "time", "like", "reply", "score"]
    for name in ("user_id", "item", "time"):
        assert scored[name].to_pylist() == rows[name].to_pylist()
    assert {scored.schema.field(name).type for name in ("like", "reply", "score")} == {pa.float32()}
    assert not list(tmp_path.glob(".predicting*"))


def test_a_table_as_somebody_has_it_takes_a_recipe(trained: Runs, tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": [1, 2], "city": ["Ulm", "Bonn"]}), tmp_path / "raw.parquet")

    with pytest.raises(
        DataError, match=r"has none of the model's inputs, .* there is no .*_recipe.binpb to encode them"
    ):
        _predict(trained, tmp_path / "s.parquet", source=RowSource(inputs=(f"{tmp_path}/raw.parquet",)))

    assert [path.name for path in tmp_path.iterdir()] == ["raw.parquet"]


def test_rows_of_a_validation_set_have_the_predictions_that_evaluation_is_of(trained: Runs, tmp_path: Path) -> None:
    scored = _predict(trained, tmp_path / "scores.parquet")

    follow.evaluate(trained.job("run", _SHORT))
    evaluated = pq.read_table(trained.folder / "run/_scores/evaluation/valid.parquet")
    for task in ("like", "reply"):
        assert scored[task].to_pylist() == evaluated[f"prediction/{task}"].to_pylist()


def test_score_is_the_weighted_sum_in_double_precision(trained: Runs, tmp_path: Path) -> None:
    scored = _predict(trained, tmp_path / "scores.parquet", _WEIGHTS)

    like, reply = (scored[name].to_numpy().astype(np.float64) for name in ("like", "reply"))
    np.testing.assert_array_equal(scored["score"].to_numpy(), (0.5 * like + -3.25 * reply).astype(np.float32))


def test_rows_need_no_labels(trained: Runs, tmp_path: Path) -> None:
    rows = pq.read_table(trained.data / "valid.parquet")
    for number, name in enumerate(("b", "a")):
        part = rows.slice(number * 50, 50).drop_columns(["like", "reply", "time"])
        pq.write_table(part, tmp_path / f"{name}.parquet")
    schema = json.loads((trained.data / "schema.json").read_text())["schema"]
    (tmp_path / "schema.json").write_text(
        json.dumps({"schema": [entry for entry in schema if entry["feature_name"] not in ("like", "reply")]})
    )
    files = tuple(str(tmp_path / f"{name}.parquet") for name in ("b", "a"))

    scored = _predict(trained, tmp_path / "out/scores.parquet", source=RowSource(inputs=files))

    known = _predict(trained, tmp_path / "known.parquet")
    assert scored["item"].to_pylist() == list(range(VALID_ROWS))
    for task in ("like", "reply"):
        np.testing.assert_allclose(scored[task].to_numpy(), known[task].to_numpy(), rtol=1e-6)


def test_metadata_says_what_made_the_file(trained: Runs, tmp_path: Path) -> None:
    file = trained.folder / "ranker.textproto"
    file.write_text(to_textproto(trained.job("run", _SHORT, _WEIGHTS).config))
    assert main(["predict", str(file), "-o", str(tmp_path / "scores.parquet"), "--checkpoint", "4"]) == 0

    metadata = pq.read_metadata(tmp_path / "scores.parquet").metadata
    facts = {key.decode(): value.decode() for key, value in metadata.items() if key.startswith(b"rankspec.")}
    assert facts["rankspec.checkpoint_step"] == "4"
    assert facts["rankspec.config_files"] == '["ranker.textproto"]'
    assert facts["rankspec.feature_signature"] == newest(trained.folder / "run").state["feature_signature"]
    assert json.loads(facts["rankspec.predictions"]) == ["like", "reply", "score"]
    assert str(tmp_path) not in str(metadata)
    assert str(trained.folder) not in str(facts)


def test_any_number_of_processes_writes_the_same(trained: Runs, tmp_path: Path) -> None:
    one = _predict(trained, tmp_path / "one.parquet", _WEIGHTS)

    action = partial(_predict_in_parts, str(tmp_path / "two.parquet"))
    started = trained.start("run", _SHORT, _WEIGHTS, num_processes=2, action=action)
    assert started.wait() == [0, 0], started.output

    assert pq.read_table(tmp_path / "two.parquet").equals(one)


def _predict_in_parts(output: str, job: Job) -> None:
    predicting._PART_ROWS = 20
    predict(job, Path(output))


def test_interrupted_prediction_goes_on(
    trained: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = _predict(trained, tmp_path / "whole.parquet")
    monkeypatch.setattr(predicting, "_PART_ROWS", 20)
    part = predicting.Prediction._part
    made: list[int] = []

    def interrupted(prediction: predicting.Prediction, number: int) -> pa.Table:
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(number)
        return part(prediction, number)

    with monkeypatch.context() as patched:
        patched.setattr(predicting.Prediction, "_part", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _predict(trained, tmp_path / "scores.parquet")
    assert not (tmp_path / "scores.parquet").exists()
    assert f"3 parts stay in {tmp_path}/.predicting-scores.parquet: " in capsys.readouterr().err

    assert _predict(trained, tmp_path / "scores.parquet").equals(whole)
    assert "going on: 3 of 7 parts are predicted already" in capsys.readouterr().err


def test_parts_of_another_checkpoint_are_not_taken(
    trained: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "_PART_ROWS", 20)
    with monkeypatch.context() as patched:
        patched.setattr(predicting.Prediction, "_finish", lambda _self: 0)
        predict(trained.job("run", _SHORT), tmp_path / "scores.parquet", checkpoint=4)

    after = _predict(trained, tmp_path / "scores.parquet", checkpoint=8)

    assert after.equals(_predict(trained, tmp_path / "other.parquet", checkpoint=8))


@pytest.mark.parametrize("part_rows", [20, 2**17], ids=["in parts", "at once"])
def test_ranked_lists_are_the_best_rows_of_each_group(
    trained: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_rows: int
) -> None:
    monkeypatch.setattr(predicting, "_PART_ROWS", part_rows)
    scored = _predict(trained, tmp_path / "scores.parquet", _WEIGHTS).to_pylist()

    lists = _predict(trained, tmp_path / "lists.parquet", _WEIGHTS, ranking=Ranking(3, "user_id")).to_pylist()

    expected = []
    for user in dict.fromkeys(row["user_id"] for row in scored):
        of_user = [row for row in scored if row["user_id"] == user]
        best = sorted(of_user, key=lambda row: -row["score"])[:3]
        expected += [{**row, "rank": rank} for rank, row in enumerate(best, 1)]
    assert lists == expected
    assert list(lists[0]) == ["user_id", "rank", "item", "time", "like", "reply", "score"]


def test_place_of_a_vector_makes_groups(trained: Runs, tmp_path: Path) -> None:
    ranking = Ranking(1, "discrete[1]", "like")
    lists = _predict(trained, tmp_path / "lists.parquet", carry=["item"], ranking=ranking)

    rows = pq.read_table(trained.data / "valid.parquet")["discrete"].to_pylist()
    assert lists["discrete[1]"].to_pylist() == list(dict.fromkeys(row[1] for row in rows))
    for row in lists.to_pylist():
        assert rows[row["item"]][1] == row["discrete[1]"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"source": RowSource("vald")}, 'there is no validation set "vald"; did you mean "valid"?'),
        ({"source": RowSource(inputs=("nowhere.parquet",))}, 'no file matches "nowhere.parquet"'),
        ({"carry": ["usr_id"]}, 'has no column "usr_id", which is to be carried; did you mean "user_id"?'),
        ({"carry": ["continuous"]}, r'"continuous" is .*name one place, as in continuous\[0\]'),
        ({"carry": ["discrete[2]"]}, r'"discrete" has 2 values a row, counted from 0: there is no discrete\[2\]'),
        ({"carry": ["like"]}, '"like" cannot be carried, as a column of the predictions is called that'),
        ({"ranking": Ranking(3, "user_id")}, "score_weights: there is no score to rank by; .* one of like, reply"),
        ({"ranking": Ranking(3, "user_id", "lik")}, '"lik" is no column of the predictions'),
        ({"checkpoint": 5}, "no checkpoint of .* of step 5 is there; name 4, 8, or newest"),
    ],
    ids=str,
)
def test_what_is_not_there_is_told(trained: Runs, tmp_path: Path, options: dict[str, Any], error: str) -> None:
    with pytest.raises((DataError, TrainError), match=error):
        _predict(trained, tmp_path / "scores.parquet", **options)
    assert not list(tmp_path.iterdir())


def test_one_of_several_validation_sets_has_to_be_named(trained: Runs, tmp_path: Path) -> None:
    other = f'validation_data {{ key: "other" value {{ {data_set(trained.data, "train")} }} }}'

    with pytest.raises(DataError, match="there are several, other, valid: name one with --split"):
        _predict(trained, tmp_path / "scores.parquet", other)
    assert _predict(trained, tmp_path / "scores.parquet", other, source=RowSource("other")).num_rows == 320


def test_nothing_is_written_over(trained: Runs, tmp_path: Path) -> None:
    file = tmp_path / "scores.parquet"
    file.write_text("mine")

    with pytest.raises(TrainError, match=r"scores.parquet is there already"):
        _predict(trained, file)
    assert file.read_text() == "mine"


def test_output_that_would_be_read_as_rows_is_refused(trained: Runs, tmp_path: Path) -> None:
    shutil.copy(trained.data / "valid.parquet", tmp_path / "rows.parquet")

    with pytest.raises(DataError, match=r'\*.parquet" would take .*scores.parquet too'):
        _predict(trained, tmp_path / "scores.parquet", source=RowSource(inputs=(f"{tmp_path}/*.parquet",)))


def test_groups_have_to_be_known(trained: Runs, tmp_path: Path) -> None:
    rows = pq.read_table(trained.data / "valid.parquet")
    users = pa.array([None if number == 31 else f"{number}" for number in range(rows.num_rows)])
    pq.write_table(rows.append_column("who", users), tmp_path / "rows.parquet")

    with pytest.raises(TrainError, match='row 31 has no value of "who"'):
        _predict(
            trained,
            tmp_path / "lists.parquet",
            source=RowSource(inputs=(str(tmp_path / "rows.parquet"),)),
            ranking=Ranking(2, "who", "like"),
        )


def test_rows_of_a_data_service_are_predicted_too(
    trained: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = _predict(trained, tmp_path / "here.parquet")
    with serving(trained.job("served", _SHORT).config) as server:
        service = f'data_service_dispatcher: "{address(server)}"'
        valid = data_set(trained.data, "valid")
        remote = f'validation_data {{ key: "valid" value {{ {valid} {service} }} }}'
        there = _predict(trained, tmp_path / "there.parquet", remote)

    assert there.equals(here.select(["like", "reply"]))
    assert "no columns are carried: the rows are Arrow Flight" in capsys.readouterr().err
