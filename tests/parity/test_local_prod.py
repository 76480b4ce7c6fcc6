"""The shipped configuration builds the model that the reference builds."""

from pathlib import Path

import pytest
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.parity.recap_fixtures import model_input
from tests.parity.reference_names import our_name

from rankspec.families.recap.program.model.ranking import RankingModel, build_ranking_model

RECORDED = Path(__file__).parent / "fixtures" / "local_prod_state_dict.txt"
WIDTHS = {
    "continuous": 2117,
    "binary": 59,
    "discrete": 1,
    "user_embedding": 200,
    "user_eng_embedding": 200,
    "author_embedding": 200,
}


@pytest.fixture(scope="module")
def model(local_prod: RecapConfig) -> RankingModel:
    return build_ranking_model(local_prod, [model_input(name, width) for name, width in WIDTHS.items()], seed=0)


def test_number_of_parameters(model: RankingModel) -> None:
    assert sum(parameter.numel() for parameter in model.parameters()) == 48_115_108


def test_names_and_shapes(model: RankingModel) -> None:
    recorded = {}
    for line in RECORDED.read_text().splitlines():
        name, shape, dtype, _kind = line.split("\t")
        if ours := our_name(model, name):
            recorded[ours] = (tuple(int(size) for size in shape.strip("()").split(",") if size), dtype)
    built = {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in model.state_dict().items()}
    assert built == recorded
