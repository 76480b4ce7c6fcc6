from __future__ import annotations

import math

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.recap_models import FULL, built, inputs, random_batch, recap_config, rows_of
from torch import nn

from rankspec.claims.registry import unclaimed_paths
from rankspec.families.recap.program.model import RankingModel, build_model
from rankspec.families.recap.program.model.blocks import Blocks

torch.set_num_threads(1)

TOWERS = """
tasks { key: "b" value { mlp_config { layer_sizes: [3, 1] } } }
tasks { key: "a.x" value { mlp_config { layer_sizes: [2, 1] } } }
"""


def _config(model: str) -> RecapConfig:
    config = RecapConfig()
    text_format.Merge("featurization_config { double_norm_log_config {} }" + model, config.model)
    return config


def _inputs_of(model: RankingModel) -> Blocks:
    blocks: Blocks = model.inputs(random_batch())
    return blocks


def test_logits_are_float32_a_column_a_task() -> None:
    model = built()
    assert model.task_names == ("home.click", "home.like", "home.reply")
    logits = model(random_batch())
    assert logits.shape == (8, 3)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("names", [["é", "z", "A", "a"], ["t_10", "t_2", "t_1"]], ids=str)
def test_tasks_are_in_the_order_of_their_bytes(names: list[str]) -> None:
    config = _config("")
    for name in names:
        config.model.tasks[name].mlp_config.layer_sizes.append(1)
    assert built(config).task_names == tuple(sorted(names, key=str.encode))


def test_a_column_is_its_tasks_tower() -> None:
    model = built(_config(TOWERS)).eval()
    batch = random_batch(tasks=2)
    logits = model(batch)
    for column, name in enumerate(("a.x", "b")):
        assert torch.equal(logits[:, column : column + 1], model.tower(name)(model.inputs(batch)))


def test_share_none_towers_read_the_inputs() -> None:
    model = built(_config(TOWERS))
    assert model.backbone is None
    assert model.tower("b").network.linear_0.in_features == sum(model.inputs.widths.values()) == 6 + 3 + 4 + 4 + 5


@pytest.mark.parametrize(("sharing", "keeps_inputs"), [("SHARE_ALL", False), ("SHARE_PARTIAL", True)])
def test_towers_read_the_backbone(sharing: str, keeps_inputs: bool) -> None:
    backbone = f"multi_task_type: MULTI_TASK_TYPE_{sharing} backbone {{ mlp_config {{ layer_sizes: [9, 7] }} }}"
    model = built(_config(TOWERS + backbone)).eval()
    values = _inputs_of(model)
    shared = model.backbone(values.joined)
    read = values.with_block("backbone", shared) if keeps_inputs else Blocks({"backbone": shared})
    if keeps_inputs:
        assert torch.equal(read.joined, torch.cat([values.joined, shared], dim=1))
    expected = torch.cat([model.tower(name)(read) for name in ("a.x", "b")], dim=1)
    torch.testing.assert_close(model(random_batch()), expected)


def test_inputs_are_joined_in_their_order() -> None:
    config = _config(TOWERS)
    text_format.Merge(
        'small_embeddings { tables { name: "t" num_embeddings: 5 embedding_dim: 2 index: 1 } }', config.model
    )
    model, batch = built(config).eval(), random_batch()
    norms = model.inputs.embedding_norms
    expected = [
        *model.inputs.featurization(batch).values(),
        *model.inputs.small_embeddings(batch).values(),
        *(norms[name](getattr(batch, name)) for name in ("user_embedding", "user_eng_embedding", "author_embedding")),
    ]
    blocks = model.inputs(batch)
    torch.testing.assert_close(blocks.joined, torch.cat(expected, dim=1))
    assert blocks.names == tuple(model.inputs.widths)
    assert blocks.names[:3] == ("continuous", "binary", "small_embeddings/t")
    assert [blocks[name].shape[1] for name in blocks.names] == list(model.inputs.widths.values())


def test_only_embeddings_that_the_data_name_are_read() -> None:
    model = built(_config(TOWERS), "continuous", "binary", "author_embedding")
    assert list(model.inputs.embedding_norms) == ["author_embedding"]
    assert sum(model.inputs.widths.values()) == 6 + 3 + 5


def test_given_embeddings_get_torchs_layer_norm() -> None:
    model, batch = built(_config(TOWERS)), random_batch()
    expected = nn.LayerNorm(4)(batch.user_embedding)
    torch.testing.assert_close(model.inputs.embedding_norms["user_embedding"](batch.user_embedding), expected)


def test_affine_map_starts_as_told_and_is_trained() -> None:
    model = built().eval()
    tower = model.tower("home.like")
    assert (tower.affine_map.scale.item(), tower.affine_map.bias.item()) == (1.5, 0.25)
    values = torch.randn(4, tower.network.linear_0.in_features)
    torch.testing.assert_close(tower(Blocks({"values": values})), 1.5 * tower.network(values) + 0.25)
    model(random_batch()).sum().backward()
    assert tower.affine_map.scale.grad != 0
    assert tower.affine_map.bias.grad == 8


