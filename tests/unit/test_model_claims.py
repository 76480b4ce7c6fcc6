"""Every field that the adapters of model, loss and optimizers claim has an effect."""

from __future__ import annotations

from collections.abc import Callable
from operator import getitem
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from google.protobuf.message import Message
from rankspec.optim.v1 import learning_rate_pb2, optimizer_pb2
from rankspec.recap.v1 import (
    architecture_pb2,
    embedding_pb2,
    featurization_pb2,
    layers_pb2,
    model_pb2,
    recap_pb2,
)
from rankspec.recap.v1 import optimizer_pb2 as recap_optimizer_pb2
from rankspec.recap.v1.data_pb2 import TaskData
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.optimizers import optimizer_of
from tests.unit.recap_models import FULL, built, random_batch, recap_config

from rankspec.claims.registry import claimed_fields
from rankspec.families.recap.program.loss import build_loss
from rankspec.families.recap.program.optimizer import build_ranking_optimizer

torch.set_num_threads(1)

Observation = dict[str, object]
Change = Callable[[RecapConfig], object]


def _observe(config: RecapConfig) -> Observation:
    """What a config makes: first values, outputs, rates and the weights after two steps."""
    model = built(config)
    seen: Observation = {f"first {name}": value.clone() for name, value in model.state_dict().items()}
    batch, loss_of = random_batch(tasks=len(model.task_names)), build_loss(config.model)
    optimizer = build_ranking_optimizer(config, model)
    for step in range(3):
        seen[f"rates {step}"] = optimizer.set_learning_rates(step)
        model.set_position(step)
        logits = model(batch)
        loss, _ = loss_of(logits, batch.labels, batch.weights, batch.global_rows)
        loss.backward()
        optimizer.add_penalties()
        optimizer.step()
        optimizer.zero_grad()
        seen[f"loss {step}"] = loss.detach()
    seen |= {f"last {name}": value for name, value in model.state_dict().items()}
    logits = model.eval()(batch).detach()
    return seen | {"logits": logits, "probabilities": model.predictions(logits)}


