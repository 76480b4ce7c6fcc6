"""The recorded runs of the reference: a manifest `recap_*.json` and its arrays `recap_*.npz`.

A further fixture needs no code: its manifest has the configuration in the reference's own form.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rankspec.recap.v1.layers_pb2 import DropoutConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.parity.reference_configs import message_from_reference
from tests.parity.reference_names import entries_by_our_name
from torch import Tensor

from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model import RankingModel
from rankspec.families.recap.program.tasks import ordered_tasks
from rankspec.trainer.inputs import Input

FIXTURES = Path(__file__).parent / "fixtures"
# Rounding of another order of summation stays within some times the rounding that the reference itself shows beside
# double precision, as its manifest has it. What typical mistakes move lies further out: at least 10 times that noise
# in one of the compared figures (the fixtures' `sensitivity.json`: 6.2e-6 in logits for a layer norm's epsilon, where
# rounding gives 6.1e-7; 9.3e-7 in gradients beside 9.9e-8; 1.9e-5 in final weights for Adam's, beside 2.8e-7).
ROUNDING_MARGIN = 5.0
_USUAL_NOISE = 4e-7


def model_input(name: str, width: int) -> Input:
    """An input of this width, in a column of its own name."""
    return Input(name, name, MODEL_INPUTS[name], width, width)


def fixture_folders() -> list[Path]:
    """The committed fixtures, and those that the environment names."""
    extra = os.environ.get("RANKSPEC_FIXTURES")
    return [FIXTURES, *([Path(extra)] if extra else [])]


@dataclass(frozen=True)
class RecapFixture:
    """One recorded run."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.path.read_text())
        return manifest

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(self.path.with_suffix(".npz")) as arrays:
            return dict(arrays)

    @cached_property
    def batches(self) -> dict[str, np.ndarray]:
        file_name = self.manifest["batches_file"]
        folder = next(folder for folder in (self.path.parent, FIXTURES) if (folder / file_name).exists())
        with np.load(folder / file_name) as arrays:
            return dict(arrays)

    @property
    def config(self) -> RecapConfig:
        return message_from_reference(self.manifest["config_given"], RecapConfig)

    @cached_property
    def task_order(self) -> list[int]:
        """Columns of the reference's `[B, T]` arrays, in our order of the tasks."""
        recorded = self.manifest["tasks_order"]
        return [recorded.index(name) for name in ordered_tasks(self.config.model)]

    def tasks(self, name: str) -> Tensor:
        """An array whose last dimension is the tasks, in our order of them."""
        return torch.from_numpy(self.arrays[name][..., self.task_order])

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs that the data have, with their widths."""
        names = self.config.train_data.seg_dense_schema.renamed_features
        return tuple(model_input(name, self.batches[name].shape[-1]) for name in names if name in self.batches)

    def batch(self, step: int) -> RecapBatch:
        """The batch that the reference trained on at a step."""
        number = self.manifest["batch_used_at_step"][step]
        rows = {name: torch.from_numpy(array[number]) for name, array in self.batches.items()}
        labels = rows.pop("labels")[:, self.task_order].float()
        weights = rows.pop("weights")[:, self.task_order]
        if self.manifest["weights_used"].startswith("ones"):
            weights = torch.ones_like(labels)
        size = len(labels)
        return RecapBatch(**rows, labels=labels, weights=weights, lists={}, carried={}, first_row=0, global_rows=size)

    def load_into(self, model: RankingModel, prefix: str) -> None:
        """Gives a model the recorded values under `prefix`."""
        model.load_state_dict(self.state(model, prefix))

    def state(self, model: RankingModel, prefix: str) -> dict[str, Tensor]:
        """Recorded values by the names that they have in our model."""
        start = f"{prefix}/"
        named = {name.removeprefix(start): a for name, a in self.arrays.items() if name.startswith(start)}
        return entries_by_our_name(model, named)

    def tolerance(self, figure: str) -> float:
        """How far a figure may be from the recorded one."""
        noise = self.manifest.get("verification", {})
        recorded = noise.get(figure) or noise.get("max_abs_diff", {}).get(figure)
        return ROUNDING_MARGIN * float(recorded or _USUAL_NOISE)

    def without_gradient(self, model: RankingModel) -> frozenset[str]:
        """Our names of what rounding noise alone moves: shifts that a batch norm takes out again."""
        noise = self.manifest.get("verification", {})
        keys = ("params_with_mathematically_zero_gradient", "running_means_affected_by_them")
        names = {name for key in keys for name in noise.get(key, {})}
        return frozenset(entries_by_our_name(model, {name: self.arrays[f"init/{name}"] for name in names}))

    @property
    def why_training_differs(self) -> str | None:
        """Why the recorded steps cannot be repeated, if they cannot."""
        accumulation = self.manifest["config_given"].get("training", {}).get("gradient_accumulation")
        if accumulation not in {None, 2}:
            return f"the reference accumulates {accumulation} batches wrongly: it keeps only some of them"
        if _has_dropout(self.config.model):
            return "dropout draws other random numbers"
        return None


def _has_dropout(message: Any) -> bool:
    if isinstance(message, DropoutConfig):
        return True
    children: list[Any] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            children.extend(value.values())
        else:
            children.extend(value if field.is_repeated else [value])
    return any(_has_dropout(child) for child in children)


def discover() -> list[RecapFixture]:
    """Every fixture with a configuration, by name."""
    manifests = [path for folder in fixture_folders() for path in sorted(folder.glob("recap_*.json"))]
    fixtures = [RecapFixture(path) for path in manifests]
    return [fixture for fixture in fixtures if "config_given" in fixture.manifest]
