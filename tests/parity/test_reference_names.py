"""The rules that turn the reference's names into ours cover architectures that no committed fixture has."""

import pytest
from google.protobuf import text_format
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.parity.recap_fixtures import model_input
from tests.parity.reference_names import our_name

from rankspec.families.recap.program.model import build_model

MLP_WITH_ALL = "layer_sizes: [4, 1] batch_norm {} dropout {}"
CASES = {
    "mlp_tower_with_dropout_and_affine_map": (
        f'tasks {{ key: "a.b" value {{ mlp_config {{ {MLP_WITH_ALL} }} affine_map {{}} }} }}',
        [
            *(f"model._towers.a__b.layers.0.{x}" for x in ("weight", "bias")),
            *(f"model._towers.a__b.layers.1.{x}" for x in ("weight", "bias", "running_mean", "running_var")),
            "model._towers.a__b.layers.1.num_batches_tracked",
            *(f"model._towers.a__b.layers.4.{x}" for x in ("weight", "bias")),
            *(f"model._affine_maps.a__b.{x}" for x in ("weight", "bias")),
        ],
    ),
    "stacked_mask_net_tower": (
        """
        tasks {
          key: "a-b_c"
          value {
            mask_net_config {
              mask_blocks { output_size: 4 aggregation_size: 3 input_layer_norm: true }
              mask_blocks { output_size: 1 aggregation_size: 2 input_layer_norm: false }
            }
          }
        }
        """,
        [
            f"model._towers.a-b_c._mask_blocks.{block}.{layer}.{x}"
            for block, layers in ((0, ["_input_layer_norm"]), (1, []))
            for layer in [*layers, "_mask_layer.0", "_mask_layer.2", "_hidden_layer", "_layer_norm"]
            for x in ("weight", "bias")
        ],
    ),
    "mlp_backbone": (
        """
        multi_task_type: MULTI_TASK_TYPE_SHARE_ALL
        backbone { mlp_config { layer_sizes: [5, 4] final_layer_activation: true } }
        tasks { key: "t" value { mlp_config { layer_sizes: [3, 1] } } }
        """,
        [
            f"model.{module}.layers.{layer}.{x}"
            for module in ("_backbone", "_towers.t")
            for layer in (0, 2)
            for x in ("weight", "bias")
        ],
    ),
    "mask_net_with_deep_mlp": (
        """
        multi_task_type: MULTI_TASK_TYPE_SHARE_PARTIAL
        backbone {
          mask_net_config {
            mask_blocks { output_size: 4 aggregation_size: 3 }
            mlp { layer_sizes: [5, 4] dropout {} }
            use_parallel: true
          }
        }
        tasks { key: "t" value { mlp_config { layer_sizes: 1 } } }
        """,
        [
            *(
                f"model._backbone._mask_blocks.0.{layer}.{x}"
                for layer in ("_mask_layer.0", "_mask_layer.2", "_hidden_layer", "_layer_norm")
                for x in ("weight", "bias")
            ),
            *(f"model._backbone._dense_layers.layers.{layer}.{x}" for layer in (0, 3) for x in ("weight", "bias")),
            *(f"model._towers.t.layers.0.{x}" for x in ("weight", "bias")),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_names_are_those_of_the_model(name: str) -> None:
    text, reference_names = CASES[name]
    config = RecapConfig()
    text_format.Merge(text, config.model)
    config.model.featurization_config.log1p_abs_config.SetInParent()
    inputs = [model_input("continuous", 6), model_input("binary", 2)]
    model = build_model(config, inputs)
    assert sorted(str(our_name(model, name)) for name in reference_names) == sorted(model.state_dict())


def test_what_follows_from_the_configuration_has_no_name() -> None:
    config = RecapConfig()
    text_format.Merge('tasks { key: "t" value { mlp_config { layer_sizes: 1 } } }', config.model)
    config.model.featurization_config.log1p_abs_config.SetInParent()
    model = build_model(config, [model_input(name, 2) for name in ("continuous", "binary")])
    for name in ("model._calibrators.t.ratio", "model._preprocessor._before_concat_layers.3.max_value"):
        assert our_name(model, name) is None


def test_an_unknown_name_is_an_error() -> None:
    config = RecapConfig()
    text_format.Merge('tasks { key: "t" value { mlp_config { layer_sizes: 1 } } }', config.model)
    config.model.featurization_config.log1p_abs_config.SetInParent()
    model = build_model(config, [model_input(name, 2) for name in ("continuous", "binary")])
    with pytest.raises(AssertionError, match="no rule"):
        our_name(model, "model._something_else.weight")
