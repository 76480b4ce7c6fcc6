"""The model has no branch that depends on the values of a batch, so torch.export takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from tests.unit.recap_models import WIDTHS, built, random_batch
from torch import Tensor, nn

from rankspec.families.recap.program.batch import RecapBatch

torch.set_num_threads(1)


class _OfTensors(nn.Module):
    """The probabilities of a model, which takes the inputs one by one, as torch.export wants them."""

    def __init__(self, model: Any, batch: RecapBatch) -> None:
        super().__init__()
        self.model = model
        self.batch = batch

    def forward(self, *values: Tensor) -> Tensor:
        given: dict[str, Any] = dict(zip(WIDTHS, values, strict=True))
        probabilities: Tensor = self.model.predictions(self.model(replace(self.batch, **given)))
        return probabilities


def _inputs(batch: RecapBatch) -> tuple[Tensor, ...]:
    return tuple(getattr(batch, name) for name in WIDTHS)


def test_a_model_of_every_kind_of_part_is_exported_and_gives_the_same_probabilities() -> None:
    model, batch, other = built().eval(), random_batch(), random_batch(rows=5, seed=3)
    assert model.id_ranges
    rows = {0: torch.export.Dim("rows", min=2)}
    with torch.no_grad():
        program = torch.export.export(_OfTensors(model, batch), _inputs(batch), dynamic_shapes=((rows,) * len(WIDTHS),))
        torch.testing.assert_close(program.module()(*_inputs(other)), model.predictions(model(other)))
