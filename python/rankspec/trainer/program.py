"""What the engine asks of a kind of model. A family implements it; the engine knows nothing else of what it trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from rankspec.trainer.errors import TrainError

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from google.protobuf.message import Message

    from rankspec.trainer.data.dataset import Dataset
    from rankspec.trainer.data.plan import Share
    from rankspec.trainer.details import Details, DetailTable
    from rankspec.trainer.inputs import Input
    from rankspec.trainer.optimizers import ScheduledOptimizer
    from rankspec.trainer.training import Followed, Training


class Batch(Protocol):
    """One process's slice of a global batch, as far as the engine looks at it."""

    @property
    def global_rows(self) -> int:
        """Rows of the global batch over all processes."""

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Self:
        """The same slice with its tensors on a device."""


# Of scored rows: float32, or int64 where ids are kept.
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class RowSource:
    """Which rows are predicted.

    Attributes:
        split: the validation set whose rows they are, or, with `inputs`, that the rows are read like; none for the only
            one, or, with `inputs`, for the training data.
        inputs: files or patterns of rows, in the order in which they are predicted; none for the rows of the split.
        table: rows that are in memory, in place of files: a table of Arrow's, or what can be one.
    """

    split: str | None = None
    inputs: tuple[str, ...] = ()
    table: Any = None

    @property
    def names_rows(self) -> bool:
        """Whether rows are named, and not those of a split."""
        return bool(self.inputs) or self.table is not None


@dataclass(frozen=True)
class Storing:
    """How rows become files that batches are read from.

    Attributes:
        output: where the predictions go; no pattern that names the rows may take it.
        folder: for the files, to be made; nothing is there.
        columns: names that are to be carried, if there are such columns.
        saved: the state of the checkpoint that predicts.
        say: takes a line for each thing to know.
    """

    output: Path
    folder: Path
    columns: tuple[str, ...]
    saved: Mapping[str, Any]
    say: Callable[[str], None]


@dataclass(frozen=True)
class OpenedRows:
    """Rows that are predicted, opened.

    Attributes:
        dataset: batches of all rows in their order, none left out, without labels; all processes have the same.
        label_columns: columns of the files that are labels, there or not.
        time_columns: columns of the files that are times in whole microseconds since 1970 in UTC; -1 is a missing one.
    """

    dataset: Dataset
    label_columns: frozenset[str]
    time_columns: frozenset[str]


# Gives columns by their names, `[N]` each, some rows at a time.
Reader = Callable[[Sequence[str]], Iterable[Columns]]

BatchT = TypeVar("BatchT", bound=Batch)


