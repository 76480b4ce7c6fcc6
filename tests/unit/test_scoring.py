"""What scores rows: placing columns, combining, comparing, threads; nothing here needs a model."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_BUCKET, OUT_OF_RANGE_IDS_ERROR
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import FeatureSignature
from tests.unit.recap_models import recap_config

from rankspec.analysis.fingerprint import fingerprint
from rankspec.checking.check import check
from rankspec.families.recap.program.data.steps.mask_mantissa import mask_mantissa
from rankspec.families.recap.program.export import preprocessing
from rankspec.formats.writing import write_with_variables
from rankspec.schema.defaults import resolve
from rankspec.scoring.columns import Placement
from rankspec.scoring.combining import combined
from rankspec.scoring.config_files import without_places
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.golden import difference, swaps_ranks
from rankspec.scoring.threads import available_threads

_ROOT = Path(__file__).parents[2]
_POWERS = 2.0 ** torch.arange(-126, 128, dtype=torch.float64)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=64), st.integers(1, 23))
def test_mantissas_are_masked_by_arithmetic_as_by_bits(patterns: list[int], num_bits: int) -> None:
    values = np.array(patterns, np.uint32).view(np.float32)

    by_arithmetic = preprocessing.mask_mantissa(torch.from_numpy(values.copy()), num_bits, _POWERS).numpy()

    np.testing.assert_array_equal(by_arithmetic, mask_mantissa(values, num_bits))


def test_mantissas_of_powers_of_two_are_masked_exactly() -> None:
    powers = (2.0 ** np.arange(-149, 128)).astype(np.float32)
    values = np.concatenate([powers, np.nextafter(powers, np.float32(0)), -powers])

    for num_bits in range(1, 24):
        found = preprocessing.mask_mantissa(torch.from_numpy(values), num_bits, _POWERS).numpy()
        np.testing.assert_array_equal(found, mask_mantissa(values, num_bits))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
def test_largest_value_that_fits_is_not_rounded_to_infinity_and_the_next_one_is(dtype: torch.dtype) -> None:
    most = torch.tensor(preprocessing._largest_that_fits(dtype), dtype=torch.float32)

    assert torch.isfinite(most.to(dtype))
    assert torch.isinf(torch.nextafter(most, torch.tensor(torch.inf)).to(dtype))


def _signature() -> FeatureSignature:
    signature = FeatureSignature(hash="h" * 64)
    signature.inputs.add(
        name="dense", type=bundle_pb2.VALUE_TYPE_FLOAT32, width=3, feature_names=["a", "b/c", "d"], unread_positions=[2]
    )
    signature.inputs.add(name="ids", type=bundle_pb2.VALUE_TYPE_INT64, width=2)
    signature.id_tables.add(name="t", input="ids", position=1, num_ids=5, out_of_range_ids=OUT_OF_RANGE_IDS_ERROR)
    signature.id_tables.add(name="u", input="ids", position=0, num_ids=5, out_of_range_ids=OUT_OF_RANGE_IDS_BUCKET)
    return signature


_IDS = np.array([[7, 4], [-1, 0]])


@given(st.permutations(["dense/a", "dense/b/c", "dense/d", "ids"]))
def test_features_are_placed_by_name_in_whatever_order_they_come(order: list[str]) -> None:
    dense = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    columns = {"dense/a": dense[:, 0], "dense/b/c": dense[:, 1], "dense/d": dense[:, 2], "ids": _IDS}

    placed = Placement(_signature()).placed({name: columns[name] for name in order}, "h" * 64)

    np.testing.assert_array_equal(placed["dense"], dense)
    np.testing.assert_array_equal(placed["ids"], _IDS)


def test_a_feature_that_the_model_does_not_read_counts_as_0() -> None:
    ones = np.ones(2, np.float32)

    placed = Placement(_signature()).placed({"dense/a": ones, "dense/b/c": ones, "ids": _IDS}, "h" * 64)

    np.testing.assert_array_equal(placed["dense"], [[1, 1, 0], [1, 1, 0]])


def test_an_error_names_place_and_expectation_and_not_the_value() -> None:
    columns = {"dense": np.zeros((2, 3), np.float32), "ids": np.array([[0, 0], [0, 987654321]])}

    with pytest.raises(ScoringError) as refused:
        Placement(_signature()).placed(columns, "h" * 64)

    error = refused.value
    assert (error.code, error.input, error.row) == ("ID_OUT_OF_RANGE", "ids", 1)
    assert "from 0 to 4" in error.expectation
    assert "987654321" not in str(error)


def test_combined_score_is_summed_in_double_in_the_order_of_names() -> None:
    outputs = {"b": np.array([1.0], np.float32), "a": np.array([1e8], np.float32), "c": np.array([1.0], np.float32)}

    found = combined(outputs, {"a": 1e8, "c": 1.0, "b": -1e16})

    assert found.tolist() == [np.float32(1e8 * 1e8 - 1e16 + 1.0)]


def test_what_is_not_finite_differs_from_everything_but_itself() -> None:
    odd = np.array([np.nan, np.inf, -np.inf], np.float32)

    assert difference(odd, odd) == 0
    assert difference(odd, odd[::-1]) == np.inf
    assert difference(np.array([100.5], np.float32), np.array([100], np.float32)) == pytest.approx(0.005)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_ranks_are_swapped_where_two_rows_are_in_the_other_order(pairs: list[tuple[int, int]]) -> None:
    expected, found = (np.array([pair[place] for pair in pairs], np.float32) for place in (0, 1))

    by_pairs = any(
        expected[i] - expected[j] > 1.5 and found[i] < found[j] for i in range(len(pairs)) for j in range(len(pairs))
    )

    assert swaps_ranks(found, expected, 1.5) == by_pairs


def test_threads_are_those_of_the_quota(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert available_threads(tmp_path) == 1

    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert available_threads(tmp_path) >= 1


def test_a_config_without_places_keeps_its_function_and_no_text_of_operational_fields() -> None:
    config: RecapConfig = recap_config()
    config.training.save_dir = "secret-1"
    config.runtime.wandb.host = "https://secret-2"
    config.train_data.inputs = "secret-3"

    kept = without_places(config)

    assert b"secret" not in kept.SerializeToString()
    assert kept.training.save_dir == "${TRAINING_SAVE_DIR}"
    assert fingerprint(kept).semantic == fingerprint(config).semantic
    assert kept.model == config.model


def test_a_config_without_places_is_right_where_its_variables_are_set(tmp_path: Path) -> None:
    config: RecapConfig = resolve(check(_ROOT / "configs" / "recap" / "tiny.textproto").message)
    config.validation_data["a-b"].CopyFrom(config.train_data)
    config.validation_data["a.b"].CopyFrom(config.train_data)

    kept = without_places(config)
    file = tmp_path / "resolved.textproto"
    file.write_bytes(write_with_variables(kept, "textproto"))
    names = set(re.findall(r"\$\{(\w+)\}", file.read_text()))

    assert {"VALIDATION_DATA_A_B_INPUTS", "VALIDATION_DATA_A_B_INPUTS_2"} <= names
    assert check(file, environment=dict.fromkeys(names, "here")).ok
    unset = [found.code for found in check(file, environment={}).diagnostics]
    assert set(unset) == {"env.unset"}


# A module that is None here is one that is not installed.
_SCORING_ALONE = """
import sys
sys.modules.update(dict.fromkeys(["torch", "pyarrow", "onnx", "protovalidate", "yaml"]))
from rankspec import scoring
import rankspec.scoring.server.server
with scoring.open(sys.argv[1]) as scorer:
    print(*scorer.tasks)
"""


def test_scoring_needs_neither_torch_nor_arrow_nor_what_judges_configs() -> None:
    bundle = _ROOT / "tests/scoring/example_bundle"

    ran = subprocess.run(
        [sys.executable, "-c", _SCORING_ALONE, bundle], check=False, capture_output=True, text=True, cwd=_ROOT
    )

    assert ran.stdout.split() == ["like", "reply"], ran.stderr
