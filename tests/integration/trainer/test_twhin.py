"""A second kind of model on the same engine: graph embeddings."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from google.protobuf import text_format
from rankspec.train.v1.runtime_pb2 import DEVICE_CPU
from rankspec.twhin.v1.model_pb2 import OPERATOR_TRANSLATION
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig
from tests.integration.trainer.interruptions import in_step
from tests.integration.trainer.runs import (
    Plan,
    Runs,
    assert_same_end,
    job_from,
    newest,
    records_of,
    steps_of,
    tensors_of,
)

from rankspec.cli import main
from rankspec.composition.compose import compose
from rankspec.datasets import edges
from rankspec.families.twhin.program.batch import EdgeBatch
from rankspec.families.twhin.program.negatives import LHS, RHS, Draw
from rankspec.families.twhin.program.program import TwhinProgram
from rankspec.schema.defaults import resolve
from rankspec.trainer import follow, run
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Job

TINY = Path(__file__).parents[3] / "configs/twhin/tiny.textproto"
SHORT = """
training {
  num_train_steps: 40 checkpoint_every_n: 10 train_log_every_n: 10 eval_log_every_n: 20 checkpoint_max_to_keep: 10
}
train_data { per_replica_batch_size: 64 }
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edges")
    edges.write(folder, num_edges=6000, num_files=3)
    return folder


@pytest.fixture
def twhin(runs: Runs, data: Path) -> _Twhin:
    return _Twhin(runs, data)


class _Twhin:
    """Runs of the shipped config, shortened, on a small data set."""

    def __init__(self, runs: Runs, data: Path) -> None:
        self.runs, self.data = runs, data

    def job(self, name: str, *changes: str) -> Job:
        environment = {"RANKSPEC_EDGES": str(self.data), "RANKSPEC_RUNS": str(self.runs.folder)}
        config = compose(TINY, environment=environment).message
        for text in (SHORT, *changes):
            text_format.Merge(text, config)
        config.training.save_dir = str(self.runs.folder / name)
        return job_from(resolve(config))

    def train(self, name: str, *changes: str) -> Path:
        assert run.train(self.job(name, *changes))
        return self.runs.folder / name

    def train_apart(self, name: str, *changes: str, num_processes: int, plan: Plan | None = None) -> list[int | None]:
        started = self.runs.start_job(self.job(name, *changes), num_processes=num_processes, plan=plan)
        return started.wait()


def test_shipped_config_learns_from_what_rankspec_data_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data", "edges", "-o", "build/edges"]) == 0
    assert main(["train", str(TINY)]) == 0

    last = records_of(tmp_path / "build/runs/twhin", "validation")[-1]
    assert last["step"] == 300
    assert last["auroc/favorite"] > 0.8
    assert last["auroc/reply"] > 0.8
    assert last["loss"] < records_of(tmp_path / "build/runs/twhin", "validation")[0]["loss"]
    applied = text_format.Parse((tmp_path / "build/runs/twhin/applied.textproto").read_text(), TwhinConfig())
    assert applied.runtime.device == DEVICE_CPU
    assert applied.model.relations[1].operator == OPERATOR_TRANSLATION


def test_edges_without_structure_teach_nothing(twhin: _Twhin, tmp_path: Path) -> None:
    source = np.random.default_rng(1)
    columns = {"lhs": edges.NUM_LHS, "rhs": edges.NUM_RHS, "rel": edges.NUM_RELATIONS}
    for part, num_rows in (("train", 4000), ("validation", 3000)):
        (tmp_path / "data" / part).mkdir(parents=True)
        table = pa.table({name: source.integers(size, size=num_rows) for name, size in columns.items()})
        pq.write_table(table, tmp_path / "data" / part / "a.parquet")
    twhin.data = tmp_path / "data"

    folder = twhin.train("run")

    assert 0.45 < records_of(folder, "validation")[-1]["auroc"] < 0.55


@pytest.mark.parametrize("step", [14, 30])
def test_killed_run_goes_on_to_the_same_bits(twhin: _Twhin, step: int) -> None:
    whole = twhin.train("whole")
    interrupted = twhin.runs.folder / "interrupted"

    assert twhin.train_apart("interrupted", num_processes=1, plan=Plan(in_step, [step, 9])) == [-9]
    assert twhin.train_apart("interrupted", num_processes=1) == [0]

    assert_same_end(whole, interrupted)


