"""TwHIN as a program of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.embedding.v1.embedding_pb2 import EmbeddingBagConfig
from rankspec.families.twhin.parameter_groups import parameter_groups
from rankspec.families.twhin.program.batch import EdgeBatch
from rankspec.families.twhin.program.data import INPUTS, open_edges
from rankspec.families.twhin.program.model import Scores, TwhinModel, build_model
from rankspec.families.twhin.program.pretrained import VOCABULARIES, fill, snapshots_of
from rankspec.families.twhin.program.vocabulary import Vocabulary, check_same, identities, vocabularies_of
from rankspec.families.twhin.program.weights import logged_tables, norm_figures
from rankspec.metrics.auroc import EXACT_ROWS, RunningAuroc
from rankspec.metrics.metric_name import parsed_name
from rankspec.metrics.running import RunningMean
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.train.v1.training_pb2 import TrainingConfig
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.plan import Share
from rankspec.trainer.optimizers import ScheduledOptimizer, build_optimizer
from rankspec.trainer.program import Program, Reader
from rankspec.trainer.training import COMMON_FIELDS, Followed, training_from
from rankspec.twhin.v1.model_pb2 import Relation, TwhinEmbeddingsConfig, TwhinModelConfig
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig

# The validation set's name in journals and tables: the spec has one, and gives it none.
_VALIDATION = "validation"
_COLUMNS = ("logit", "label", "relation", "loss")


@obeys(TwhinConfig, "training", "model", "train_data", "validation_data", "runtime")
@obeys(TrainingConfig, *COMMON_FIELDS, "num_epochs")
@obeys(TwhinModelConfig, "relations", "embeddings")
@obeys(TwhinEmbeddingsConfig, "tables")
@obeys(EmbeddingBagConfig, "name")
@obeys(Relation, "name")
@obeys(RuntimeConfig, "seed")
class TwhinProgram(Program["EdgeBatch"]):
    """A graph embedding with its edges; the parts of its loss are those of the relations."""

    sum_names = ("edges",)
    metrics = ("loss", "auroc")
    model_fields = ("model.",)
    inputs_field = "train_data.data_root"
    optimizer_field = "model"
    batch_field = "train_data.per_replica_batch_size"
    is_batch_per_process = True
    no_prediction = "a graph embedding predicts nothing of rows: what it has learnt is the vectors in its tables"
    model: TwhinModel

    def __init__(self, config: TwhinConfig) -> None:
        """Builds the model, on the CPU, with its first values.

        Raises:
            TrainError: if the config asks for what is not there yet.
        """
        self._config = config
        self.loss_parts = tuple(relation.name for relation in config.model.relations)
        self.training = training_from(config.training, num_epochs=config.training.num_epochs)
        self.inputs = INPUTS
        self.model = build_model(config)
        self.scores_per_row = self.model.num_negatives_in_evaluation.logits_per_edge

    @classmethod
    def followed_by(cls, config: TwhinConfig) -> Followed | None:
        """None: the spec of a graph embedding names no best checkpoint."""
        del config
        return None

    def open_training_data(self, share: Share, folder: Path) -> Dataset:
        """Opens the training stream."""
        return self._open("train_data", share, folder)

    def open_validation_data(self, share: Share, folder: Path) -> dict[str, Dataset]:
        """Opens the validation set."""
        return {_VALIDATION: self._open("validation_data", share, folder)}

    @cached_property
    def _vocabularies(self) -> dict[str, Vocabulary]:
        return vocabularies_of(self._config.model.embeddings.tables)

    def first_values(self) -> Iterator[str]:
        """Fills the tables that begin with vectors of a snapshot."""
        for snapshot in snapshots_of(self._config.model.embeddings.tables):
            yield from fill(snapshot, self.model.table(snapshot.table), self._vocabularies.get(snapshot.table))

    def weight_figures(self) -> dict[str, float]:
        """How long the vectors of the tables are that the config names."""
        figures: dict[str, float] = {}
        for name in logged_tables(self._config.model.embeddings):
            figures |= norm_figures(name, self.model.table(name))
        return figures

    def identity(self) -> dict[str, Any]:
        """What rows of tables stand for: the vocabularies."""
        return {VOCABULARIES: identities(self._vocabularies)}

    def check_identity(self, saved: Mapping[str, Any], folder: Path) -> None:
        """Makes sure that the rows of tables stand for the entities that they stood for."""
        tables = {table.name for table in self._config.model.embeddings.tables}
        check_same(self._vocabularies, tables, saved.get(VOCABULARIES, {}), folder)

    def _open(self, path: str, share: Share, folder: Path) -> Dataset:
        return open_edges(
            getattr(self._config, path),
            self._config.model,
            self._vocabularies,
            path=path,
            share=share,
            seed=self._config.runtime.seed,
            training=path == "train_data",
            save_dir=folder,
        )

    def build_optimizer(self) -> ScheduledOptimizer:
        """Every table's own algorithm, and that of the relations."""
        groups = parameter_groups(self._config)
        members: dict[str, list[nn.Parameter]] = {
            group.name: [self.model.table(group.owner) if group.kind == "table" else self.model.translations]
            for group in groups
        }
        return build_optimizer(groups, members, self.model)

    def set_position(self, step: int, micro_batch: int) -> None:
        """Nothing to say: negatives are drawn by the number of the batch."""

    def loss(self, outputs: Scores, batch: EdgeBatch) -> tuple[Tensor, Tensor]:
        """Weighted binary cross-entropy of edges and negatives, divided by how many of both the global batch has."""
        losses = self._losses(outputs) / (batch.global_rows * self.model.num_negatives.logits_per_edge)
        parts = losses.new_zeros(len(self.loss_parts)).index_add(0, outputs.relations, losses)
        return parts.sum(), parts

    def _losses(self, outputs: Scores) -> Tensor:
        """The loss of every logit, `[N]`: all negatives of an edge weigh as much as the edge."""
        weights = torch.full_like(outputs.logits, 1 / (self.model.num_negatives.logits_per_edge - 1))
        weights[: outputs.num_edges] = 1
        return functional.binary_cross_entropy_with_logits(
            outputs.logits, _labels(outputs), weight=weights, reduction="none"
        )

    def sums(self, outputs: Scores, batch: EdgeBatch) -> Tensor:
        """Edges of each relation, `[1, R]`."""
        del outputs
        return torch.bincount(batch.rel, minlength=len(self.loss_parts)).float().unsqueeze(0)

    def training_figures(self, losses: NDArray[np.float64], sums: NDArray[np.float64]) -> dict[str, float]:
        """The loss, and that of each relation by its edges alone; undefined where there were none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            of_relations = losses * sums[0].sum() / sums[0]
        return {"loss": float(losses.sum())} | {
            f"loss/{name}": float(value) for name, value in zip(self.loss_parts, of_relations, strict=True)
        }

    def score(self, outputs: Scores, batch: EdgeBatch) -> dict[str, Tensor]:
        """Logit, label, relation and loss of every edge and negative."""
        del batch
        columns = (outputs.logits, _labels(outputs), outputs.relations.float(), self._losses(outputs))
        return dict(zip(_COLUMNS, columns, strict=True))

    def figures(self, name: str, read: Reader, say: Callable[[str], None]) -> dict[str, float]:
        """Loss, and how well edges are told from negatives (AUROC), of all relations and of each."""
        del name
        # All of them together keep as many scores as one would.
        exact_rows = EXACT_ROWS // (1 + len(self.loss_parts))
        all_edges, of_relations = _Figures(exact_rows), [_Figures(exact_rows) for _ in self.loss_parts]
        for chunk in read(_COLUMNS):
            all_edges.add(chunk)
            for number in np.unique(chunk["relation"]):
                rows = chunk["relation"] == number
                of_relations[int(number)].add({column: values[rows] for column, values in chunk.items()})
        found = all_edges.compute()
        for relation, of_relation in zip(self.loss_parts, of_relations, strict=True):
            found |= {f"{metric}/{relation}": value for metric, value in of_relation.compute().items()}
            of_relation.auroc.tell_error(relation, say)
        all_edges.auroc.tell_error("all relations", say)
        return found

    def is_lower_better(self, metric: str) -> bool:
        """Whether of two values of a metric the lower one is the better."""
        return parsed_name(metric).metric == "loss"

    def figure_fields(self, name: str) -> tuple[str, ...]:
        """Which edges are taken, and with which negatives they are compared."""
        del name
        fields = ("offset", "limit", "per_replica_batch_size", "in_batch_negatives", "global_negatives")
        return ("training.num_eval_steps", *(f"validation_data.{field}" for field in fields))

    def evaluated_part(self, name: str) -> TwhinConfig:
        """The config without optimizers, cadences, tracking, training data and places of files."""
        del name
        config = whole_message(self._config)
        part = TwhinConfig(model=config.model, validation_data=config.validation_data, runtime=config.runtime)
        part.training.num_eval_steps = config.training.num_eval_steps
        part.validation_data.ClearField("data_root")
        part.model.ClearField("translation_optimizer")
        for table in part.model.embeddings.tables:
            table.ClearField("optimizer")
            table.ClearField("pretrained")
        part.model.embeddings.ClearField("tables_to_log")
        part.runtime.ClearField("wandb")
        return part

    def features(self, batch: EdgeBatch) -> Iterator[tuple[str, Tensor]]:
        """None: edges hold ids."""
        del batch
        yield from ()

    def row_weights(self, batch: EdgeBatch) -> Tensor | None:
        """None: all edges weigh the same."""
        del batch
        return None


class _Figures:
    """Loss and AUROC of some edges and negatives."""

    def __init__(self, exact_rows: int) -> None:
        self.loss, self.auroc = RunningMean(), RunningAuroc(exact_rows)

    def add(self, columns: dict[str, NDArray[np.float32]]) -> None:
        self.loss.add(columns["loss"])
        self.auroc.add(columns["logit"], columns["label"], np.ones_like(columns["label"]))

    def compute(self) -> dict[str, float]:
        return {"loss": self.loss.compute(), "auroc": self.auroc.compute()}


def _labels(outputs: Scores) -> Tensor:
    """1 for edges and 0 for negatives, `[N]`."""
    labels = torch.zeros_like(outputs.logits)
    labels[: outputs.num_edges] = 1
    return labels
