"""What can be seen of what a config sets in motion: the model, its steps, batches, figures, files, calls and flags."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import torch
from tests.liveness.probe import Observation

from rankspec.claims.views import whole_message
from rankspec.cli import main
from rankspec.families.recap.program.data.service import served_data
from rankspec.trainer import follow, run
from rankspec.trainer import runtime as runtimes
from rankspec.trainer.checkpoints import committed
from rankspec.trainer.data.assembly import BatchAssembler
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.service.server import DataServer
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError
from rankspec.trainer.evaluation import applying, scoring
from rankspec.trainer.folder import METRICS_FILE
from rankspec.trainer.program import RowSource
from rankspec.trainer.setup import Setup, set_up
from rankspec.trainer.trackers import chosen_trackers
from rankspec.trainer.weights_and_biases import require_wandb

if TYPE_CHECKING:
    from rankspec.trainer.data.service.protocol import Ticket
    from rankspec.trainer.setup import Job

_NUM_STEPS, _NUM_BATCHES = 3, 12
Seen = dict[str, Any]


def _observation(words: str) -> Callable[[Callable[[Job], Any]], Observation]:
    return lambda of: Observation(words, of)


def _copied(tensors: dict[str, torch.Tensor]) -> Seen:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


@_observation("the shape of the model's parameters and buffers")
def structure(job: Job) -> Seen:
    with set_up(job) as setup:
        return {name: list(tensor.shape) for name, tensor in setup.program.model.state_dict().items()}


@_observation("the error that building the model ends with, or its parts")
def structure_or_error(job: Job) -> Any:
    try:
        return structure.of(job)
    except (DataError, TrainError) as error:
        return str(error)


@_observation("the first values of the model's parameters")
def first_values(job: Job) -> Seen:
    with set_up(job) as setup:
        return _copied(setup.program.model.state_dict())


@_observation("the model's output in training")
def training_output(job: Job) -> Seen:
    with set_up(job) as setup:
        with setup.open_training_data().batches(0, 1) as batches:
            batch = next(batches).to("cpu")
        setup.program.set_position(0, 0)
        return _copied(setup.program.score(setup.program.model(batch), batch))


@_observation("the model's predictions and losses in evaluation")
def predictions(job: Job) -> list[Seen]:
    with set_up(job) as setup:
        datasets = setup.open_validation_data()
        with scoring(setup.program, setup.runtime) as score, torch.no_grad():
            return [_copied(score(batch)) for dataset in datasets.values() for batch in _batches(dataset)]


@_observation("what is predicted of rows")
def scores(job: Job) -> list[Seen]:
    with set_up(job) as setup, applying(setup.program, setup.runtime, setup.program.predict) as predict:
        sources = (RowSource(), RowSource(inputs=(job.config.train_data.inputs,)))
        return [seen for source in sources for seen in _predicted(setup, source, predict)]


def _predicted(setup: Setup, source: RowSource, predict: Callable[[Any], Seen]) -> list[Seen]:
    dataset = setup.program.open_rows(source, Path("predictions.parquet")).dataset
    with dataset, torch.no_grad():
        return [_copied(predict(batch)) for batch in _batches(dataset)]


@_observation("the gradients of the first step")
def gradients(job: Job) -> Seen:
    with _stepped(job, 1) as setup:
        parameters = setup.program.model.named_parameters()
        return _copied({name: parameter.grad for name, parameter in parameters if parameter.grad is not None})


@_observation("the model's parameters and buffers after three steps")
def updates(job: Job) -> Seen:
    with _stepped(job, _NUM_STEPS) as setup:
        return _copied(setup.program.model.state_dict())


@contextmanager
def _stepped(job: Job, num_steps: int) -> Iterator[Setup]:
    """What a run works with, after so many steps of its loop."""
    with set_up(job) as setup:
        training = run.TrainingRun(setup)
        learner, window, data = training._learner, training._window, training._train_data
        setup.program.model.train()
        with learner, data.batches(0, num_steps * learner.accumulation) as batches:
            for step in range(num_steps):
                learner.step(step, batches, window)
        yield setup


@_observation("the learning rates of the first eight steps")
def learning_rates(job: Job) -> list[dict[str, float]]:
    with set_up(job) as setup:
        optimizer = setup.program.build_optimizer()
        return [optimizer.learning_rates(step) for step in range(8)]


@_observation("the batches of training")
def training_batches(job: Job) -> list[Seen]:
    with set_up(job) as setup:
        return _contents(setup.open_training_data(), _NUM_BATCHES)


@_observation("the batches of evaluation")
def validation_batches(job: Job) -> dict[str, list[Seen]]:
    with set_up(job) as setup:
        return {name: _contents(dataset) for name, dataset in setup.open_validation_data().items()}


@_observation("the error that reading the training data ends with, or their batches")
def training_batches_or_error(job: Job) -> Any:
    try:
        return training_batches.of(job)
    except (DataError, TrainError) as error:
        return str(error)


@_observation("the error that reading the validation data ends with, or their batches")
def validation_batches_or_error(job: Job) -> Any:
    try:
        return validation_batches.of(job)
    except (DataError, TrainError) as error:
        return str(error)


def _batches(dataset: Dataset, count: int | None = None) -> Iterator[Any]:
    with dataset.batches(0, count) as batches:
        for batch in batches:
            yield batch.to("cpu")


def _contents(dataset: Dataset, count: int | None = None) -> list[Seen]:
    """Everything that batches hold, in the formats that they are handed over in."""
    with dataset.batches(0, count) as batches:
        return [dict(sorted(vars(batch).items())) for batch in batches]


@_observation("the batches of training beside a data service, and whether it is asked for rows, compressed or not")
def served_batches(job: Job) -> Seen:
    tickets, checked = [], DataServer._checked

    def watched(server: DataServer, ticket: Ticket) -> Ticket:
        tickets.append(ticket)
        return checked(server, ticket)

    location = job.config.train_data.data_service_dispatcher or "grpc://127.0.0.1:0"
    with patch.object(DataServer, "_checked", watched), closing(DataServer(served_data(job.config), location)):
        batches = training_batches.of(job)
    return {"batches": batches, "compressed": sorted({ticket.compress for ticket in tickets})}


@_observation("how many row groups are read for two passes over the training data")
def num_reads(job: Job) -> int:
    with _watched(Dataset, "_read") as calls, set_up(job) as setup:
        dataset = setup.open_training_data()
        for _ in range(2):
            _contents(dataset, dataset.num_batches_per_epoch)
    return calls.total


@_observation("how many row groups are read at the same time")
def reads_at_once(job: Job) -> int:
    with _watched(Dataset, "_read") as calls, set_up(job) as setup:
        _contents(setup.open_training_data(), _NUM_BATCHES)
    return calls.most_at_once


@_observation("how many batches are made at the same time")
def batches_at_once(job: Job) -> int:
    with _watched(BatchAssembler, "assemble") as calls, set_up(job) as setup:
        _contents(setup.open_training_data(), _NUM_BATCHES)
    return calls.most_at_once


class _Calls:
    """Calls of a method, each kept for a while, so that all that may run at the same time do."""

    def __init__(self) -> None:
        self.total = self.most_at_once = self._now = 0
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self.total += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(0.05)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def _watched(owner: type, name: str) -> Iterator[_Calls]:
    calls, method = _Calls(), getattr(owner, name)

    def watched(*arguments: Any) -> Any:
        with calls.one():
            return method(*arguments)

    with patch.object(owner, name, watched):
        yield calls


@_observation("the figures of an evaluation")
def figures(job: Job) -> dict[str, dict[str, float]]:
    with set_up(job) as setup, torch.no_grad():
        folder = Path("scores")
        folder.mkdir()
        return {name: setup.evaluate(name, data, folder) for name, data in setup.open_validation_data().items()}


@_observation("the figures in the journal of a run")
def journal(job: Job) -> list[Seen]:
    return _records(_trained(job))


@_observation("the steps at which a run reports")
def reports(job: Job) -> list[int]:
    return [record["step"] for record in _records(_trained(job)) if record["split"] == "train"]


@_observation("the steps at which a run evaluates")
def evaluations(job: Job) -> list[int]:
    return [record["step"] for record in _records(_trained(job)) if record["split"] != "train"]


@_observation("the checkpoints that a run leaves")
def checkpoints(job: Job) -> list[int]:
    return [checkpoint.step for checkpoint in committed(_trained(job))]


@_observation("the best evaluation of a run, and the run's last step")
def best(job: Job) -> Seen:
    last = committed(_trained(job))[-1]
    return {"last step": last.step, **{name: last.state["best"][name] for name in ("step", "value", "waited")}}


@_observation("the folder that a run writes")
def folder(job: Job) -> list[str]:
    _trained(job)
    return sorted(str(path) for path in Path().glob("*/*"))


def _trained(job: Job) -> Path:
    assert run.train(job)
    return Path(job.config.training.save_dir)


def _records(folder: Path) -> list[Seen]:
    return [json.loads(line) for line in (folder / METRICS_FILE).read_text().splitlines()]


@_observation("how `rankspec run` ends, and what it leaves")
def what_run_does(job: Job) -> tuple[int, list[str]]:
    file = Path("config.textproto")
    file.write_text(job.text)
    with redirect_stdout(StringIO()):
        status = main(["run", str(file)])
    return status, sorted(str(path) for path in Path("runs").glob("run/*.jsonl"))


@_observation("how long an evaluation waits for a checkpoint")
def waiting_time(job: Job) -> float:
    """Of a folder without any, by a clock that goes on as the evaluation sleeps."""
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds + 1e-3

    Path(job.config.training.save_dir).mkdir(parents=True)
    with patch.object(time, "monotonic", lambda: clock[0]), patch.object(time, "sleep", sleep):
        try:
            follow.evaluate(job)
        except TrainError:
            return clock[0]
    raise AssertionError("there was nothing to evaluate")


@_observation("what the tracker's client library is called with")
def tracker_call(job: Job) -> Seen | None:
    with patch("wandb.init") as init, set_up(job) as setup:
        folder = Path("run")
        folder.mkdir()
        require_wandb(job.config.runtime)
        for name, opener in chosen_trackers(job.config, folder, 0, setup.console.say).items():
            if name != "TensorBoard":
                opener()
    if not init.called:
        return None
    options = dict(init.call_args.kwargs)
    settings = options.pop("settings")
    # The run's number is drawn; the config is a dump of what was read, and proves nothing but for the metadata.
    del options["id"], options["dir"]
    return {**options, "config": options["config"]["metadata"], "server": settings.base_url, "key": settings.api_key}


@_observation("the device that is chosen where there is CUDA")
def device(job: Job) -> str:
    with patch.object(torch.cuda, "is_available", lambda: True):
        return str(runtimes.choose_device(job.config.runtime))


@_observation("torch's flags, read back")
def flags(job: Job) -> Seen:
    """Those of a device that knows TensorFloat-32, which need not be there to set them."""
    with (
        patch.object(torch.cuda, "get_device_capability", lambda _device: (9, 0)),
        patch.object(runtimes, "_read_back", lambda _runtime, config: whole_message(config)),
    ):
        runtimes.apply_runtime(job.config.runtime, torch.device("cuda"))
    return {
        "matmul": torch.get_float32_matmul_precision(),
        "cudnn": torch.backends.cudnn.allow_tf32,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
