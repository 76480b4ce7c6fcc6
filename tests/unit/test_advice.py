"""Warnings: each finds its case, stays silent otherwise, and stands in the documentation."""

from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.checking.advice import ADVICE
from rankspec.checking.check import check
from rankspec.families.recap.feature_checks import ADVICE as OF_FEATURES

PAGE = Path(__file__).parents[2] / "docs" / "warnings.md"
RATE = "constant: 0.01"
BATCH_NORM = "layer_sizes: [8, 1] batch_norm { MOMENTUM }"
ONE_ROW = """layer_sizes: [8, 1] NORM } }
  }
  featurization_config { log1p_abs_config {} }
}
train_data {
  inputs: "data/*.parquet"
  global_batch_size: SIZE"""
NORM_LOG = "double_norm_log_config { layer_norm_config { epsilon: EPSILON center: false scale: false } }"
RAMP = "linear_ramp_to_constant { learning_rate: 0.1 num_ramp_steps: STEPS }"
PIECEWISE = "piecewise_constant { learning_rate_boundaries: STEP learning_rate_values: [0.1, 0.01] }"

SHARED = "multi_task_type: MULTI_TASK_TYPE_SHARE_ALL"

# Code: what the valid config has, what hurts in its place, and what does not.
CASES = {
    "advice.layer_norm_epsilon_zero": (
        "log1p_abs_config {}", NORM_LOG.replace("EPSILON", "0"), NORM_LOG.replace("EPSILON", "1e-3")
    ),
    "advice.batch_norm_of_one_row": (
        ONE_ROW.replace(" NORM", "").replace("SIZE", "32"),
        ONE_ROW.replace("NORM", "batch_norm {}").replace("SIZE", "1"),
        ONE_ROW.replace(" NORM", "").replace("SIZE", "1"),
    ),
    "advice.batch_norm_without_memory": (
        "layer_sizes: [8, 1]",
        BATCH_NORM.replace("MOMENTUM", "momentum: 1"),
        BATCH_NORM.replace("MOMENTUM", "momentum: 0.5"),
    ),
    "advice.ramp_past_the_end": (RATE, RAMP.replace("STEPS", "1000001"), RAMP.replace("STEPS", "1000000")),
    "advice.boundary_past_the_end": (RATE, PIECEWISE.replace("STEP", "1000000"), PIECEWISE.replace("STEP", "9")),
    "advice.no_learning": (RATE, "constant: 0", "constant: 1e-9"),
    "advice.adam_betas_swapped": ("adam {}", "adam { beta_1: 0.999 beta_2: 0.9 }", "adam { beta_1: 0.99 }"),
    "advice.calibration_of_nothing": (
        "model {",
        "downsampling_correction: DOWNSAMPLING_CORRECTION_CALIBRATION\nmodel {",
        "downsampling_correction: DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS\nmodel {",
    ),
    "advice.most_is_dropped": (
        "layer_sizes: [8, 1]", "layer_sizes: [8, 1] dropout { rate: 0.9 }", "layer_sizes: [8, 1] dropout {}"
    ),
    "advice.linear_behind_linear": (
        "model {",
        f"model {{ {SHARED} backbone {{ mlp_config {{ layer_sizes: [8, 4] }} }}",
        f"model {{ {SHARED} backbone {{ mlp_config {{ layer_sizes: [8, 4] final_layer_activation: true }} }}",
    ),
    "advice.unshuffled": (
        "  inputs:", "  examples_shuffle_buffer_size: 1 inputs:", "  examples_shuffle_buffer_size: 2 inputs:"
    ),
}  # fmt: skip

ADAGRAD = """# proto-message: rankspec.optim.v1.OptimizerConfig
adagrad { lr: 0.1 EPS }
"""


def _codes(folder: Path, text: str) -> list[str]:
    diagnostics = check(write(folder, text)).diagnostics
    assert {d.severity for d in diagnostics} <= {"warning"}
    assert all(d.position and d.suggestion for d in diagnostics)
    return [d.code for d in diagnostics]


@pytest.mark.parametrize("code", CASES)
def test_what_hurts_is_warned_of(tmp_path: Path, code: str) -> None:
    right, hurting, _ = CASES[code]
    assert right in VALID

    assert _codes(tmp_path, VALID.replace(right, hurting)) == [code]


@pytest.mark.parametrize("code", CASES)
def test_what_does_not_hurt_is_not_warned_of(tmp_path: Path, code: str) -> None:
    right, _, harmless = CASES[code]

    assert _codes(tmp_path, VALID.replace(right, harmless)) == []


@pytest.mark.parametrize(
    ("eps", "codes"), [("", ["advice.adagrad_eps_zero"]), ("eps: 0", ["advice.adagrad_eps_zero"]), ("eps: 1e-8", [])]
)
def test_adagrad_without_epsilon_is_warned_of(tmp_path: Path, eps: str, codes: list[str]) -> None:
    assert _codes(tmp_path, ADAGRAD.replace("EPS", eps)) == codes


def test_every_warning_has_a_case() -> None:
    assert {advice.code for advice in ADVICE} == CASES.keys() | {"advice.adagrad_eps_zero"}


def test_every_warning_stands_in_the_documentation_and_nothing_else_does() -> None:
    documented = [line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("## `advice.")]

    assert sorted(documented) == sorted([*(advice.code for advice in ADVICE), *OF_FEATURES])


def test_unreadable_value_is_not_warned_of(tmp_path: Path) -> None:
    text = VALID.replace("constant: 0.01", "constant: much")

    assert [d.code for d in check(write(tmp_path, text)).diagnostics] == ["parse.wrong_type"]
