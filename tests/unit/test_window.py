"""Sums of a training window go on where a checkpoint left them."""

from __future__ import annotations

import json

import pytest
import torch

from rankspec.trainer.processes import Processes
from rankspec.trainer.window import TrainWindow

ALONE = Processes()


def _window(*names: str) -> TrainWindow:
    return TrainWindow(names, 2, torch.device("cpu"))


def _state_of_names(*names: str) -> dict[str, object]:
    """What JSON gives back of a window whose sums are 1, 2, … and whose loss is 0.5."""
    window = _window(*names)
    sums = torch.arange(1.0, len(names) + 1).unsqueeze(1).expand(-1, 2)
    window.add(torch.tensor([0.5, 0.5]), sums, 4)
    state: dict[str, object] = json.loads(json.dumps(window.state(ALONE)))
    return state


def test_sums_are_taken_up_by_their_names_and_new_ones_begin_at_0() -> None:
    window = _window("weight", "new", "rows")

    window.restore(_state_of_names("rows", "gone", "weight"), ALONE)

    losses, sums = window.take(ALONE)
    assert losses.tolist() == [0.5, 0.5]
    assert sums[:, 0].tolist() == [3, 0, 1]


def test_state_without_names_has_the_first_ones() -> None:
    state = _state_of_names("rows", "weight")
    del state["names"]
    window = _window("rows", "weight", "new")

    window.restore(state, ALONE)

    assert window.take(ALONE)[1][:, 0].tolist() == [1, 2, 0]


def test_state_with_other_sums_than_names_is_an_error() -> None:
    with pytest.raises(ValueError, match="argument 2"):
        _window("rows").restore(_state_of_names("rows") | {"names": ["loss"]}, ALONE)