def _same(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and torch.equal(one, other)
    return one == other


def _differ(one: Observation, other: Observation) -> bool:
    return one.keys() != other.keys() or any(not _same(one[name], other[name]) for name in one)


Place = Callable[[RecapConfig], Message]


def _at(place: Place, text: str) -> Change:
    """Merges text into the message at a place."""
    return lambda config: text_format.Merge(text, place(config))


def _clear(place: Place, field: str) -> Change:
    return lambda config: place(config).ClearField(field)


def _place(path: str) -> Place:
    """A message by the fields, map keys and list indices that lead to it, joined by slashes."""

    def find(config: RecapConfig) -> Message:
        found: Any = config
        for part in filter(None, path.split("/")):
            step: Callable[[Any, Any], Any] = getattr if isinstance(found, Message) else getitem
            found = step(found, int(part) if part.isdigit() else part)
        return found

    return find


ROOT = _place("")
MODEL = _place("model")
FEATURIZATION = _place("model/featurization_config")
DOUBLE_NORM = _place("model/featurization_config/double_norm_log_config")
LAYER_NORM = _place("model/featurization_config/double_norm_log_config/layer_norm_config")
BATCH_NORM = _place("model/featurization_config/double_norm_log_config/batch_norm_config")
TABLES = _place("model/small_embeddings")
TABLE = _place("model/small_embeddings/tables/0")
BACKBONE = _place("model/backbone")
MASK_NET = _place("model/backbone/mask_net_config")
FIRST_BLOCK = _place("model/backbone/mask_net_config/mask_blocks/0")
SECOND_BLOCK = _place("model/backbone/mask_net_config/mask_blocks/1")
MLP = _place("model/backbone/mask_net_config/mlp")
LIKE = _place("model/tasks/home.like")
CLICK_LAYER = _place("model/tasks/home.click/mlp_config/layers/0")
REPLY = _place("model/tasks/home.reply")
DCN = _place("model/tasks/home.reply/dcn_config")
OPTIMIZER = _place("optimizer")
ADAM = _place("optimizer/adam")
LIKE_RATE = _place("optimizer/multi_task_learning_rates/tower_learning_rates/home.like")
CLICK_RATE = _place("optimizer/multi_task_learning_rates/tower_learning_rates/home.click")
REPLY_RATE = _place("optimizer/multi_task_learning_rates/tower_learning_rates/home.reply")
RAMP = _place("optimizer/multi_task_learning_rates/tower_learning_rates/home.click/linear_ramp_to_constant")
BACKBONE_RATE = _place("optimizer/multi_task_learning_rates/backbone_learning_rate")
COSINE = _place("optimizer/multi_task_learning_rates/backbone_learning_rate/linear_ramp_to_cosine")
LIKE_DATA = _place("train_data/tasks/home.like")


def _piecewise(boundary: int, first_value: float) -> Change:
    def change(config: RecapConfig) -> None:
        schedule = config.optimizer.multi_task_learning_rates.tower_learning_rates["home.reply"]
        schedule.piecewise_constant.learning_rate_boundaries[0] = boundary
        schedule.piecewise_constant.learning_rate_values[0] = first_value

    return change


def _dlrm(config: RecapConfig) -> None:
    """Makes a tower a DLRM, and the tables of one width."""
    config.model.small_embeddings.tables[1].embedding_dim = 3
    text_format.Merge("dlrm_config { bottom_mlp { layer_sizes: 3 } top_mlp { layer_sizes: 1 } }", LIKE(config))


CASES: dict[type[Message], dict[str, Change]] = {
    layers_pb2.DropoutConfig: {"rate": _at(MLP, "dropout { rate: 0.6 }")},
    layers_pb2.LayerNormConfig: {
        "epsilon": _at(LAYER_NORM, "epsilon: 0.2"),
        "center": _at(LAYER_NORM, "center: false"),
        "scale": _at(LAYER_NORM, "scale: false"),
    },
    layers_pb2.BatchNormConfig: {
        "affine": _at(BATCH_NORM, "affine: false"),
        "momentum": _at(BATCH_NORM, "momentum: 0.7"),
    },
    layers_pb2.DenseLayerConfig: {
        "layer_size": _at(CLICK_LAYER, "layer_size: 4"),
        "dropout": _clear(CLICK_LAYER, "dropout"),
    },
    layers_pb2.MlpConfig: {
        "layer_sizes": lambda config: config.model.tasks["home.like"].mlp_config.layer_sizes.insert(0, 5),
        "layers": lambda config: config.model.tasks["home.click"].mlp_config.layers.insert(
            0, layers_pb2.DenseLayerConfig(layer_size=5)
        ),
        "batch_norm": _clear(MLP, "batch_norm"),
        "dropout": _clear(MLP, "dropout"),
        "final_layer_activation": _at(MLP, "final_layer_activation: false"),
    },
    featurization_pb2.DoubleNormLogConfig: {
        "batch_norm_config": _clear(DOUBLE_NORM, "batch_norm_config"),
        "clip_magnitude": _at(DOUBLE_NORM, "clip_magnitude: 0.5"),
        "layer_norm_config": _clear(DOUBLE_NORM, "layer_norm_config"),
    },
    featurization_pb2.FeaturizationConfig: {
        "double_norm_log_config": _at(FEATURIZATION, "log1p_abs_config {}"),
        "log1p_abs_config": _at(FEATURIZATION, "log1p_abs_config {}"),
        "clip_log1p_abs_config": _at(FEATURIZATION, "clip_log1p_abs_config {}"),
        "feature_names_to_concat": _at(FEATURIZATION, 'feature_names_to_concat: "discrete"'),
    },
    featurization_pb2.Log1pAbsConfig: {},
    architecture_pb2.MaskBlockConfig: {
        "output_size": _at(FIRST_BLOCK, "output_size: 3"),
        "reduction_factor": _at(SECOND_BLOCK, "reduction_factor: 0.9"),
        "aggregation_size": _at(FIRST_BLOCK, "aggregation_size: 9"),
        "input_layer_norm": _at(FIRST_BLOCK, "input_layer_norm: false"),
    },
    architecture_pb2.MaskNetConfig: {
        "mask_blocks": lambda config: config.model.backbone.mask_net_config.mask_blocks.pop(),
        "mlp": _clear(MASK_NET, "mlp"),
        "use_parallel": _at(MASK_NET, "use_parallel: true"),
    },
    architecture_pb2.DcnConfig: {
        "poly_degree": _at(DCN, "poly_degree: 2"),
        "projection_dim": _clear(DCN, "projection_dim"),
        "parallel_mlp": _clear(DCN, "parallel_mlp"),
        "use_parallel": _at(DCN, "use_parallel: false"),
        "output_mlp": _at(DCN, "output_mlp { layer_sizes: 1 }"),
    },
    architecture_pb2.AffineMap: {
        "scale": _at(LIKE, "affine_map { scale: 0.5 }"),
        "bias": _at(LIKE, "affine_map { bias: -1 }"),
    },
    architecture_pb2.TaskModel: {
        "mlp_config": _at(LIKE, "mask_net_config { mask_blocks { output_size: 1 aggregation_size: 2 } }"),
        "mask_net_config": _at(BACKBONE, "mlp_config { layer_sizes: 6 }"),
        "dcn_config": _at(REPLY, "mlp_config { layer_sizes: 1 }"),
        "dlrm_config": _dlrm,
        "affine_map": _clear(LIKE, "affine_map"),
        "pos_weight": _at(LIKE, "pos_weight: 5"),
        "kind": _at(LIKE, "kind: TASK_KIND_REGRESSION"),
    },
    embedding_pb2.SmallEmbeddingBagConfig: {
        "name": _at(TABLE, 'name: "viewer"'),
        "num_embeddings": _at(TABLE, "num_embeddings: 9"),
        "embedding_dim": _at(TABLE, "embedding_dim: 6"),
        "index": _at(TABLE, "index: 1"),
        "out_of_range_ids": _at(TABLE, "out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET"),
        "weight_decay": _at(TABLE, "weight_decay: 0.9"),
        "init_std": _at(TABLE, "init_std: 2"),
        "l2": _at(TABLE, "l2: 0.5"),
    },
    embedding_pb2.SmallEmbeddingsConfig: {
        "tables": lambda config: config.model.small_embeddings.tables.pop(),
        "dropout": _clear(TABLES, "dropout"),
    },
    model_pb2.ModelConfig: {
        "tasks": lambda config: config.model.tasks.pop("home.click"),
        "small_embeddings": _clear(MODEL, "small_embeddings"),
        "position_debias_config": _at(MODEL, "position_debias_config { position_feature_index: 0 }"),
        "featurization_config": _at(FEATURIZATION, "log1p_abs_config {}"),
        "multi_task_type": _at(MODEL, "multi_task_type: MULTI_TASK_TYPE_SHARE_ALL"),
        "backbone": _at(MLP, "layer_sizes: 3"),
        "members": _at(MODEL, "members: 2"),
    },
    learning_rate_pb2.LearningRate: {
        "constant": _at(LIKE_RATE, "constant: 0.5"),
        "linear_ramp_to_cosine": _at(BACKBONE_RATE, "constant: 0.5"),
        "linear_ramp_to_constant": _at(CLICK_RATE, "constant: 0.5"),
        "piecewise_constant": _at(REPLY_RATE, "constant: 0.5"),
    },
    learning_rate_pb2.LinearRampToCosine: {
        "learning_rate": _at(COSINE, "learning_rate: 0.5"),
        "final_learning_rate": _at(COSINE, "final_learning_rate: 0.5"),
        "num_ramp_steps": _at(COSINE, "num_ramp_steps: 2"),
        "final_num_steps": _at(COSINE, "final_num_steps: 9"),
    },
    learning_rate_pb2.LinearRampToConstant: {
        "learning_rate": _at(RAMP, "learning_rate: 0.5"),
        "num_ramp_steps": _at(RAMP, "num_ramp_steps: 5"),
    },
    learning_rate_pb2.PiecewiseConstant: {
        "learning_rate_boundaries": _piecewise(boundary=2, first_value=0.03),
        "learning_rate_values": _piecewise(boundary=1, first_value=0.5),
    },
    recap_optimizer_pb2.RecapAdamConfig: {
        "beta_1": _at(ADAM, "beta_1: 0.1"),
        "beta_2": _at(ADAM, "beta_2: 0.1"),
        "epsilon": _at(ADAM, "epsilon: 1"),
        "weight_decay": _at(ADAM, "weight_decay: 0.9"),
    },
    recap_optimizer_pb2.RecapSgdConfig: {
        "momentum": _at(OPTIMIZER, "sgd { momentum: 0.5 }"),
        "weight_decay": _at(OPTIMIZER, "sgd { weight_decay: 0.5 }"),
    },
    recap_optimizer_pb2.MultiTaskLearningRates: {
        "tower_learning_rates": _at(LIKE_RATE, "constant: 0.5"),
        "backbone_learning_rate": _at(BACKBONE_RATE, "constant: 0.5"),
    },
    recap_optimizer_pb2.RecapOptimizerConfig: {
        "multi_task_learning_rates": _at(OPTIMIZER, "single_task_learning_rate { constant: 0.5 }"),
        "single_task_learning_rate": _at(OPTIMIZER, "single_task_learning_rate { constant: 0.5 }"),
        "adam": _at(ADAM, "beta_1: 0.1"),
        "sgd": _at(OPTIMIZER, "sgd {}"),
    },
    recap_pb2.RecapConfig: {
        "model": _at(ROOT, "model { multi_task_type: MULTI_TASK_TYPE_SHARE_ALL }"),
        "optimizer": _at(ADAM, "beta_1: 0.1"),
        "downsampling_correction": _clear(ROOT, "downsampling_correction"),
        "runtime": _at(ROOT, "runtime { seed: 4 }"),
    },
    TaskData: {
        "pos_downsampling_rate": _at(LIKE_DATA, "pos_downsampling_rate: 0.5"),
        "neg_downsampling_rate": _at(LIKE_DATA, "neg_downsampling_rate: 0.5"),
    },
}
# Claimed by other adapters, or without two legal values that differ: both legal axes are the last one.
ELSEWHERE = {
    layers_pb2.LayerNormConfig: {"axis"},
    featurization_pb2.FeaturizationConfig: {"z_score_log_config"},
    recap_pb2.RecapConfig: {"training", "train_data", "validation_data", "which_metrics"},
}
PARAMETERS = [
    pytest.param(change, id=f"{message.DESCRIPTOR.name}.{field}")
    for message, changes in CASES.items()
    for field, change in changes.items()
]


@pytest.fixture(scope="module")
def unchanged() -> Observation:
    return _observe(recap_config(FULL))


def test_observations_repeat(unchanged: Observation) -> None:
    assert not _differ(unchanged, _observe(recap_config(FULL)))


@pytest.mark.parametrize("change", PARAMETERS)
def test_claimed_field_has_an_effect(unchanged: Observation, change: Change) -> None:
    config = recap_config(FULL)
    change(config)
    assert _differ(unchanged, _observe(config))


@pytest.mark.parametrize("message", CASES, ids=lambda message: message.DESCRIPTOR.name)
def test_every_claim_has_a_case(message: type[Message]) -> None:
    assert claimed_fields(message) - ELSEWHERE.get(message, set()) == CASES[message].keys()


def test_clip_magnitude_of_clip_log1p_abs_has_an_effect() -> None:
    observed = []
    for magnitude in (1, 2):
        config = recap_config(FULL)
        config.model.featurization_config.clip_log1p_abs_config.clip_magnitude = magnitude
        observed.append(_observe(config))
    assert _differ(*observed)
    assert claimed_fields(featurization_pb2.ClipLog1pAbsConfig) == {"clip_magnitude"}


@pytest.mark.parametrize("field", ["bottom_mlp", "top_mlp"])
def test_perceptrons_of_dlrm_have_an_effect(field: str) -> None:
    configs = recap_config(FULL), recap_config(FULL)
    for config in configs:
        _dlrm(config)
    getattr(configs[1].model.tasks["home.like"].dlrm_config, field).layer_sizes.insert(0, 5)
    assert _differ(*map(_observe, configs))
    assert claimed_fields(architecture_pb2.DLRMConfig) == {"bottom_mlp", "top_mlp"}


POSITIONS = {
    "max_position": "max_position: 2",
    "num_dims": "num_dims: 3",
    "drop_probability": "drop_probability: 0.1",
    "position_feature_index": "position_feature_index: 1",
}


@pytest.mark.parametrize("field", POSITIONS)
def test_fields_of_the_position_have_an_effect(field: str) -> None:
    configs = recap_config(FULL), recap_config(FULL)
    for config, text in zip(configs, ("", POSITIONS[field]), strict=True):
        config.model.position_debias_config.position_feature_index = 0
        text_format.Merge(text, config.model.position_debias_config)
    assert _differ(*map(_observe, configs))
    assert claimed_fields(architecture_pb2.PositionDebiasConfig) == POSITIONS.keys()


ALGORITHMS = {
    "adam": ("lr: 0.1", {"lr: 0.2", "betas: [0.5, 0.6]", "eps: 0.5", "weight_decay: 0.5"}),
    "sgd": ("lr: 0.1", {"lr: 0.2", "momentum: 0.5", "weight_decay: 0.5"}),
    "adagrad": ("lr: 0.1", {"lr: 0.2", "eps: 0.5", "weight_decay: 0.5"}),
}


def _stepped(text: str) -> list[float]:
    config = text_format.Parse(text, optimizer_pb2.OptimizerConfig())
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = optimizer_of(config, [weight])
    for step in range(3):
        optimizer.set_learning_rates(step)
        (weight.square().sum() * (step + 1)).backward()
        optimizer.step()
        optimizer.zero_grad()
    return weight.tolist()


@pytest.mark.parametrize(
    ("name", "changed"), [(name, text) for name, (_, texts) in ALGORITHMS.items() for text in sorted(texts)]
)
def test_field_of_an_algorithm_has_an_effect(name: str, changed: str) -> None:
    plain = ALGORITHMS[name][0]
    merged = changed if changed.startswith("lr") else f"{plain} {changed}"
    assert _stepped(f"{name} {{ {plain} }}") != _stepped(f"{name} {{ {merged} }}")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_claim_of_an_algorithm_has_a_case(name: str) -> None:
    message = getattr(optimizer_pb2.OptimizerConfig(), name)
    assert claimed_fields(type(message)) == {text.split(":")[0] for text in ALGORITHMS[name][1]}


def test_every_choice_of_an_optimizer_config_has_an_effect() -> None:
    assert len({tuple(_stepped(f"{name} {{ lr: 0.1 }}")) for name in ALGORITHMS}) == len(ALGORITHMS)
    assert _stepped("sgd {} learning_rate { constant: 0.1 }") == _stepped("sgd { lr: 0.1 }")