def test_two_processes_train_one_model(twhin: _Twhin) -> None:
    assert twhin.train_apart("run", num_processes=2) == [0, 0]

    folder = twhin.runs.folder / "run"
    assert steps_of(folder) == [10, 20, 30, 40]
    assert records_of(folder, "validation")[-1]["auroc"] > 0.5
    with pytest.raises(TrainError, match="is of a run with 2 processes, and there are 1 now"):
        run.train(twhin.job("run", "training { num_train_steps: 50 }"))


def test_evaluate_gives_the_figures_of_training(twhin: _Twhin) -> None:
    folder = twhin.train("run")

    follow.evaluate(twhin.job("run"))

    ours = records_of(folder, "validation", "evaluation.jsonl")
    theirs = {record["step"]: record for record in records_of(folder, "validation")}
    assert [record["step"] for record in ours] == [10, 20, 30, 40]
    for record in ours:
        if record["step"] in theirs:
            for name in ("loss", "auroc", "loss/reply", "auroc/favorite"):
                assert record[name] == theirs[record["step"]][name]


def test_each_table_has_the_optimizer_that_it_names(twhin: _Twhin) -> None:
    job = twhin.job("run")
    job.config.model.embeddings.tables[0].optimizer.Clear()
    text_format.Merge("adam { lr: 0.01 }", job.config.model.embeddings.tables[0].optimizer)
    assert run.train(job_from(resolve(job.config)))

    names = set(tensors_of(newest(twhin.runs.folder / "run")))
    assert {"optimizer.tables.table_user.exp_avg", "optimizer.tables.table_tweet.sum"} <= names
    records = records_of(twhin.runs.folder / "run", "train")
    assert records[0]["learning_rate/user"] == 0.01
    assert records[0]["learning_rate/tweet"] == 0.1
    assert records[0]["learning_rate/relations"] == pytest.approx(0.1 * 9 / 20)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("rel", 2, r'row 7, column "rel": there is no relation 2; they are numbered from 0 to 1'),
        ("rel", -1, "there is no relation -1"),
        (
            "lhs",
            400,
            r'column "lhs": the id is 400, and the table "user", on this side of "\w+", has ids from 0 to 399',
        ),
        ("rhs", -3, r'column "rhs": the id is -3, and the table "tweet"'),
    ],
)
def test_edge_of_what_there_is_not_is_told_by_its_place(
    twhin: _Twhin, tmp_path: Path, column: str, value: int, reason: str
) -> None:
    shutil.copytree(twhin.data, tmp_path / "data")
    file = tmp_path / "data/validation/part-00000.parquet"
    table = pq.read_table(file)
    values = table[column].to_numpy().copy()
    values[7] = value
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array(values)), file)
    twhin.data = tmp_path / "data"

    with pytest.raises(DataError, match=reason):
        twhin.train("run", "training { num_train_steps: 1 }")


def test_part_of_the_edges_is_read(twhin: _Twhin) -> None:
    from rankspec.trainer.setup import set_up

    whole = pq.read_table(twhin.data / "validation/part-00000.parquet")
    with set_up(twhin.job("run", "validation_data { offset: 100 limit: 130 }")) as setup:
        dataset = setup.open_validation_data()["validation"]
        with dataset.batches() as batches:
            ids = torch.cat([batch.lhs for batch in batches])

    assert ids.tolist() == whole["lhs"].to_pylist()[100:230]


def test_offset_behind_all_edges_is_refused(twhin: _Twhin) -> None:
    with pytest.raises(DataError, match="hold no edge after the first 9000; lower it") as caught:
        twhin.train("run", "train_data { offset: 9000 }")
    assert caught.value.path == "train_data.offset"


def test_half_precision_is_refused_by_name(twhin: _Twhin) -> None:
    job = twhin.job("run")
    for table in job.config.model.embeddings.tables:
        table.data_type = 2
    with pytest.raises(TrainError, match="DATA_TYPE_FP32 alone") as caught:
        run.train(job)
    assert caught.value.path == "model.embeddings.tables[0].data_type"


