"""The function that a bundle's model computes: from stored rows to what is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.encoding.lists import Lists
from rankspec.families.recap.feature_refs import lists_read, looks_up_columns, without_unread
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.data.prediction import without_labels
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.families.recap.program.data.steps.table import build_steps
from rankspec.families.recap.program.export.preprocessing import Preprocessing
from rankspec.families.recap.program.id_lists import IdLists, PaddedIds, RaggedIds
from rankspec.families.recap.program.model import Ensemble, RankingModel
from rankspec.families.recap.schema_file import read_schema
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.trainer.data.formats import Format, as_array
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.inputs import Input

_ALWAYS = {"continuous": "float32", "binary": "int64"}


class ServedModel(nn.Module):
    """A ranking model with the steps before it, in evaluation mode.

    Args:
        model: the model.
        inputs: what it reads, in its order.
        steps: what is done to stored rows before.
    """

    def __init__(self, model: RankingModel | Ensemble, inputs: Sequence[Input], steps: Sequence[Step]) -> None:
        super().__init__()
        self.model = model
        self._names = [item.name for item in inputs]
        self._lists = [item.name for item in inputs if item.is_list]
        self.preprocessing = nn.ModuleList([Preprocessing(item.name, steps) for item in inputs])

    def forward(self, *stored: Tensor) -> Tensor:
        """Maps stored inputs, `[B, W]` each in the inputs' order, to predictions `[B, T]`; lists are `PaddedIds`'."""
        values = [prepare(own) for prepare, own in zip(self.preprocessing, stored, strict=True)]
        inputs = dict(zip(self._names, values, strict=True))
        lists = {name: PaddedIds(inputs.pop(name)) for name in self._lists}
        return self._predicted(inputs, lists, stored[0])

    def _predicted(self, inputs: Mapping[str, Any], lists: Mapping[str, IdLists], one: Tensor) -> Tensor:
        return self.model.predictions(self.model(_batch(inputs, lists, one)))


def _batch(inputs: Mapping[str, Any], lists: Mapping[str, IdLists], one: Tensor) -> RecapBatch:
    # A batch has these two always, without columns where the data have no such input.
    always = {name: one.new_zeros((one.shape[0], 0), dtype=getattr(torch, dtype)) for name, dtype in _ALWAYS.items()}
    nothing = torch.empty(0)
    return RecapBatch(**{**always, **inputs}, lists=lists, labels=nothing, weights=nothing, first_row=0, global_rows=0)


class Reference:
    """What training's own code makes of stored rows: the steps on arrays, then the model.

    Args:
        model: the model, in evaluation mode.
        steps: what is done to stored rows before, and the formats that this leaves inputs in.
    """

    def __init__(self, model: RankingModel | Ensemble, steps: ServedSteps) -> None:
        self._model = model
        self._steps = steps

    def predictions(self, stored: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Predictions `[B, T]` of stored inputs, `[B, W]` by name, lists padded; computed where the model is."""
        device = next(self._model.parameters()).device
        inputs = {name: values for name, values in stored.items() if name in self._steps.formats}
        lists = {name: _ragged(values) for name, values in stored.items() if name not in inputs}
        num_rows = len(next(iter(stored.values())))
        chunk = Chunk(
            stored, inputs, {}, np.zeros(num_rows, np.bool_), Place(StoredFile(LOCAL, PurePath("golden rows")), 0, 0)
        )
        for step in self._steps.steps:
            step.apply(chunk)
        tensors = {name: self._tensor(name, chunk.inputs[name]) for name in stored if name not in lists}
        with torch.inference_mode():
            batch = _batch(tensors, lists, torch.empty(num_rows)).to(device)
            return self._model.predictions(self._model(batch)).float().cpu().numpy()

    def _tensor(self, name: str, values: NDArray[Any]) -> Tensor:
        layout = self._steps.formats[name]
        tensor = torch.empty((len(values), layout.width), dtype=layout.dtype)
        as_array(tensor)[...] = values
        return tensor


def _ragged(padded: NDArray[Any]) -> RaggedIds:
    lists = Lists.of_padded(padded)
    return RaggedIds(torch.from_numpy(lists.values), torch.from_numpy(lists.offsets))


class ServedSteps(NamedTuple):
    """What is done to stored rows before the model reads them.

    Attributes:
        steps: the steps, in their order.
        formats: of each input behind the last one.
    """

    steps: tuple[Step, ...]
    formats: Mapping[str, Format]


def steps_of(data: RecapDataConfig, inputs: Sequence[Input]) -> ServedSteps:
    """The steps that make what the model reads of stored rows; those that need labels are left out.

    Args:
        data: the training data's configuration.
        inputs: what the model reads.
    """
    stored = {item.name: Format(item.stored_length, getattr(torch, item.dtype)) for item in inputs if not item.is_list}
    schema = read_schema(data.seg_dense_schema, "train_data")
    context = StepContext("train_data", schema, tuple(inputs), stored, (), ())
    return ServedSteps(*build_steps(without_labels(data, inputs), context))


@obeys(ModelConfig, "featurization_config")
@obeys(FeaturizationConfig, "feature_names_to_concat")
def served_inputs(config: ModelConfig, inputs: Sequence[Input]) -> tuple[Input, ...]:
    """Those of the model's inputs that it reads when it serves: not a position that is known in training alone."""
    reads_ids = looks_up_columns(config) or "discrete" in config.featurization_config.feature_names_to_concat
    return without_unread(inputs, lists_read(config), reads_ids=reads_ids)
