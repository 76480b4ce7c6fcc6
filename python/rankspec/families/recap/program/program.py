"""The heavy ranker as a program of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.families.recap.chosen_metrics import ChosenMetrics
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.parameter_groups import parameter_groups
from rankspec.families.recap.program.combined_score import build_combined_score
from rankspec.families.recap.program.data.dataset import Dataset, open_dataset
from rankspec.families.recap.program.data.prediction import (
    data_of,
    label_columns,
    refuse_output,
    select_inputs,
    without_labels,
)
from rankspec.families.recap.program.data.raw_rows import RECIPE, recipe_of, stored_rows, time_columns
from rankspec.families.recap.program.details import details_of
from rankspec.families.recap.program.figures import COLUMNS, task_figures
from rankspec.families.recap.program.grouped_parameters import grouped_parameters
from rankspec.families.recap.program.groups import build_groups, check_groups, group_figures, rows_of_group
from rankspec.families.recap.program.loss import build_loss
from rankspec.families.recap.program.model import Ensemble, build_model
from rankspec.families.recap.program.model.inputs import inputs_read
from rankspec.families.recap.program.strata import (
    Stratum,
    StratumRows,
    build_strata,
    rows_of_stratum,
    with_strata_input,
)
from rankspec.families.recap.program.tasks import TERMS, figures_by_name
from rankspec.families.recap.task_kinds import LOSS, is_lower_better
from rankspec.metrics.metric_name import parsed_name
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.recap_pb2 import DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS, RecapConfig
from rankspec.recap.v1.training_pb2 import BestCheckpointConfig, TrainingConfig
from rankspec.scoring.combining import SCORE
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.trainer.optimizers import ScheduledOptimizer, build_optimizer
from rankspec.trainer.program import OpenedRows, Program, Reader, RowSource, Storing
from rankspec.trainer.training import COMMON_FIELDS, Followed, training_from

if TYPE_CHECKING:
    from rankspec.families.recap.program.batch import RecapBatch
    from rankspec.families.recap.program.model import RankingModel
    from rankspec.trainer.data.plan import Share
    from rankspec.trainer.details import Details, DetailTable


@obeys(RecapConfig, "training", "model", "train_data", "validation_data", "downsampling_correction", "runtime")
@obeys(TrainingConfig, *COMMON_FIELDS)
@obeys(RecapDataConfig, "evaluation_tasks")
@obeys(RuntimeConfig, "seed")
class RecapProgram(Program["RecapBatch"]):
    """A ranking model with its tasks and data."""

    inputs_field = "train_data.seg_dense_schema"
    optimizer_field = "optimizer"
    batch_field = "train_data.global_batch_size"
    scores_per_row = 1
    is_batch_per_process = False
    model_fields = ("model.", "train_data.seg_dense_schema.", "train_data.preprocess.")
    no_prediction = ""
    model: RankingModel | Ensemble

    def __init__(self, config: RecapConfig) -> None:
        """Builds the model, on the CPU, with its first values.

        Raises:
            DataError: if the data's schema is not what the config says.
            TrainError: if the data do not have what the model reads.
        """
        self._config = config
        self._loss = build_loss(config.model)
        self._tasks = self._loss.tasks
        self.loss_parts = self._tasks.names
        self.training = training_from(config.training, followed=self.followed_by(config))
        inputs = input_signature(config.train_data, "train_data", float_labels=self._tasks.float_labels)
        self.inputs = inputs_read(config.model, inputs)
        self._chosen = ChosenMetrics(config)
        self.metrics = self._chosen.names
        self._groups = build_groups(config)
        self._strata = build_strata(config.model, inputs)
        self._read_inputs = with_strata_input(self.inputs, inputs, self._strata)
        self.sum_names = (*TERMS, *(name for stratum in self._strata for name in stratum.sum_names))
        # Strata that were found empty, by validation set.
        self._told_empty: set[tuple[str, str]] = set()
        self.model = build_model(config, self.inputs)
        self._combined = build_combined_score(config, self._tasks.names)
        self.combined_score = SCORE if self._combined else None
        self.prediction_columns = (*self._tasks.names, *([SCORE] if self._combined else []))

    def to(self, device: torch.device) -> None:
        """Moves model and loss to a device."""
        super().to(device)
        self._loss.to(device)

    def buffers_from_files(self) -> dict[str, str]:
        """The statistics that continuous features are standardized by, if they are."""
        return self.model.buffers_from_files()

    def models_alone(self) -> Sequence[nn.Module]:
        """The members, or the model without any."""
        return tuple(self.model.members) if isinstance(self.model, Ensemble) else (self.model,)

    @classmethod
    @obeys(RecapConfig, "training", "model")
    @obeys(TrainingConfig, "best_checkpoint")
    @obeys(BestCheckpointConfig, "validation_data", "metric", "patience")
    def followed_by(cls, config: RecapConfig) -> Followed | None:
        """The metric of the best checkpoint, if the config asks for one."""
        if not config.training.HasField("best_checkpoint"):
            return None
        best = config.training.best_checkpoint
        patience = best.patience if best.HasField("patience") else None
        rows = rows_of_stratum(config.model, best.metric) or rows_of_group(config, best.metric)
        return Followed(best.validation_data, best.metric, patience, rows)

    def open_training_data(self, share: Share, folder: Path) -> Dataset:
        """Opens the training stream, whose rows weigh what makes good for downsampling if the config says so."""
        weigh = self._config.downsampling_correction == DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS
        return self._open(self._config.train_data, "train_data", share, folder, shuffle=True, weigh=weigh)

    def open_training_rows(self, share: Share, folder: Path) -> Dataset:
        """Opens the training data as validation sets are: every row once, in the order of the files, and weighed."""
        return self._open(self._config.train_data, "train_data", share, folder, shuffle=False, weigh=True)

    @property
    def float_labels(self) -> set[str]:
        """Names of the tasks whose labels are any numbers: regressions."""
        return self._tasks.float_labels

    def open_validation_data(self, share: Share, folder: Path) -> dict[str, Dataset]:
        """Opens the validation sets; a metric is of the data before downsampling, so their rows are weighed always."""
        for name, data in sorted(self._config.validation_data.items()):
            check_groups(self._groups, data, _place(name))
        return {
            name: self._open(data, _place(name), share, folder, shuffle=False, weigh=True)
            for name, data in sorted(self._config.validation_data.items())
        }

    def _open(
        self, data: RecapDataConfig, path: str, share: Share, folder: Path, *, shuffle: bool, weigh: bool
    ) -> Dataset:
        return open_dataset(
            data,
            self._read_inputs,
            self._tasks.names,
            seed=self._config.runtime.seed,
            shuffle=shuffle,
            share=share,
            path=path,
            weigh=weigh,
            save_dir=folder,
            id_ranges=self.model.id_ranges,
            float_labels=self._tasks.float_labels,
        )

    @cached_property
    def _recipe_digest(self) -> str | None:
        return recipe_of(self._config.train_data, "train_data").digest

    def identity(self) -> dict[str, Any]:
        """What ids and numbers of the training data stand for: the recipe that made them of raw rows, if one did."""
        return {} if self._recipe_digest is None else {RECIPE: self._recipe_digest}

    def store_rows(self, source: RowSource, storing: Storing) -> RowSource:
        """Encodes raw rows by the recipe of the data set that they are read like; writes those in memory to a file."""
        if not source.names_rows:
            return source
        return stored_rows(recipe_of(*data_of(self._config, source)), self.inputs, source, storing)

    def open_rows(self, source: RowSource, output: Path) -> OpenedRows:
        """Opens rows of a validation set, or of files that are read like the training data or such a set."""
        named, path = data_of(self._config, source)
        data = without_labels(named, self.inputs)
        selection = None
        if source.inputs:
            selection = select_inputs(source.inputs, output)
        else:
            refuse_output(data, path, output)
        dataset = open_dataset(
            data,
            self.inputs,
            (),
            seed=self._config.runtime.seed,
            shuffle=False,
            path=path,
            weigh=False,
            id_ranges=self.model.id_ranges,
            selection=selection,
        )
        labels = label_columns(self._config) | {*named.tasks, *self._tasks.names}
        return OpenedRows(dataset, labels, time_columns(recipe_of(named, path)))

    def build_optimizer(self) -> ScheduledOptimizer:
        """The optimizer; each tower is a group of its own, and so is a table with a weight decay of its own."""
        groups = parameter_groups(self._config)
        return build_optimizer(groups, grouped_parameters(groups, self.model), self.model)

    def set_position(self, step: int, micro_batch: int) -> None:
        """Says where in the run the next forward pass is; dropout in training depends on nothing else."""
        self.model.set_position(step, micro_batch)

    def loss(self, outputs: Tensor, batch: RecapBatch) -> tuple[Tensor, Tensor]:
        """The sum of the members' losses, and the tasks' without weights, `[T]`, each the mean over the members."""
        total, of_tasks = self._loss(outputs, batch.labels, batch.weights, batch.global_rows)
        return total, of_tasks

    def sums(self, outputs: Tensor, batch: RecapBatch) -> Tensor:
        """Sums over the rows of a slice, by task, `[N, T]`: of `TERMS`, then of what each stratum sums up."""
        terms = self._tasks.terms(self.model.final_outputs(outputs), batch.labels, batch.weights)
        if not self._strata:
            return terms.sum(1)
        losses = self._loss.of_rows(outputs, batch.labels, batch.weights)
        terms_of_rows = torch.cat([terms, losses.unsqueeze(0), torch.ones_like(losses).unsqueeze(0)])
        of_strata = [(terms_of_rows * stratum.contains(batch).unsqueeze(1)).sum(1) for stratum in self._strata]
        return torch.cat([terms.sum(1), *of_strata])

    def training_figures(self, losses: NDArray[np.float64], sums: NDArray[np.float64]) -> dict[str, float]:
        """Those of the chosen metrics that sums suffice for, of the tasks that the training data name."""
        ends = np.cumsum([len(TERMS), *(len(stratum.sum_names) for stratum in self._strata)])
        whole, *of_strata = np.split(sums, ends[:-1])
        figures = self._window_figures(losses, whole)
        for stratum, (*terms, loss, rows) in zip(self._strata, of_strata, strict=True):
            with np.errstate(invalid="ignore"):  # No row of it was trained on.
                figures |= self._window_figures(loss / rows, np.stack(terms), stratum.name)
        return figures

    def _window_figures(
        self, losses: NDArray[np.float64], sums: NDArray[np.float64], group: str = ""
    ) -> dict[str, float]:
        figures = self._tasks.training_figures(sums)
        of_losses = dict(zip(self._tasks.names, losses.tolist(), strict=True))
        of_tasks = {task: {LOSS: of_losses[task]} | figures[task] for task in self._evaluated(self._config.train_data)}
        total = float((losses * [task.loss_weight for task in self._tasks]).mean())
        return figures_by_name(total, of_tasks, self._chosen.of_rows(group), group)

    def score(self, outputs: Tensor, batch: RecapBatch) -> dict[str, Tensor]:
        """Prediction, label, weight and loss of every row and task, as `<column>/<task>`; 1 in its strata's columns.

        Of groups, each row's id in int64.
        """
        final = self.model.final_outputs(outputs)
        losses = self._loss.of_rows(final, batch.labels, batch.weights)
        of_tasks = (self._tasks.predictions(final), batch.labels, batch.weights, losses)
        scored = {
            f"{column}/{task}": values[:, place]
            for place, task in enumerate(self._tasks.names)
            for column, values in zip(COLUMNS, of_tasks, strict=True)
        }
        scored |= {stratum.column: stratum.contains(batch) for stratum in self._strata}
        return scored | {group.column: group.ids(batch) for group in self._groups}

    def predict(self, outputs: Tensor, batch: RecapBatch) -> dict[str, Tensor]:
        """What is served of each row: every task's prediction, calibrated if need be, and the combined score."""
        del batch
        columns = self.predictions(outputs).unbind(1)
        return dict(zip(self.prediction_columns, columns, strict=True))

    def predictions(self, outputs: Tensor) -> Tensor:
        """The prediction columns as one tensor, `[B, P]`, of the model's outputs."""
        predicted = self._tasks.predictions(self.model.final_outputs(outputs))
        if self._combined is None:
            return predicted
        return torch.cat([predicted, self._combined.of(predicted).unsqueeze(1)], dim=1)

    def figures(self, name: str, read: Reader, say: Callable[[str], None]) -> dict[str, float]:
        """The chosen metrics of the tasks that the validation set names, of the whole, each stratum and each group."""
        evaluated = self._evaluated(self._config.validation_data[name])
        tasks = [task for task in self._tasks if task.name in evaluated]
        found = task_figures(read, tasks, self._chosen.of_rows(), say)
        for stratum in self._strata:
            if which := self._chosen.of_rows(stratum.name):
                rows = StratumRows(read, stratum)
                found |= task_figures(rows, tasks, which, say, stratum.name)
                if not rows.num_rows:
                    self._tell_empty(name, stratum, say)
        labelled = [task.name for task in tasks if not task.kind.has_float_labels]
        for group in self._groups:
            if which := self._chosen.by_group(group.name):
                found |= group_figures(read, labelled, group, which)
        return found

    def details(self, read: Reader, figures: Mapping[str, float], asked: Details) -> list[DetailTable]:
        """Intervals by groups where the config names some, else by rows; reliability of the tasks that are binary."""
        floats = self._tasks.float_labels
        return details_of(read, figures, self._groups, lambda task: task not in floats, asked)

    def _tell_empty(self, name: str, stratum: Stratum, say: Callable[[str], None]) -> None:
        """Says that a stratum has no rows in a validation set, once."""
        if (name, stratum.name) not in self._told_empty:
            self._told_empty.add((name, stratum.name))
            say(
                f'no row is of the stratum "{stratum.name}" (value {stratum.index} of discrete is {stratum.value}); '
                "its metrics are undefined"
            )

    def is_lower_better(self, metric: str) -> bool:
        """Whether of two values of a metric, named as it is reported, the lower one is the better."""
        return is_lower_better(parsed_name(metric).metric)

    def figure_fields(self, name: str) -> tuple[str, ...]:
        """Which batches are taken, which tasks have labels, how rows are weighed and thinned out."""
        place = _place(name)
        fields = ["training.num_eval_steps", "downsampling_correction", "train_data.tasks"]
        fields += [f"{place}.tasks", f"{place}.preprocess"]
        if self.training.num_eval_steps is not None:
            # So many batches are so many rows.
            fields.append(f"{place}.global_batch_size")
        return tuple(fields)

    def evaluated_part(self, name: str) -> RecapConfig:
        """The config without optimizer, cadences, tracking, other validation sets and places of files."""
        config = whole_message(self._config)
        part = RecapConfig(
            model=_without_statistics(config.model),
            train_data=_without_places(config.train_data),
            which_metrics=config.which_metrics,
            groups=config.groups,
            downsampling_correction=config.downsampling_correction,
            runtime=config.runtime,
        )
        part.validation_data[name].CopyFrom(_without_places(config.validation_data[name]))
        part.training.num_eval_steps = config.training.num_eval_steps
        part.runtime.ClearField("wandb")
        return part

    def features(self, batch: RecapBatch) -> Iterator[tuple[str, Tensor]]:
        """The inputs that hold real numbers, by the columns that they come from."""
        for item in self.inputs:
            values = getattr(batch, item.name, None)
            if values is not None and values.is_floating_point():
                yield item.column, values

    def row_weights(self, batch: RecapBatch) -> Tensor:
        """What each row counts in each task's loss, `[B, T]`."""
        return batch.weights

    def _evaluated(self, data: RecapDataConfig) -> tuple[str, ...]:
        """The tasks to report metrics for: those that the data set names, or all of the model's."""
        named = data.evaluation_tasks
        return tuple(task for task in self._tasks.names if task in named or not named)


def _place(name: str) -> str:
    return f'validation_data["{name}"]'


def _without_statistics(model: ModelConfig) -> ModelConfig:
    """The config of a model without the places of statistics, which the checkpoint's own stand for."""
    copy = ModelConfig()
    copy.CopyFrom(model)
    if copy.featurization_config.HasField("z_score_log_config"):
        for name in ("analysis_path", "schema_path"):
            copy.featurization_config.z_score_log_config.ClearField(name)
    return copy


def _without_places(data: RecapDataConfig) -> RecapDataConfig:
    """The config of a data set without the names of its files, which the data's own identity stands for."""
    copy = RecapDataConfig()
    copy.CopyFrom(data)
    chosen = copy.WhichOneof("date_inputs_format")
    if chosen is not None:
        copy.ClearField(chosen)
    copy.ClearField("data_service_dispatcher")
    copy.ClearField("dataset_service_compression")
    copy.seg_dense_schema.ClearField("schema_path")
    return copy
