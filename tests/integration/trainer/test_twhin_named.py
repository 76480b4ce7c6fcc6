"""Graph embeddings whose edges name entities: vocabularies, first vectors, reports of weights, passes over edges."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from google.protobuf import text_format
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig
from tests.claims import fields_read
from tests.integration.trainer.interruptions import in_step
from tests.integration.trainer.runs import Plan, Runs, assert_same_end, job_from, records_of, steps_of, tensors_of

from rankspec.claims.registry import forget_reads
from rankspec.composition.compose import compose
from rankspec.datasets import edges
from rankspec.families.jobs import refusals
from rankspec.schema.defaults import resolve
from rankspec.schema.leaves import leaves
from rankspec.trainer import follow, run
from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Job, set_up

NAMED = Path(__file__).parents[3] / "configs/twhin/named.textproto"
# A pass over 5400 edges takes 84.375 steps of 64.
SHORT = """
training {
  num_train_steps: 40 checkpoint_every_n: 10 train_log_every_n: 10 eval_log_every_n: 20 checkpoint_max_to_keep: 20
  eval_timeout_in_s: 1
}
train_data { per_replica_batch_size: 64 }
"""
PATH = "model.embeddings.tables[0].pretrained.embedding_snapshot_uri"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edges")
    edges.write(folder / "named", num_edges=6000, num_files=3, named=True)
    edges.write(folder / "plain", num_edges=6000, num_files=3)
    return folder


class _Named:
    """Runs of the shipped config, shortened, on a small data set."""

    def __init__(self, runs: Runs, data: Path) -> None:
        self.runs, self.data = runs, data / "named"

    def config(self, name: str, *changes: str) -> TwhinConfig:
        environment = {"RANKSPEC_NAMED_EDGES": str(self.data), "RANKSPEC_RUNS": str(self.runs.folder)}
        config = compose(NAMED, environment=environment).message
        assert isinstance(config, TwhinConfig)
        for text in (SHORT, *changes):
            text_format.Merge(text, config)
        config.training.save_dir = str(self.runs.folder / name)
        return config

    def job(self, name: str, *changes: str) -> Job:
        return job_from(resolve(self.config(name, *changes)))

    def train(self, name: str, *changes: str) -> Path:
        assert run.train(self.job(name, *changes))
        return self.runs.folder / name


@pytest.fixture
def named(runs: Runs, data: Path) -> _Named:
    return _Named(runs, data)


def _snapshot(folder: Path, ids: object, vectors: object, name: str = "lhs") -> Path:
    folder.mkdir(exist_ok=True)
    width = np.asarray(vectors).shape[1]
    flat = pa.array(np.asarray(vectors, np.float32).ravel())
    table = pa.table({"id": ids, "vector": pa.FixedSizeListArray.from_arrays(flat, width)})
    pq.write_table(table, folder / f"{name}.parquet")
    return folder


def _with_snapshot(job: Job, folder: Path, name: str = "lhs") -> Job:
    snapshot = job.config.model.embeddings.tables[0].pretrained
    snapshot.emb_name, snapshot.embedding_snapshot_uri = name, str(folder)
    return job_from(job.config)


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    return tensors_of(Checkpoint(int(folder.name), folder))


def _first_vectors(job: Job) -> tuple[torch.Tensor, torch.Tensor]:
    """The vectors of users as seeded, and as a run begins with them."""
    with set_up(job) as setup:
        table = setup.program.model.get_parameter("tables.table_user")
        seeded = table.detach().clone()
        list(setup.program.first_values())
        return seeded, table.detach().clone()


def test_nothing_of_the_shipped_config_is_refused(named: _Named) -> None:
    loaded = compose(NAMED, environment={"RANKSPEC_NAMED_EDGES": str(named.data), "RANKSPEC_RUNS": "x"})

    assert refusals(loaded) == []


def test_shipped_config_is_read_in_full(named: _Named) -> None:
    forget_reads()
    config = named.config("run", "training { num_train_steps: 2 train_log_every_n: 1 }")

    assert run.train(job_from(resolve(config)))

    read = fields_read()
    # What is done with a config is read by the command line.
    assert {
        (message.full_name, field.name)
        for leaf in leaves(config)
        for field in leaf.path.fields
        if (message := field.containing_type) is not None and field.name not in read.get(message.full_name, ())
    } == set()


def test_names_train_to_the_same_bits_as_rows(named: _Named, data: Path) -> None:
    with_names = named.train("names", "model { embeddings { tables_to_log: 'tweet' } }")
    job = named.job("rows")
    for table in job.config.model.embeddings.tables:
        table.ClearField("vocab")
    snapshot = pq.read_table(named.data / "snapshot/lhs.parquet")
    rows = _snapshot(
        named.runs.folder / "snapshot", np.arange(0, 400, 2), np.stack(snapshot["vector"].to_numpy().tolist())
    )
    _with_snapshot(job, rows)
    for part, of in (("train", job.config.train_data), ("validation", job.config.validation_data)):
        of.data_root = str(data / "plain" / part / "*.parquet")
    assert run.train(job_from(job.config))

    same, other = _tensors(with_names / "40"), _tensors(named.runs.folder / "rows/40")
    assert all(torch.equal(tensor, other[name]) for name, tensor in same.items() if name.startswith("model."))
    assert [r["loss"] for r in records_of(with_names, "validation")] == [
        r["loss"] for r in records_of(named.runs.folder / "rows", "validation")
    ]


# Two algorithms step at each of the 40 steps.
@pytest.mark.parametrize("step", [50, 70])
def test_killed_run_goes_on_to_the_same_bits(named: _Named, tmp_path: Path, step: int) -> None:
    named.data = Path(shutil.copytree(named.data, tmp_path / "own"))
    whole = named.train("whole")
    job = named.job("interrupted")
    assert named.runs.start_job(job, plan=Plan(in_step, [step, signal.SIGKILL])).wait() == [-signal.SIGKILL]
    # A run that goes on reads no snapshot.
    shutil.rmtree(named.data / "snapshot")
    assert run.train(job)

    assert_same_end(whole, named.runs.folder / "interrupted")


def test_unknown_entity_is_named_with_file_and_row(named: _Named, tmp_path: Path) -> None:
    named.data = Path(shutil.copytree(named.data, tmp_path / "own"))
    file = named.data / "validation/part-00000.parquet"
    table = pq.read_table(file).to_pydict()
    table["lhs"][3] = "nobody"
    pq.write_table(pa.table(table), file)

    with pytest.raises(DataError, match=r"row 3, column \"lhs\": the entity 'nobody' is not in .*lhs\.txt") as caught:
        named.train("run")
    assert caught.value.path == "validation_data.data_root"
    assert str(file) in caught.value.message


def test_strings_need_a_vocabulary(named: _Named) -> None:
    job = named.job("run")
    job.config.model.embeddings.tables[0].ClearField("vocab")
    job.config.model.embeddings.tables[0].ClearField("pretrained")

    with pytest.raises(DataError, match='column "lhs" is string; it has to be an integer type'):
        run.train(job)


def test_side_has_strings_for_all_tables_or_for_none(named: _Named) -> None:
    with pytest.raises(DataError, match='column "lhs" holds entities of "user", which are strings, and of "tweet"'):
        named.train("run", "model { relations { name: 'r' lhs: 'tweet' rhs: 'user' } }")


def test_run_goes_on_with_a_vocabulary_that_grew_and_with_no_other(named: _Named, tmp_path: Path) -> None:
    named.data = Path(shutil.copytree(named.data, tmp_path / "own"))
    grow = "training { num_train_steps: 20 }"
    job = named.job("run", grow)
    job.config.model.embeddings.tables[0].num_embeddings = 401
    assert run.train(job_from(job.config))
    file = named.data / "vocab/lhs.txt"
    first, *others = file.read_text().splitlines()

    job.config.training.num_train_steps = 30
    file.write_text("\n".join([first, *others, "somebody"]))
    assert run.train(job_from(job.config))
    job.config.training.num_train_steps = 40
    file.write_text("\n".join([*others, first]))
    for go_on in (run.train, follow.evaluate):
        with pytest.raises(TrainError, match='another vocabulary of the table "user"'):
            go_on(job_from(job.config))
    assert steps_of(named.runs.folder / "run") == [10, 20, 30]


def test_two_processes_start_and_train_alike(named: _Named) -> None:
    job = named.job("two")

    assert named.runs.start_job(job, num_processes=2).wait() == [0, 0]

    assert records_of(named.runs.folder / "two", "train")[-1]["norm_min/user"] > 0


def test_rows_that_the_snapshot_has_begin_with_its_vectors(named: _Named, tmp_path: Path) -> None:
    ids, vectors = ["user-00003", "stranger", "user-00001"], np.arange(48).reshape(3, 16)
    job = _with_snapshot(named.job("run"), _snapshot(tmp_path / "snapshot", ids, vectors))

    seeded, first = _first_vectors(job)

    assert first[3].tolist() == vectors[0].tolist()
    assert first[1].tolist() == vectors[2].tolist()
    kept = [row for row in range(400) if row not in {1, 3}]
    assert torch.equal(first[kept], seeded[kept])


def test_run_says_how_many_rows_begin_with_vectors(
    named: _Named, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _snapshot(tmp_path / "snapshot", ["user-00003", "stranger"], np.ones((2, 16)))

    run.train(_with_snapshot(named.job("run"), folder))

    told = " ".join(capsys.readouterr().err.split())
    assert "1 of 400 rows of user begin with vectors of" in told
    assert "1 vectors of" in told


def test_table_begins_with_that_of_a_checkpoint(named: _Named) -> None:
    before = named.train("before", "training { num_train_steps: 10 }")
    saved = _tensors(before / "10")["model.tables.table_user"]
    job = _with_snapshot(named.job("after"), before / "10", "user")
    job.config.model.embeddings.tables[0].num_embeddings = 410

    seeded, first = _first_vectors(job)

    assert torch.equal(first[:400], saved)
    assert torch.equal(first[400:], seeded[400:])
    assert run.train(job)


def test_checkpoint_of_another_vocabulary_is_refused(named: _Named, tmp_path: Path) -> None:
    before = named.train("before", "training { num_train_steps: 10 }")
    named.data = Path(shutil.copytree(named.data, tmp_path / "own"))
    file = named.data / "vocab/lhs.txt"
    file.write_text("\n".join(reversed(file.read_text().splitlines())))

    with pytest.raises(TrainError, match="another vocabulary of the table") as caught:
        run.train(_with_snapshot(named.job("after"), before / "10", "user"))
    assert caught.value.path == PATH


def test_checkpoint_has_to_have_the_table_in_the_same_width(named: _Named) -> None:
    before = named.train("before", "training { num_train_steps: 10 }")

    with pytest.raises(TrainError, match="another vocabulary"):
        _first_vectors(_with_snapshot(named.job("after"), before / "10", "nothing"))
    job = named.job("after")
    for table in job.config.model.embeddings.tables:
        table.embedding_dim = 8
    with pytest.raises(DataError, match="the table is 400 x 16, and here it is 400 x 8"):
        _first_vectors(_with_snapshot(job, before / "10", "user"))


@pytest.mark.parametrize(
    ("ids", "vectors", "words"),
    [
        (["user-00001"], np.ones((1, 8)), "16"),
        (["user-00001", "user-00002"], [[1.0] * 16, [np.inf] * 16], 'row 1, column "vector": a value is not finite'),
        (["user-00001", "user-00001"], np.ones((2, 16)), "there a second time"),
        ([1], np.ones((1, 16)), "has whole numbers, and the table's vocabulary strings"),
    ],
    ids=["width", "not_finite", "twice", "numbers"],
)
def test_snapshot_that_does_not_fit_is_refused(
    named: _Named, tmp_path: Path, ids: object, vectors: object, words: str
) -> None:
    job = _with_snapshot(named.job("run"), _snapshot(tmp_path / "snapshot", ids, vectors))

    with pytest.raises(DataError, match=words) as caught:
        run.train(job)
    assert caught.value.path == PATH
    assert "lhs.parquet" in caught.value.message


def test_snapshot_that_is_not_there_is_refused(named: _Named, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lhs\.parquet") as caught:
        run.train(_with_snapshot(named.job("run"), tmp_path / "none"))
    assert caught.value.path == PATH


def test_id_behind_the_table_is_refused(named: _Named, data: Path, tmp_path: Path) -> None:
    job = _with_snapshot(named.job("run"), _snapshot(tmp_path / "snapshot", [0, 400], np.ones((2, 16))))
    for table in job.config.model.embeddings.tables:
        table.ClearField("vocab")
    for part, of in (("train", job.config.train_data), ("validation", job.config.validation_data)):
        of.data_root = str(data / "plain" / part / "*.parquet")

    with pytest.raises(DataError, match='row 1, column "id": the id is 400, and the table has ids from 0 to 399'):
        run.train(job)


def test_snapshot_comes_after_the_initial_checkpoint(named: _Named) -> None:
    before = named.train("before", "training { num_train_steps: 10 }")
    job = named.job("after", f"training {{ num_train_steps: 1 initial_checkpoint_dir: '{before / '10'}' }}")
    for table in job.config.model.embeddings.tables:
        table.optimizer.Clear()
        table.optimizer.sgd.lr = 0
    job.config.model.translation_optimizer.Clear()
    job.config.model.translation_optimizer.sgd.lr = 0
    assert run.train(job)

    snapshot = pq.read_table(named.data / "snapshot/lhs.parquet")["vector"].to_pylist()
    saved, tensors = _tensors(before / "10"), _tensors(named.runs.folder / "after/1")
    assert np.allclose(tensors["model.tables.table_user"][::2], snapshot, atol=0)
    assert torch.equal(tensors["model.tables.table_user"][1::2], saved["model.tables.table_user"][1::2])
    assert torch.equal(tensors["model.tables.table_tweet"], saved["model.tables.table_tweet"])


def test_norms_are_those_of_the_vectors_in_the_checkpoint(named: _Named) -> None:
    folder = named.train("run")

    norms = _tensors(folder / "40")["model.tables.table_user"].double().norm(dim=1).numpy()
    last = records_of(folder, "train")[-1]
    assert last["step"] == 40
    assert {name: value for name, value in last.items() if name.startswith("norm_")} == pytest.approx(
        {
            "norm_mean/user": norms.mean(),
            "norm_std/user": norms.std(),
            "norm_min/user": norms.min(),
            "norm_max/user": norms.max(),
            "norm_p05/user": np.quantile(norms, 0.05),
            "norm_median/user": np.quantile(norms, 0.5),
            "norm_p95/user": np.quantile(norms, 0.95),
        }
    )


def test_reports_change_nothing_that_is_trained(named: _Named) -> None:
    job = named.job("without")
    job.config.model.embeddings.ClearField("tables_to_log")
    assert run.train(job)
    logged = named.train("with")

    without = named.runs.folder / "without"
    assert not any("norm_" in name for name in records_of(without, "train")[-1])
    same, other = _tensors(logged / "40"), _tensors(without / "40")
    assert all(torch.equal(tensor, other[name]) for name, tensor in same.items())


@pytest.mark.parametrize(
    ("length", "last"),
    [
        ("num_train_steps: 1000 num_epochs: 1", 85),
        ("num_train_steps: 1000 num_epochs: 2", 169),
        ("num_train_steps: 30 num_epochs: 1", 30),
        ("num_train_steps: 1000 num_epochs: 1 gradient_accumulation: 2", 43),
    ],
)
def test_training_ends_with_the_passes_or_the_steps(
    named: _Named, length: str, last: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = named.train("run", f"training {{ {length} checkpoint_every_n: 1000 }}")

    assert steps_of(folder) == [last]
    assert records_of(folder, "validation")[-1]["step"] == last
    assert json.loads((folder / "status.json").read_text())["last_step"] == last
    assert ("num_epochs is" in capsys.readouterr().err) == (last != 30)


def test_more_passes_go_on_to_the_same_bits(named: _Named) -> None:
    whole = named.train("whole", "training { num_train_steps: 1000 num_epochs: 2 checkpoint_every_n: 85 }")
    job = named.job("longer", "training { num_train_steps: 1000 num_epochs: 1 checkpoint_every_n: 85 }")
    assert run.train(job)
    job.config.training.num_epochs = 2
    assert run.train(job)

    same, other = _tensors(whole / "169"), _tensors(named.runs.folder / "longer/169")
    assert all(torch.equal(tensor, other[name]) for name, tensor in same.items())


def test_evaluate_ends_with_the_last_pass(named: _Named) -> None:
    passes = "training { num_train_steps: 1000 num_epochs: 1 checkpoint_every_n: 1000 eval_timeout_in_s: 600 }"
    named.train("run", passes)

    follow.evaluate(named.job("run", passes))

    steps = [record["step"] for record in records_of(named.runs.folder / "run", "validation", "evaluation.jsonl")]
    assert steps == [85]


def test_evaluate_waits_for_passes_that_were_added(named: _Named) -> None:
    named.train("run", "training { num_train_steps: 1000 num_epochs: 1 checkpoint_every_n: 1000 }")

    with pytest.raises(TrainError, match="no further checkpoint"):
        follow.evaluate(named.job("run", "training { num_train_steps: 1000 num_epochs: 2 eval_timeout_in_s: 0.2 }"))