def test_odds_are_calibrated_by_the_rates() -> None:
    model = built()
    logits = torch.tensor([[0.3, 0.3, 0.3]])
    probability, ratio = torch.sigmoid(torch.tensor(0.3)).item(), 0.1 / 0.8
    calibrated = probability * ratio / (1 - probability + probability * ratio)
    assert model.predictions(logits)[0].tolist() == pytest.approx([probability, calibrated, probability])
    assert torch.equal(model.predictions(logits), torch.sigmoid(model.final_outputs(logits)))


def test_weighted_losses_need_no_calibration() -> None:
    config = recap_config()
    config.ClearField("downsampling_correction")
    logits = torch.tensor([[0.3, -2.0, 40.0]])
    assert torch.equal(built(config).predictions(logits), torch.sigmoid(logits))


def test_a_checkpoint_brings_back_nothing_that_follows_from_the_config() -> None:
    saved = built().state_dict()
    config = recap_config()
    config.train_data.tasks["home.like"].neg_downsampling_rate = 0.8
    config.model.featurization_config.double_norm_log_config.clip_magnitude = 9
    model = built(config)
    model.load_state_dict(saved)
    assert model.final_outputs(torch.zeros(1, 3)).tolist() == [[0, 0, 0]]
    assert model.inputs.featurization.transform.clip_magnitude == 9


@pytest.mark.parametrize("name", ["train", "type", "keys", "forward", "a-b.c", "_"])
def test_tasks_may_be_called_anything_the_spec_allows(name: str) -> None:
    config = _config("")
    config.model.tasks[name].mlp_config.layer_sizes.append(1)
    model = built(config)
    assert model(random_batch()).shape == (8, 1)
    assert model.training


def test_first_values_depend_on_the_seed() -> None:
    configs = [recap_config(FULL.replace("seed: 3", seed)) for seed in ("seed: 3", "seed: 3", "seed: 4")]
    one, same, other = (build_model(config, inputs()) for config in configs)
    for name, parameter in one.named_parameters():
        assert torch.equal(parameter, same.state_dict()[name])
        if parameter.unique().numel() > 1:
            assert not torch.equal(parameter, other.state_dict()[name]), name


def test_first_values_depend_on_nothing_else_in_the_model() -> None:
    config = recap_config()
    full = build_model(config, inputs()).state_dict()
    del config.model.tasks["home.click"]
    torch.manual_seed(123)
    smaller = build_model(config, inputs()).state_dict()
    assert smaller.keys() < full.keys()
    assert all(torch.equal(value, full[name]) for name, value in smaller.items())


def test_building_draws_nothing_from_the_process_generator() -> None:
    before = torch.get_rng_state()
    build_model(recap_config(), inputs())
    assert torch.equal(before, torch.get_rng_state())


def test_first_weights_are_xavier_uniform_without_bias() -> None:
    linear = (
        built(_config('tasks { key: "t" value { mlp_config { layer_sizes: [300, 1] } } }')).tower("t").network.linear_0
    )
    bound = math.sqrt(6 / (linear.in_features + linear.out_features))
    assert linear.bias.abs().max() == 0
    assert linear.weight.abs().max() <= bound
    assert linear.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_every_parameter_has_a_first_value() -> None:
    for name, parameter in built().named_parameters():
        assert parameter.isfinite().all(), name
        assert parameter.abs().max() < 4, name


def test_every_parameter_gets_a_gradient() -> None:
    model = built()
    model(random_batch()).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_repeating_a_position_repeats_the_pass() -> None:
    model, batch = built(), random_batch()
    passes = []
    for step, micro_batch in ((0, 0), (1, 0), (1, 1), (0, 0)):
        model.set_position(step, micro_batch)
        passes.append(model(batch))
    assert torch.equal(passes[0], passes[3])
    assert not torch.equal(passes[0], passes[1])
    assert not torch.equal(passes[1], passes[2])


def test_rows_are_scored_alike_in_any_slice() -> None:
    model, batch = built().eval(), random_batch()
    slices = [model(rows_of(batch, start, stop)) for start, stop in ((0, 3), (3, 8))]
    torch.testing.assert_close(torch.cat(slices), model(batch))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_mixed_precision_stays_near_and_trains(dtype: torch.dtype) -> None:
    model, batch = built(), random_batch()
    exact = model(batch)
    with torch.autocast("cpu", dtype=dtype):
        logits = model(batch)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, exact, atol=0.15, rtol=0.1)
    assert not torch.equal(logits, exact)
    logits.sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.dtype == torch.float32 for p in model.parameters())


def test_everything_the_model_obeys_is_claimed() -> None:
    assert list(unclaimed_paths(recap_config().model)) == []


def test_what_cannot_run_yet_is_unclaimed() -> None:
    config = recap_config()
    text_format.Merge(
        """
        large_embeddings { optimizer { init_learning_rate: 1 } }
        """,
        config.model,
    )
    assert set(unclaimed_paths(config.model)) == {
        "large_embeddings",
    }
