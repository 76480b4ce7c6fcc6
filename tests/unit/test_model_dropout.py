from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

from rankspec.families.recap.program.model.dropout import Dropout, RandomPosition
from rankspec.trainer.seeds import seed_for

torch.set_num_threads(1)


def _mask(rate: float = 0.5, key: str = "layer", rows: int = 6, **position: int) -> torch.Tensor:
    where = {"seed": 1, "step": 2, "micro_batch": 0, "first_row": 0, "global_rows": 6} | position
    return Dropout(rate, key, RandomPosition(**where))(torch.ones(rows, 50)) != 0


def test_the_same_place_gives_the_same_mask() -> None:
    assert torch.equal(_mask(), _mask())


@pytest.mark.parametrize("change", [{"seed": 2}, {"step": 3}, {"micro_batch": 1}, {"key": "other"}], ids=str)
def test_another_place_gives_another_mask(change: dict[str, Any]) -> None:
    assert not torch.equal(_mask(), _mask(**change))


def test_nothing_drawn_elsewhere_matters() -> None:
    before = _mask()
    torch.rand(100)
    torch.manual_seed(17)
    state = torch.get_rng_state()
    assert torch.equal(before, _mask())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("cuts", [(0, 3, 6), (0, 1, 5, 6), (0, 6, 6)], ids=str)
def test_processes_drop_what_one_process_drops(cuts: tuple[int, ...]) -> None:
    slices = [_mask(first_row=start, rows=stop - start) for start, stop in pairwise(cuts)]
    assert torch.equal(torch.cat(slices), _mask())


def test_share_dropped_and_scale_of_the_rest() -> None:
    layer = Dropout(0.3, "layer", RandomPosition(0, step=0, global_rows=400))
    values = torch.full((400, 250), 7.0)
    dropped = layer(values)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    torch.testing.assert_close(dropped[dropped != 0].unique(), torch.tensor([10.0]))


def test_gradient_passes_where_values_do() -> None:
    layer = Dropout(0.5, "layer", RandomPosition(0, step=0, global_rows=4))
    values = torch.ones(4, 10, requires_grad=True)
    dropped = layer(values)
    dropped.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, dropped.detach())


def test_the_format_stays() -> None:
    layer = Dropout(0.5, "layer", RandomPosition(0, step=0, global_rows=4))
    assert layer(torch.ones(4, 10, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_nothing_is_dropped_in_evaluation() -> None:
    layer = Dropout(0.9, "layer", RandomPosition(0)).eval()
    values = torch.ones(4, 10)
    assert layer(values) is values


def test_training_without_a_position_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="set_position"):
        Dropout(0.5, "layer", RandomPosition(0, global_rows=4))(torch.ones(4, 10))


def test_seeds_of_different_parts_differ() -> None:
    assert len({seed_for(1, "a"), seed_for(1, "b"), seed_for(2, "a"), seed_for("1a"), seed_for(11, "")}) == 5
    assert seed_for(1, "a") == seed_for(1, "a")