class Program(ABC, Generic[BatchT]):
    """The model of one run, and what is computed with it.

    Attributes:
        model: maps a batch to what `loss`, `sums` and `score` take as `outputs`.
        loss_parts: names of what the loss is put together of.
        sum_names: what `sums` gives for each part, under names that tell a resumed run what was summed up before.
        scores_per_row: rows of `score`'s columns for each row of a validation set.
        metrics: names of the metrics that are computed for parts of the model, in the order in which people see them.
        training: length and cadences of the run.
        inputs: the model's inputs, in their order.
        inputs_field: the field of the spec to blame where a checkpoint was trained on other inputs.
        optimizer_field: the field to blame where training makes numbers that are not finite.
        batch_field: the field that says how many rows a batch has.
        is_batch_per_process: whether the global batch grows with the number of processes, so that a run cannot go on
            with another.
        model_fields: fields of the root message that determine the function that is trained; names or parts of paths,
            each followed by a dot.
        no_prediction: why rows cannot be predicted, in words; empty if they can be.
        prediction_columns: names of the columns that `predict` gives, in their order.
        combined_score: the one of them that joins all others into what rows are ranked by, or none.
    """

    model: nn.Module
    loss_parts: tuple[str, ...]
    sum_names: tuple[str, ...]
    scores_per_row: int
    metrics: tuple[str, ...]
    training: Training
    inputs: tuple[Input, ...]
    inputs_field: ClassVar[str]
    optimizer_field: ClassVar[str]
    batch_field: ClassVar[str]
    is_batch_per_process: ClassVar[bool]
    model_fields: ClassVar[tuple[str, ...]]
    no_prediction: ClassVar[str]
    prediction_columns: tuple[str, ...] = ()
    combined_score: str | None = None

    def to(self, device: torch.device) -> None:
        """Moves the model, and whatever else is computed with, to a device."""
        self.model.to(device)

    def buffers_from_files(self) -> dict[str, str]:
        """The model's buffers that were read from files, by name, each with the field of the spec that names its file.

        A checkpoint's own take their place.
        """
        return {}

    def models_alone(self) -> Sequence[nn.Module]:
        """The parts of the model that train as each would alone; the gradients of each are clipped by themselves."""
        return (self.model,)

    @abstractmethod
    def open_training_data(self, share: Share, folder: Path) -> Dataset:
        """Opens a process's share of the training data; no data may lie in the run's folder."""

    @abstractmethod
    def open_validation_data(self, share: Share, folder: Path) -> dict[str, Dataset]:
        """Opens a process's share of every validation set, by name, in the order in which they are evaluated."""

    @abstractmethod
    def build_optimizer(self) -> ScheduledOptimizer:
        """The optimizer of all parameters; the model is where it will be trained."""

    def first_values(self) -> Iterator[str]:
        """Gives the model of a run that begins first values from files that the config names; yields what to say of it.

        Called where the model will be trained, after the weights of `initial_checkpoint_dir` if there are any.
        """
        yield from ()

    def weight_figures(self) -> dict[str, float]:
        """Figures of the weights as they are, by name, to report beside those of the rows."""
        return {}

    def identity(self) -> dict[str, Any]:
        """What the meaning of the weights depends on beside config and inputs, by name; JSON takes it."""
        return {}

    def check_identity(self, saved: Mapping[str, Any], folder: Path) -> None:
        """Makes sure that weights of a checkpoint mean here what they meant there.

        Args:
            saved: the checkpoint's state, which has what `identity` gave.
            folder: the checkpoint's.

        Raises:
            TrainError: they do not.
        """

    @abstractmethod
    def set_position(self, step: int, micro_batch: int) -> None:
        """Says where in the run the next forward pass is: after so many optimizer steps, the batch of that number."""

    @abstractmethod
    def loss(self, outputs: Any, batch: BatchT) -> tuple[Tensor, Tensor]:
        """The loss of a slice as a share of the global batch's: shares of all processes add up to it.

        Returns:
            What is trained, a scalar, and the parts whose mean is reported, `[P]`.
        """

    @abstractmethod
    def sums(self, outputs: Any, batch: BatchT) -> Tensor:
        """What training figures are computed from, summed over the rows of a slice, `[N, P]`, as they are named."""

    @abstractmethod
    def training_figures(self, losses: NDArray[np.float64], sums: NDArray[np.float64]) -> dict[str, float]:
        """Metrics of the rows trained on since the last report, by name.

        Args:
            losses: mean loss of each part, `[P]`.
            sums: what `sums` gave, added up, `[N, P]`.
        """

    @abstractmethod
    def score(self, outputs: Any, batch: BatchT) -> dict[str, Tensor]:
        """What metrics are computed from, for each row of a slice: columns `[B * scores_per_row]` by name.

        Columns of int64 are kept as they are, all others in float32.
        """

    def store_rows(self, source: RowSource, storing: Storing) -> RowSource:
        """Makes files of rows that batches cannot be read from as they are: of raw ones, and of those in memory.

        One process does so, for all.

        Returns:
            The files, or the same source if it names rows that are stored already.

        Raises:
            DataError: the rows are not what the config says, or the recipe that encodes them is not the data set's.
        """
        del storing
        return source

    def open_rows(self, source: RowSource, output: Path) -> OpenedRows:
        """Opens rows to predict, of which a process may take any batches.

        Args:
            source: which rows.
            output: where the predictions go; no pattern that names the rows may take it.

        Raises:
            DataError: there are no such rows, or they are not what the config says.
        """
        raise AssertionError(f"{source} for {output} is asked for, and {self.no_prediction}")

    def predict(self, outputs: Any, batch: BatchT) -> dict[str, Tensor]:
        """What is served of each row of a batch: `prediction_columns`, float32 `[B]` each."""
        del outputs, batch
        raise AssertionError(f"predictions are asked for, and {self.no_prediction}")

    @abstractmethod
    def figures(self, name: str, read: Reader, say: Callable[[str], None]) -> dict[str, float]:
        """Metrics of a validation set, by name.

        Args:
            name: the validation set.
            read: gives columns that `score` gave, for all rows of the set in their order, some rows at a time.
            say: takes a line for each figure that is not exact.
        """

    def details(self, read: Reader, figures: Mapping[str, float], asked: Details) -> list[DetailTable]:
        """What is asked for of a validation set beside its figures, as tables.

        Args:
            read: as `figures` takes it.
            figures: what that gave.
            asked: what to show.

        Raises:
            TrainError: there is no such thing of this kind of model, or there are too many rows.
        """
        del read, figures, asked
        raise TrainError(
            "intervals and reliability are of ranking models alone; drop --intervals and --reliability", ""
        )

    @abstractmethod
    def is_lower_better(self, metric: str) -> bool:
        """Whether of two values of a metric the lower one is the better."""

    @classmethod
    @abstractmethod
    def followed_by(cls, config: Any) -> Followed | None:
        """The metric that decides which checkpoint is the best under a config of this family, if any."""

    @abstractmethod
    def figure_fields(self, name: str) -> tuple[str, ...]:
        """Fields of the root message that decide which rows a validation set's figures are of, and what rows weigh."""

    @abstractmethod
    def evaluated_part(self, name: str) -> Message:
        """The config without what figures of a validation set do not follow from: places of files, other sets."""

    @abstractmethod
    def features(self, batch: BatchT) -> Iterator[tuple[str, Tensor]]:
        """The columns of a batch that hold real numbers, `[B, W]`, each under the name that people know it by."""

    @abstractmethod
    def row_weights(self, batch: BatchT) -> Tensor | None:
        """What the rows of a batch weigh, of any shape; none if all weigh the same."""
