"""Small training runs for tests: in this process, or in processes of their own that may be killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from google.protobuf import text_format
from numpy.typing import NDArray
from rankspec.recap.v1.recap_pb2 import RecapConfig

from rankspec.datasets.feature_names import schema_entry
from rankspec.datasets.vectors import list_column
from rankspec.encoding.lists import Lists
from rankspec.families import program_of
from rankspec.formats.writing import to_textproto
from rankspec.schema.defaults import resolve
from rankspec.schema.message_types import message_class
from rankspec.trainer import follow, run
from rankspec.trainer.checkpoints import Checkpoint, committed
from rankspec.trainer.setup import Job

TRAIN_ROWS, VALID_ROWS, BATCH_ROWS = 320, 100, 16
# float32 holds whole numbers up to 2^24, float64 up to 2^53.
FIRST_ID = 2**60

# Batch norm, dropout, embeddings and both kinds of towers: what makes exactness hard.
_MODEL = """
model {
  tasks { key: "like" value { mlp_config { layer_sizes: [8, 1] batch_norm {} dropout {} } } }
  tasks { key: "reply" value { mlp_config { layer_sizes: [8, 1] } affine_map {} } }
  backbone {
    mask_net_config {
      mask_blocks { output_size: 8 aggregation_size: 8 input_layer_norm: true }
      mask_blocks { output_size: 8 reduction_factor: 0.5 input_layer_norm: true }
      use_parallel: true
      mlp { layer_sizes: 8 final_layer_activation: true }
    }
  }
  multi_task_type: MULTI_TASK_TYPE_SHARE_ALL
  small_embeddings { tables { name: "user" num_embeddings: 20 embedding_dim: 4 index: 0 } }
  featurization_config { double_norm_log_config { batch_norm_config {} layer_norm_config {} } }
}
"""
# Every row by itself: no batch norm, no dropout.
_PLAIN_MODEL = """
model {
  tasks { key: "like" value { mlp_config { layer_sizes: [8, 1] } } }
  tasks { key: "reply" value { mlp_config { layer_sizes: [8, 1] } } }
  backbone { mlp_config { layer_sizes: 8 final_layer_activation: true } }
  multi_task_type: MULTI_TASK_TYPE_SHARE_ALL
  featurization_config { double_norm_log_config {} }
}
"""
_REST = """
training {
  num_train_steps: 40 train_log_every_n: 4 eval_log_every_n: 10 checkpoint_every_n: 7 checkpoint_max_to_keep: 3
  num_eval_steps: -1
}
optimizer {
  adam {}
  multi_task_learning_rates {
    backbone_learning_rate { constant: 0.005 }
    tower_learning_rates { key: "like" value { constant: 0.01 } }
    tower_learning_rates {
      key: "reply" value { linear_ramp_to_constant { learning_rate: 0.01 num_ramp_steps: 10 } }
    }
  }
}
runtime { device: DEVICE_CPU }
"""


def data_set(folder: Path, name: str) -> str:
    """The part of a config that names a data set of `write_data`."""
    columns = " ".join(
        f'renamed_features {{ key: "{column}" value: "{column}" }}' for column in ("continuous", "binary", "discrete")
    )
    return (
        f'inputs: "{folder}/{name}.parquet" global_batch_size: {BATCH_ROWS} '
        f'seg_dense_schema {{ schema_path: "{folder}/schema.json" {columns} }} '
        'tasks { key: "like" value {} } tasks { key: "reply" value {} }'
    )


def write_data(folder: Path) -> None:
    """Writes `train.parquet`, `valid.parquet` and their schema; the labels can be learnt from the features."""
    rng = np.random.default_rng(0)
    for name, rows in (("train", TRAIN_ROWS), ("valid", VALID_ROWS)):
        continuous = rng.normal(size=(rows, 6)).astype(np.float32)
        binary = rng.integers(0, 2, (rows, 3))
        like = _labels(rng, 2 * continuous[:, 0] + binary[:, 1] - 1)
        reply = _labels(rng, continuous[:, 1] - 1)
        table = pa.table(
            {
                "continuous": _lists(continuous),
                "binary": _lists(binary),
                "discrete": _lists(rng.integers(0, 20, (rows, 2))),
                "like": like,
                "reply": reply,
            }
        )
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=64)
    entries = [("continuous", "float", 6), ("binary", "int64", 3), ("discrete", "int64", 2)]
    entries += [("like", "int64", 1), ("reply", "int64", 1)]
    schema = [{"feature_name": name, "dtype": f"{kind}_list", "length": length} for name, kind, length in entries]
    (folder / "schema.json").write_text(json.dumps({"schema": schema}))


def with_users(runs: Runs, folder: Path) -> str:
    """Writes the validation set of some runs with a user for each row; returns the change of config that reads it."""
    table = pq.read_table(runs.data / "valid.parquet")
    users = FIRST_ID + np.arange(table.num_rows) % 9
    table = table.append_column("user_id", pa.array(users)).append_column("age", pa.array(users.astype(np.float32)))
    pq.write_table(table, folder / "users.parquet", row_group_size=64)
    schema = json.loads((runs.data / "schema.json").read_text())
    for name, dtype in (("user_id", "int64_list"), ("age", "float_list")):
        schema["schema"].append({"feature_name": name, "dtype": dtype, "length": 1})
    (folder / "users.json").write_text(json.dumps(schema))
    names = ("continuous", "binary", "discrete")
    columns = " ".join(f'renamed_features {{ key: "{name}" value: "{name}" }}' for name in names)
    columns += ' renamed_features { key: "meta__user" value: "user_id" }'
    columns += ' renamed_features { key: "meta__age" value: "age" }'
    return (
        f'validation_data {{ key: "valid" value {{ inputs: "{folder}/users.parquet" global_batch_size: {BATCH_ROWS} '
        f'seg_dense_schema {{ schema_path: "{folder}/users.json" {columns} }} '
        'tasks { key: "like" value {} } tasks { key: "reply" value {} } } }'
    )


def write_lists(folder: Path) -> None:
    """Gives the rows of `write_data` a column `tags`: lists of up to four ids below 12, some of them empty."""
    rng = np.random.default_rng(1)
    for file in sorted(folder.glob("*.parquet")):
        table = pq.read_table(file)
        lengths = rng.integers(0, 5, len(table))
        lists = Lists.of(rng.integers(0, 12, lengths.sum()), lengths)
        pq.write_table(table.append_column("tags", list_column(lists)), file, row_group_size=64)
    document = json.loads((folder / "schema.json").read_text())
    document["schema"].append(schema_entry("tags", "int64_list", -1, ["tag"], [12]))
    (folder / "schema.json").write_text(json.dumps(document))


def with_lists(folder: Path, tables: str) -> str:
    """Textproto that has the small config read these lists, and look them up in tables."""
    column = 'seg_dense_schema { renamed_features { key: "tags" value: "tags" } }'
    valid = f'validation_data {{ key: "valid" value {{ {data_set(folder, "valid")} {column} }} }}'
    return f"model {{ small_embeddings {{ {tables} }} }} train_data {{ {column} }} {valid}"


def _labels(rng: np.random.Generator, logits: NDArray[Any]) -> NDArray[np.int64]:
    return (rng.random(len(logits)) < 1 / (1 + np.exp(-logits))).astype(np.int64)


def _lists(values: NDArray[Any]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def job_from(config: Any) -> Job:
    """The job of a resolved config of any family."""
    program = program_of(config.DESCRIPTOR.full_name)
    assert program is not None, "something trains it"
    return Job(config, to_textproto(config), "fingerprint", "semantic fingerprint", program)


@dataclass(frozen=True)
class Runs:
    """Runs that share a folder for what they write, and a data set."""

    folder: Path
    data: Path

    def job(self, name: str, *changes: str, plain: bool = False) -> Job:
        """A job that writes into `folder/name`.

        Args:
            name: of the run.
            changes: textproto that is laid over the small config.
            plain: whether to take the model that sees every row by itself.
        """
        config = RecapConfig()
        valid = f'validation_data {{ key: "valid" value {{ {data_set(self.data, "valid")} }} }}'
        train_data = f"train_data {{ {data_set(self.data, 'train')} }}"
        for text in (_PLAIN_MODEL if plain else _MODEL, _REST, train_data, valid, *changes):
            text_format.Merge(text, config)
        config.training.save_dir = str(self.folder / name)
        resolved = resolve(config)
        return job_from(resolved)

    def train(self, name: str, *changes: str, plain: bool = False) -> Path:
        """Trains to the end in this process; returns the run's folder."""
        assert run.train(self.job(name, *changes, plain=plain))
        return self.folder / name

    def evaluate(self, name: str, *changes: str) -> None:
        """Evaluates the checkpoints of a run in this process."""
        follow.evaluate(self.job(name, *changes))

    def start(
        self,
        name: str,
        *changes: str,
        num_processes: int = 1,
        plan: Plan | None = None,
        action: Callable[[Job], bool | None] = run.train,
    ) -> Processes:
        """Trains, or does what `action` does, in processes of their own, which `plan` may hinder."""
        return self.start_job(self.job(name, *changes), num_processes=num_processes, plan=plan, action=action)

    def start_job(
        self,
        job: Job,
        *,
        num_processes: int = 1,
        plan: Plan | None = None,
        action: Callable[[Job], bool | None] = run.train,
    ) -> Processes:
        """As `start`, with any job."""
        log = self.folder / f"{Path(job.config.training.save_dir).name}.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.integration.trainer.runs"])
        started = []
        for rank in range(num_processes):
            environment = {"OMP_NUM_THREADS": "1"}
            if num_processes > 1:
                environment |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(num_processes)}
                environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            config = (job.config.DESCRIPTOR.full_name, job.config.SerializeToString())
            arguments = (config, environment, str(log), plan or Plan(), action)
            started.append(context.Process(target=_run_in_process, args=arguments))
        for process in started:
            process.start()
        return Processes(started, log)

    def train_apart(self, name: str, *changes: str, num_processes: int = 1) -> Path:
        """Trains to the end in processes of their own; returns the run's folder."""
        processes = self.start(name, *changes, num_processes=num_processes)
        assert processes.wait() == [0] * num_processes, processes.output
        return self.folder / name


