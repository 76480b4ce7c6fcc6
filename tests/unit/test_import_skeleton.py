"""The config that an import writes: what of it follows from the size and shape of the table."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import text_format
from rankspec.recap.v1.recap_pb2 import RecapConfig

from rankspec.datasets.importing.plan import MANY_NUMBERS
from rankspec.datasets.importing.skeleton import DataSet, skeleton


def _config(**shape: Any) -> RecapConfig:
    """Of a table of a hundred batches of 1024 rows, unless the shape says otherwise."""
    rows = {"train": 102_400, "validation": 1000, "test": 1000}
    given: dict[str, Any] = {
        "folder": "set",
        "num_rows": rows,
        "num_continuous": 3,
        "num_binary": 0,
        "ids": (),
        "tasks": {"y": False},
    }
    return text_format.Parse(skeleton(DataSet(**given | shape), "A note."), RecapConfig())


@pytest.mark.parametrize(
    ("shape", "epochs"),
    [
        pytest.param({"num_continuous": MANY_NUMBERS + 1, "group": "g", "num_groups": 499}, 3, id="few-groups"),
        pytest.param({"num_continuous": MANY_NUMBERS + 1, "group": "g", "num_groups": 500}, 4, id="many-groups"),
        pytest.param({"num_continuous": MANY_NUMBERS, "group": "g", "num_groups": 499}, 4, id="few-numbers"),
        pytest.param({"num_continuous": MANY_NUMBERS + 1}, 4, id="no-groups"),
    ],
)
def test_many_numbers_in_few_groups_have_fewer_passes_and_the_same_network(shape: dict[str, Any], epochs: int) -> None:
    config = _config(**shape)
    assert config.training.num_train_steps == 100 * epochs
    schedule = config.optimizer.multi_task_learning_rates.backbone_learning_rate.linear_ramp_to_cosine
    assert schedule.final_num_steps == 100 * epochs
    assert list(config.model.backbone.mlp_config.layer_sizes) == [256, 128]
