"""A changed config, or changed inputs, on resume and on evaluation: refused, warned of or passed, as the fields say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.integration.trainer.runs import Runs, _lists, data_set, write_data

from rankspec.diagnostics.diagnostic import ConfigError
from rankspec.trainer import run
from rankspec.trainer.checkpoints import committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.prediction.predicting import predict

_SHORT = "training { num_train_steps: 3 }"
_LONGER = "training { num_train_steps: 5 }"


@pytest.fixture(scope="module")
def runs_with_embeddings(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Data with two more inputs of the same type and width."""

    folder = tmp_path_factory.mktemp("embeddings")
    write_data(folder)
    for name in ("train", "valid"):
        table = pq.read_table(folder / f"{name}.parquet")
        for number, column in enumerate(("user", "author")):
            values = np.random.default_rng(number).normal(size=(len(table), 4)).astype(np.float32)
            table = table.append_column(column, _lists(values))
        pq.write_table(table, folder / f"{name}.parquet")
    schema = json.loads((folder / "schema.json").read_text())
    for column in ("user", "author"):
        schema["schema"].append({"feature_name": column, "dtype": "float_list", "length": 4})
    (folder / "schema.json").write_text(json.dumps(schema))
    return Runs(folder, folder)


def _with_embeddings(runs: Runs, user: str, author: str) -> str:
    columns = (
        f'seg_dense_schema {{ renamed_features {{ key: "user_embedding" value: "{user}" }} '
        f'renamed_features {{ key: "author_embedding" value: "{author}" }} }}'
    )
    valid = f'validation_data {{ key: "valid" value {{ {data_set(runs.data, "valid")} {columns} }} }}'
    return f"train_data {{ {columns} }} {valid}"


def test_forbidden_change_is_refused_with_both_values(runs: Runs) -> None:
    runs.train("forbidden", _SHORT)
    changed = runs.job("forbidden", _LONGER, "runtime { seed: 7 } training { gradient_accumulation: 2 }")
    with pytest.raises(ConfigError) as caught:
        run.train(changed)
    messages = {diagnostic.path: diagnostic.message for diagnostic in caught.value.diagnostics}
    assert messages == {
        "runtime.seed": "runtime.seed was 0 when checkpoint 3 was written, and is 7 now",
        "training.gradient_accumulation": (
            "training.gradient_accumulation was 1 when checkpoint 3 was written, and is 2 now"
        ),
    }
    (then,) = caught.value.diagnostics[0].related
    assert Path(then.file).name == "resolved.textproto"
    assert run.train(changed, force=True)
    assert committed(runs.folder / "forbidden")[-1].step == 5


def test_change_with_a_warning_is_told(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    runs.train("warned", _SHORT)
    runs.train("warned", _LONGER, "optimizer { adam { beta_1: 0.8 } }")
    assert "optimizer.adam.beta_1 was 0.9 when checkpoint 3 was written, and is 0.8 now" in capsys.readouterr().err


def test_change_with_nothing_left_to_train_is_told_to_have_no_effect(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.train("done", _SHORT)
    runs.train("done", _SHORT)
    assert "warning" not in capsys.readouterr().err
    runs.train("done", _SHORT, "optimizer { adam { beta_1: 0.8 } } training { train_log_every_n: 1 }")

    told = capsys.readouterr().err
    assert "nothing is left to do" in told
    assert "warning: what has changed has no effect: training.train_log_every_n was 4 when checkpoint 3" in told
    assert "optimizer.adam.beta_1 was 0.9 when checkpoint 3 was written, and is 0.8 now. Raise" in told
    assert "going on with the new value" not in told


def test_free_change_passes_silently(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    runs.train("free", _SHORT)
    runs.train("free", _LONGER, "training { train_log_every_n: 1 }")
    assert "train_log_every_n" not in capsys.readouterr().err


def test_swapped_features_are_refused_on_resume(runs_with_embeddings: Runs) -> None:
    runs = runs_with_embeddings
    runs.train("swapped", _SHORT, _with_embeddings(runs, "user", "author"))
    with pytest.raises(ConfigError) as caught:
        run.train(runs.job("swapped", _LONGER, _with_embeddings(runs, "author", "user")))
    assert {diagnostic.path for diagnostic in caught.value.diagnostics} == {
        'train_data.seg_dense_schema.renamed_features["author_embedding"]',
        'train_data.seg_dense_schema.renamed_features["user_embedding"]',
    }


def test_swapped_features_are_refused_on_evaluation(runs_with_embeddings: Runs) -> None:
    runs = runs_with_embeddings
    runs.train("evaluated", _SHORT, _with_embeddings(runs, "user", "author"))
    with pytest.raises(ConfigError, match="was"):
        runs.evaluate("evaluated", _SHORT, _with_embeddings(runs, "author", "user"))
    runs.evaluate("evaluated", _SHORT, _with_embeddings(runs, "user", "author"))


def test_swapped_features_are_refused_on_prediction(runs_with_embeddings: Runs, tmp_path: Path) -> None:
    runs = runs_with_embeddings
    runs.train("predicted", _SHORT, _with_embeddings(runs, "user", "author"))
    with pytest.raises(ConfigError, match="was"):
        predict(runs.job("predicted", _SHORT, _with_embeddings(runs, "author", "user")), tmp_path / "swapped.parquet")
    assert list(tmp_path.glob("swapped*")) == []
    predict(runs.job("predicted", _SHORT, _with_embeddings(runs, "user", "author")), tmp_path / "right.parquet")


def test_inputs_in_another_order_are_refused_by_their_names(runs_with_embeddings: Runs) -> None:
    runs = runs_with_embeddings
    folder = runs.train("order", _SHORT, _with_embeddings(runs, "user", "author"))
    state_file = folder / "3" / "state.json"
    manifest_file = folder / "3" / "files.json"
    state = json.loads(state_file.read_text())
    state["inputs"][-2:] = reversed(state["inputs"][-2:])
    state["feature_signature"] = "of the other order"
    state_file.write_text(json.dumps(state))
    manifest = json.loads(manifest_file.read_text())
    manifest["state.json"] = hashlib.sha256(state_file.read_bytes()).hexdigest()
    manifest_file.write_text(json.dumps(manifest))
    with pytest.raises(
        TrainError, match=r"the order is .*user_embedding, author_embedding instead of .*author_embedding"
    ):
        run.train(runs.job("order", _LONGER, _with_embeddings(runs, "user", "author")))


def test_run_tells_its_inputs(runs_with_embeddings: Runs) -> None:
    runs = runs_with_embeddings
    folder = runs.train("told", _SHORT, _with_embeddings(runs, "user", "author"))
    facts = json.loads((folder / "run.json").read_text())
    assert [(item["name"], item["width"]) for item in facts["inputs"]] == [
        ("continuous", 6),
        ("binary", 3),
        ("discrete", 2),
        ("user_embedding", 4),
        ("author_embedding", 4),
    ]
    assert len(facts["feature_signature"]) == 64
