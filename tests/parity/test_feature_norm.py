"""Featurization and calibration alone, on awkward inputs, beside the reference's."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from rankspec.recap.v1.recap_pb2 import DOWNSAMPLING_CORRECTION_CALIBRATION, RecapConfig
from tests.parity.reference_configs import message_from_reference
from torch import Tensor

from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.downsampling import calibration_shift
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.featurization import Featurization, build_featurization
from rankspec.trainer.inputs import Input

FIXTURES = Path(__file__).parent / "fixtures"
MANIFEST = json.loads((FIXTURES / "feature_norm_small.json").read_text())
ARRAYS = {name: torch.from_numpy(array) for name, array in np.load(FIXTURES / "feature_norm_small.npz").items()}
NOISE = MANIFEST["verification"]["max_abs_diff"]
BATCH = SimpleNamespace(continuous=ARRAYS["in/continuous"], binary=ARRAYS["in/binary"])
CONFIGS = MANIFEST["double_norm_log_config"]

# The reference cleans features within this one featurization, we before any.
FINITE = SimpleNamespace(
    **vars(BATCH) | {"continuous": torch.nan_to_num(BATCH.continuous, nan=0.0, posinf=0.0, neginf=0.0)}
)


def _built(name: str) -> Featurization:
    config = message_from_reference({"double_norm_log_config": CONFIGS[name]}, FeaturizationConfig)
    widths = {"continuous": BATCH.continuous.shape[1], "binary": BATCH.binary.shape[1]}
    inputs = [Input(name, name, MODEL_INPUTS[name], width, width) for name, width in widths.items()]
    featurization = build_featurization(config, inputs)
    kinds = {"layer": "batch_norm", "layer_norm": "layer_norm"}
    state = {}
    for key, array in ARRAYS.items():
        if key.startswith(f"{name}/init/") and not key.endswith("_value"):
            *_, kind, entry = key.replace("layer_norm.layer.", "layer_norm.").split(".")
            state[f"transform.{kinds[kind.split('/')[-1]]}.{entry}"] = array
    featurization.load_state_dict(state)
    return featurization


def _joined(blocks: dict[str, Tensor]) -> Tensor:
    return Blocks(blocks).joined


def _assert_close(actual: Tensor, expected: Tensor, noise: float) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=5 * max(noise, 1e-7))


@pytest.mark.parametrize("name", CONFIGS)
def test_in_evaluation(name: str) -> None:
    _assert_close(_joined(_built(name).eval()(FINITE)), ARRAYS[f"{name}/eval"], NOISE[name])


@pytest.mark.parametrize("name", CONFIGS)
def test_in_training(name: str) -> None:
    featurization = _built(name).train()
    _assert_close(_joined(featurization(FINITE)), ARRAYS[f"{name}/train"], NOISE[name])
    for statistic in ("running_mean", "running_var"):
        if (expected := ARRAYS.get(f"{name}/after_train/{statistic}")) is not None:
            actual = featurization.state_dict()[f"transform.batch_norm.{statistic}"]
            _assert_close(actual, expected, NOISE[name])


@pytest.mark.parametrize("number", range(len(MANIFEST["calibration_rates"])))
def test_calibration(number: int) -> None:
    config = RecapConfig(downsampling_correction=DOWNSAMPLING_CORRECTION_CALIBRATION)
    rates = MANIFEST["calibration_rates"][number]
    config.train_data.tasks["like"].pos_downsampling_rate = rates["pos_downsampling_rate"]
    config.train_data.tasks["like"].neg_downsampling_rate = rates["neg_downsampling_rate"]
    probabilities = ARRAYS["calibration/probabilities"].double()
    calibrated = torch.sigmoid(torch.logit(probabilities) + calibration_shift(config, ["like"]).double())
    torch.testing.assert_close(calibrated.float(), ARRAYS[f"calibration/out{number}"], rtol=1e-6, atol=1e-7)
