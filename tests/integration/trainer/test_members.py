"""Members that train together train as each would alone."""

import pytest
import torch
from tests.integration.trainer.runs import Runs, newest, tensors_of

MEMBERS = "model { members: 2 }"
TABLE = (
    'model { small_embeddings { tables { name: "item" num_embeddings: 20 embedding_dim: 4 index: 1 '
    "l2: 0.01 weight_decay: 0.1 } } }"
)


@pytest.mark.parametrize(
    "change",
    [
        "optimizer { adam { epsilon: 1e-3 } }",
        "optimizer { sgd { momentum: 0.9 } }",
        TABLE,
        "training { gradient_accumulation: 3 gradient_clip_norm: 0.1 }",
        "runtime { enable_amp: true }",
    ],
    ids=["adam", "sgd", "table", "clipped", "bfloat16"],
)
def test_first_of_several_ends_as_the_model_alone_bit_for_bit(runs: Runs, change: str) -> None:
    change += " training { num_train_steps: 12 }"
    alone = tensors_of(newest(runs.train("alone", change)), "model.")

    together = tensors_of(newest(runs.train("together", change, MEMBERS)), "model.")

    of_first = {name: together[name.replace("model.", "model.members.0.", 1)] for name in alone}
    torch.testing.assert_close(of_first, alone, rtol=0, atol=0)
    assert not torch.equal(*(tensor for name, tensor in together.items() if name.endswith("table_user.weight")))