@dataclass(frozen=True)
class Plan:
    """What happens to a process that trains, before it does: a function of this module's users, and its arguments."""

    function: Callable[..., None] | None = None
    arguments: Sequence[Any] = field(default=())


@dataclass(frozen=True)
class Processes:
    """Processes that train one run together."""

    members: Sequence[ForkServerProcess]
    log: Path

    def wait(self, seconds: float = 120) -> list[int | None]:
        """Exit statuses once all have ended; a signal's is negative, and None is that of one which did not end."""
        for process in self.members:
            process.join(seconds)
        return [process.exitcode for process in self.members]

    def kill(self) -> None:
        """Ends all of them at once, as `kill -9` does."""
        for process in self.members:
            process.kill()
        self.wait()

    @property
    def output(self) -> str:
        """What they printed, newest run last."""
        return self.log.read_text()


# What a process exits with that was asked to end, and one that ended with an error.
ASKED_TO_END, FAILED = 3, 4


def _run_in_process(
    config: tuple[str, bytes],
    environment: dict[str, str],
    log: str,
    plan: Plan,
    action: Callable[[Job], bool | None],
) -> None:
    os.environ.update(environment)
    torch.set_num_threads(1)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    message = message_class(config[0]).FromString(config[1])
    if plan.function is not None:
        plan.function(*plan.arguments)
    try:
        done = action(job_from(message))
    except Exception:  # noqa: BLE001 - whatever it is, the test wants to see it
        traceback.print_exc()
        raise SystemExit(FAILED) from None
    raise SystemExit(ASKED_TO_END if done is False else 0)


def newest(folder: Path) -> Checkpoint:
    """The newest checkpoint of a run."""
    return committed(folder)[-1]


def steps_of(folder: Path) -> list[int]:
    """Steps of the checkpoints of a run."""
    return [checkpoint.step for checkpoint in committed(folder)]


def tensors_of(checkpoint: Checkpoint, prefix: str = "") -> dict[str, torch.Tensor]:
    """All tensors that a checkpoint holds under a prefix."""
    tensors = checkpoint.empty_tensors(prefix)
    checkpoint.load(tensors)
    return tensors


def assert_same_end(one: Path, other: Path) -> None:
    """Two runs ended with the same bits in every tensor, and with the same metrics."""
    first, second = tensors_of(newest(one)), tensors_of(newest(other))
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []
    assert (one / "metrics.jsonl").read_bytes() == (other / "metrics.jsonl").read_bytes()


def records_of(folder: Path, split: str, file: str = "metrics.jsonl") -> list[dict[str, Any]]:
    """The records of a split, in their order."""
    records = [json.loads(line) for line in (folder / file).read_text().splitlines()]
    return [record for record in records if record["split"] == split]
