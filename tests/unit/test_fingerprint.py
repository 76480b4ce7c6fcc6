"""Fingerprints: what they depend on, what not, and the canonical form that other languages compute."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rankspec.optim.v1 import learning_rate_pb2, optimizer_pb2
from rankspec.train.v1 import wandb_pb2
from tests.unit.example_configs import VALID, write

from rankspec.analysis.fingerprint import Fingerprint, canonical_form, fingerprint
from rankspec.composition.compose import compose
from rankspec.schema.defaults import condense, resolve

_RENAMED = (
    '    renamed_features { key: "continuous" value: "c" }\n',
    '    renamed_features { key: "binary" value: "b" }\n',
)
PAGE = Path(__file__).parents[2] / "docs" / "fingerprint.md"


def _of(
    folder: Path, text: str, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Fingerprint:
    return fingerprint(compose(write(folder, text), overrides=overrides, environment=environment).message)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("model {", "# A comment.\nmodel {", id="comment"),
        pytest.param("0.01", "1e-2", id="spelling_of_a_number"),
        pytest.param("[8, 1]", "8 layer_sizes: 1", id="spelling_of_a_list"),
        pytest.param("adam {}", "adam { beta_1: 0.9 }", id="written_default"),
        pytest.param("model {", "training {}\nruntime {}\nmodel {", id="written_block_of_defaults"),
        pytest.param(
            "log1p_abs_config {}", 'log1p_abs_config {} feature_names_to_concat: "binary"', id="written_default_items"
        ),
        pytest.param("adam {}", "adam { weight_decay: -0.0 }", id="negative_zero"),
        pytest.param(
            "".join(_RENAMED),
            "".join(reversed(_RENAMED)),
            id="order_of_map_entries",
        ),
    ],
)
def test_how_a_config_is_written_does_not_matter(tmp_path: Path, old: str, new: str) -> None:
    assert old in VALID

    assert _of(tmp_path, VALID.replace(old, new)) == _of(tmp_path, VALID)


@pytest.mark.parametrize(
    ("override", "changes_function"),
    [
        pytest.param("optimizer.single_task_learning_rate.constant=0.02", True, id="rate"),
        pytest.param('model.tasks["liked"].affine_map={}', True, id="empty_block"),
        pytest.param('train_data.tasks["more"]={}', True, id="map_entry"),
        pytest.param('model.tasks["liked"].mlp_config.layer_sizes=[1, 8]', True, id="order_of_a_list"),
        pytest.param("training.save_dir=elsewhere", False, id="folder"),
        pytest.param("training.checkpoint_max_to_keep=3", False, id="unset_to_set"),
        pytest.param('validation_data["v"]={ global_batch_size: 3 }', False, id="below_an_operational_field"),
    ],
)
def test_semantic_part_changes_with_the_function_and_full_with_everything(
    tmp_path: Path, override: str, *, changes_function: bool
) -> None:
    before, after = _of(tmp_path, VALID), _of(tmp_path, VALID, overrides=[override])

    assert (before.semantic != after.semantic) is changes_function
    assert before.full != after.full


def test_variables_count_by_their_values(tmp_path: Path) -> None:
    text = VALID.replace("data/*.parquet", "${WHERE}")

    assert _of(tmp_path, text, environment={"WHERE": "data/*.parquet"}) == _of(tmp_path, VALID)


def test_form_of_a_resolved_config_is_that_of_the_config_without_its_defaults(tmp_path: Path) -> None:
    config = compose(write(tmp_path, VALID)).message

    form = canonical_form(config, semantic=False)

    assert canonical_form(resolve(config), semantic=False) == form
    # A field that a later release adds to these would have no line either.
    assert b"beta_1" not in form
    assert b"feature_names_to_concat" not in form


def test_condensing_is_the_inverse_of_resolving(tmp_path: Path) -> None:
    config = compose(write(tmp_path, VALID)).message

    assert resolve(condense(config)) == resolve(config)
    assert condense(resolve(config)) == condense(config)


def test_default_in_a_oneof_is_said() -> None:
    constant = learning_rate_pb2.LearningRate(constant=0.0)

    assert canonical_form(constant, semantic=False).endswith(b"\nconstant=0000000000000000\n")


def test_canonical_form_is_as_documented() -> None:
    rate = learning_rate_pb2.LearningRate(
        piecewise_constant=learning_rate_pb2.PiecewiseConstant(
            learning_rate_boundaries=[10], learning_rate_values=[0.1, -0.0]
        )
    )
    optimizer = optimizer_pb2.OptimizerConfig(learning_rate=rate, sgd=optimizer_pb2.SgdConfig(momentum=0.5))

    assert canonical_form(optimizer, semantic=True).decode().splitlines() == [
        "rankspec-fingerprint-2",
        "rankspec.optim.v1.OptimizerConfig",
        "learning_rate.piecewise_constant.learning_rate_boundaries[0]=10",
        "learning_rate.piecewise_constant.learning_rate_values[0]=3fb999999999999a",
        "learning_rate.piecewise_constant.learning_rate_values[1]=0000000000000000",
        "learning_rate.piecewise_constant={}",
        "learning_rate={}",
        "sgd.momentum=3fe0000000000000",
        "sgd={}",
    ]


def test_strings_and_keys_are_written_as_documented() -> None:
    wandb = wandb_pb2.WandbConfig(key_path='a "b"\\\n', metadata={"é.x": "ü"})

    assert canonical_form(wandb, semantic=False).decode().splitlines()[2:] == [
        'key_path="a \\x22b\\x22\\x5c\\x0a"',
        'metadata["\\xc3\\xa9.x"]="\\xc3\\xbc"',
    ]


def test_hash_is_that_of_the_form(tmp_path: Path) -> None:
    config = compose(write(tmp_path, VALID)).message
    form = canonical_form(config, semantic=False)

    assert fingerprint(config).full == hashlib.sha256(form).hexdigest()


def test_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    page = PAGE.read_text()
    text, form, hashes = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("textproto", "form", "hashes"))
    config = compose(write(tmp_path, text)).message

    assert canonical_form(config, semantic=False).decode() == form
    identity = fingerprint(config)
    assert hashes.split() == ["semantic", identity.semantic, "full", identity.full]