def test_negatives_are_a_function_of_their_place() -> None:
    draw = Draw(seed=1, is_training=True, batch=2, first_row=0)
    others = [Draw(2, True, 2, 0), Draw(1, False, 2, 0), Draw(1, True, 3, 0), Draw(1, True, 2, 64)]

    assert draw.from_table(1000, 20, 0, LHS).tolist() == draw.from_table(1000, 20, 0, LHS).tolist()
    for other in others:
        assert draw.from_table(1000, 20, 0, LHS).tolist() != other.from_table(1000, 20, 0, LHS).tolist()
    assert draw.from_table(1000, 20, 0, LHS).tolist() != draw.from_table(1000, 20, 0, RHS).tolist()
    assert sorted(draw.from_batch(5, 5, 0, LHS).tolist()) == [0, 1, 2, 3, 4]
    assert sorted(draw.from_batch(2, 5, 0, LHS).tolist()) in ([0, 0, 0, 1, 1], [0, 0, 1, 1, 1])
    counts = np.bincount(draw.from_table(10, 10_000, 0, LHS).numpy(), minlength=10)
    assert counts.min() > 850


def test_message_that_nothing_trains_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mlp.textproto"
    file.write_text("# proto-message: rankspec.recap.v1.MlpConfig\nlayer_sizes: 1\n")

    assert main(["train", str(file)]) == 1
    assert "nothing trains a rankspec.recap.v1.MlpConfig yet" in capsys.readouterr().err


def test_table_that_no_edge_looks_up_has_a_gradient_that_the_others_wait_for(twhin: _Twhin) -> None:
    topic = """
    model {
      embeddings {
        tables {
          name: "topic" num_embeddings: 5 embedding_dim: 16 optimizer { sgd { lr: 0.1 } } data_type: DATA_TYPE_FP32
        }
      }
      relations { name: "about" lhs: "tweet" rhs: "topic" }
    }
    """

    statuses = twhin.train_apart("run", topic, "train_data { per_replica_batch_size: 1 }", num_processes=2)

    assert statuses == [0, 0]
    assert steps_of(twhin.runs.folder / "run") == [10, 20, 30, 40]


def test_table_may_be_called_as_the_relations_are(twhin: _Twhin) -> None:
    job = twhin.job("run", "training { num_train_steps: 5 }")
    job.config.model.embeddings.tables[0].name = "relations"
    for relation in job.config.model.relations:
        relation.lhs = "relations"

    assert run.train(job_from(job.config))

    rates = {key for key in records_of(twhin.runs.folder / "run", "train")[-1] if key.startswith("learning_rate")}
    assert rates == {"learning_rate/relations", "learning_rate/tweet", "learning_rate/relations/vectors"}


def test_evaluations_are_known_whatever_the_optimizer_and_not_for_other_processes(twhin: _Twhin) -> None:
    folder = twhin.train("run", "training { num_train_steps: 10 }")
    follow.evaluate(twhin.job("run", "training { num_train_steps: 10 }"))
    assert len(records_of(folder, "validation", "evaluation.jsonl")) == 1

    other = (
        "model { translation_optimizer { sgd {} learning_rate { constant: 0.5 } } } training { num_train_steps: 10 }"
    )
    follow.evaluate(twhin.job("run", other))
    assert len(records_of(folder, "validation", "evaluation.jsonl")) == 1

    job = twhin.job("run", "training { num_train_steps: 10 }")
    assert twhin.runs.start_job(job, num_processes=2, action=follow.evaluate).wait() == [0, 0]
    assert len(records_of(folder, "validation", "evaluation.jsonl")) == 2


def test_mixed_precision_treats_edges_and_negatives_alike() -> None:
    config = resolve(compose(TINY, environment={}).message)
    program = TwhinProgram(config)
    source = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in program.model.parameters():
            parameter.normal_(generator=source)
    ids = torch.arange(64)
    batch = EdgeBatch(lhs=ids, rhs=ids, rel=ids % 2, number=0, first_row=0, global_rows=64)
    exact = program.model(batch).logits
    with torch.autocast("cpu", torch.bfloat16):
        rounded = program.model(batch).logits

    errors = (exact - rounded).abs()
    assert errors[:64].max() > 0
    assert errors[64:].max() > 0
