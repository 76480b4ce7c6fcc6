"""The embedding of the position: read in training alone, and dropped by the place in the run."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from tests.unit.recap_models import FULL, WIDTHS, built, inputs, random_batch, recap_config, rows_of
from torch import Tensor

from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model import build_model
from rankspec.families.recap.program.model.inputs import inputs_read
from rankspec.trainer.data_error import DataError

torch.set_num_threads(1)


def _model(fields: str = "", *, tables: bool = False) -> Any:
    """A model with a position in column 1; with `tables`, one of which reads column 0."""
    return built(_config(fields, tables=tables))


def _config(fields: str = "", *, tables: bool = False) -> Any:
    config = recap_config(FULL)
    config.model.position_debias_config.position_feature_index = 1
    text_format.Merge(fields, config.model.position_debias_config)
    del config.model.small_embeddings.tables[1]
    if not tables:
        config.model.ClearField("small_embeddings")
    return config


def _shown_at(positions: list[int]) -> RecapBatch:
    batch = random_batch(rows=len(positions))
    assert batch.discrete is not None
    discrete = batch.discrete.clone()
    discrete[:, 1] = torch.tensor(positions)
    return replace(batch, discrete=discrete)


def _rows(model: Any, positions: list[int]) -> Tensor:
    """The position's block for such rows."""
    batch = _shown_at(positions)
    model._position.first_row, model._position.global_rows = 0, len(positions)
    block: Tensor = model.inputs.position(batch).detach()
    return block


def test_positions_have_rows_and_those_from_the_last_on_share_one() -> None:
    model = _model("max_position: 3 num_dims: 4 drop_probability: 0")
    weight = model.inputs.position.weight.detach()
    assert weight.shape == (4, 4)
    assert torch.equal(_rows(model, [0, 2, 3, 4, 2**40]), weight[[0, 2, 3, 3, 3]])


def test_a_negative_position_is_unknown() -> None:
    assert _rows(_model("drop_probability: 0"), [-1, 0, -(2**62)]).abs().sum(1).bool().tolist() == [False, True, False]


def test_whole_rows_are_dropped_at_the_share_asked_for_and_the_rest_is_as_it_was() -> None:
    model = _model("max_position: 1 num_dims: 4 drop_probability: 0.3")
    rows = _rows(model, [0] * 4000)
    dropped = (rows == 0).all(1)
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert torch.equal(rows[~dropped].unique(dim=0), model.inputs.position.weight[:1])


@pytest.mark.parametrize("cuts", [(0, 3, 8), (0, 1, 5, 8), (0, 8, 8)], ids=str)
def test_processes_drop_what_one_process_drops(cuts: tuple[int, ...]) -> None:
    model, batch = _model(), random_batch()
    blocks = []
    for start, stop in [(0, 8), *pairwise(cuts)]:
        model._position.first_row, model._position.global_rows = start, 8
        blocks.append(model.inputs.position(rows_of(batch, start, stop)))
    assert torch.equal(torch.cat(blocks[1:]), blocks[0])


def test_another_step_drops_others() -> None:
    model = _model()
    first = _rows(model, [0] * 50)
    assert torch.equal(first, _rows(model, [0] * 50))
    model.set_position(1)
    assert not torch.equal(first, _rows(model, [0] * 50))


@pytest.mark.parametrize("tables", [False, True], ids=["alone", "beside_a_table"])
def test_what_is_served_does_not_depend_on_the_position(tables: bool) -> None:
    model = _model(tables=tables)
    batch, other = _shown_at([0, 1, 2, 3]), _shown_at([9, -5, 0, 7])
    model.set_position(3)
    assert not torch.equal(model(batch), model(other))
    model.eval()
    assert torch.equal(model(batch), model(other))


def test_what_is_served_is_what_a_model_without_position_known_gives() -> None:
    """Zeros in evaluation are what a row has that was dropped."""
    model = _model("drop_probability: 0.5")
    assert torch.equal(_rows(model, [-1] * 4), _rows(model.eval(), [0, 1, 2, 3]))


def test_an_exported_model_has_no_input_of_ids_where_no_table_reads_them() -> None:
    names = [name for name in WIDTHS if name != "discrete"]
    model, batch, other = _model().eval(), random_batch(), random_batch(rows=5, seed=3)

    class OfTensors(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: Tensor) -> Tensor:
            given: dict[str, Any] = dict(zip(names, values, strict=True))
            logits: Tensor = self.model(replace(batch, discrete=None, **given))
            return logits

    rows = {0: torch.export.Dim("rows", min=2)}
    taken = [tuple(getattr(one, name) for name in names) for one in (batch, other)]
    with torch.no_grad():
        program = torch.export.export(OfTensors(), taken[0], dynamic_shapes=((rows,) * len(names),))
        torch.testing.assert_close(program.module()(*taken[1]), model(other))


def test_training_reads_the_ids_for_the_position_alone() -> None:
    config = _config()
    assert "discrete" in [item.name for item in inputs_read(config.model, inputs())]
    config.model.ClearField("position_debias_config")
    assert "discrete" not in [item.name for item in inputs_read(config.model, inputs())]


def test_a_column_that_is_not_there_is_refused_by_its_path() -> None:
    with pytest.raises(DataError, match="there is no column 2: discrete has 2 columns") as caught:
        build_model(_config("position_feature_index: 2"), inputs())
    assert caught.value.path == "model.position_debias_config.position_feature_index"


def test_mixed_precision_trains_every_row_seen() -> None:
    model, batch = _model("max_position: 4 drop_probability: 0"), random_batch()
    assert batch.discrete is not None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(batch)
    logits.sum().backward()
    gradient = model.inputs.position.weight.grad
    assert gradient.isfinite().all()
    seen = batch.discrete[:, 1].unique()
    assert gradient.abs().sum(1).nonzero().flatten().tolist() == seen.tolist()
