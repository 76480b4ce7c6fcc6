"""Precision and device: what was asked for, and what took effect."""

from pathlib import Path

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.integration.trainer.runs import Runs, newest, records_of
from torch import Tensor, nn

from rankspec.families.recap.program.model.ranking import RankingModel
from rankspec.trainer.errors import TrainError

_SHORT = "training { num_train_steps: 3 }"


@pytest.fixture
def formats(monkeypatch: pytest.MonkeyPatch) -> set[torch.dtype]:
    """The number formats that the matrix products of every model gave."""
    seen: set[torch.dtype] = set()

    def watch(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        seen.add(output.dtype)

    forward = RankingModel.forward

    def watched(model: RankingModel, batch: object) -> Tensor:
        for module in model.modules():
            if isinstance(module, nn.Linear) and not module._forward_hooks:
                module.register_forward_hook(watch)
        return forward(model, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(RankingModel, "forward", watched)
    return seen


@pytest.mark.parametrize(
    ("change", "expected", "scales"),
    [
        ("", torch.float32, False),
        ("runtime { enable_amp: true }", torch.bfloat16, False),
        ("runtime { enable_amp: true amp_dtype: AMP_DTYPE_FLOAT16 }", torch.float16, True),
    ],
    ids=["float32", "bfloat16", "float16"],
)
def test_matrix_products_have_the_format_asked_for(
    runs: Runs, formats: set[torch.dtype], change: str, expected: torch.dtype, scales: bool
) -> None:
    folder = runs.train("run", _SHORT, change)

    assert formats == {expected}
    assert bool(newest(folder).state["scaler"]) == scales
    applied = _applied(folder)
    assert applied.runtime.enable_amp == (expected != torch.float32)
    tensors = newest(folder).empty_tensors("model.").values()
    assert {tensor.dtype for tensor in tensors if tensor.is_floating_point()} == {torch.float32}


def test_mixed_precision_learns_what_float32_learns(runs: Runs) -> None:
    losses = [
        records_of(runs.train(f"run{number}", change), "train")[-1]["loss"]
        for number, change in enumerate(
            ("", "runtime { enable_amp: true }", "runtime { enable_amp: true amp_dtype: AMP_DTYPE_FLOAT16 }")
        )
    ]

    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=0.05)


def test_float16_step_that_overflows_is_left_out(runs: Runs) -> None:
    # The scaler starts at 2^16, halves where a gradient overflows, and the run goes on with weights that are numbers.
    folder = runs.train("run", "runtime { enable_amp: true amp_dtype: AMP_DTYPE_FLOAT16 }")

    model = newest(folder).empty_tensors("model.")
    newest(folder).load(model)
    assert all(tensor.isfinite().all() for tensor in model.values() if tensor.is_floating_point())
    assert newest(folder).state["scaler"]["scale"] > 0


def test_request_without_effect_is_told(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.train("run", _SHORT, "runtime { enable_tensorfloat32: true seed: 5 deterministic: true }")

    reason = "runtime.enable_tensorfloat32: the CPU has no TensorFloat-32; float32 is kept"
    applied = _applied(folder)
    assert reason in capsys.readouterr().err
    assert f"# {reason}\n" in (folder / "applied.textproto").read_text()
    assert applied.runtime.enable_tensorfloat32 is False
    assert applied.runtime.deterministic is True
    assert applied.runtime.seed == 5
    asked = text_format.Parse((folder / "resolved.textproto").read_text(), RecapConfig())
    assert asked.runtime.enable_tensorfloat32 is True


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_device_that_is_missing_is_refused(runs: Runs) -> None:
    with pytest.raises(TrainError, match=r"runtime\.device: .*no CUDA device; use DEVICE_AUTO or DEVICE_CPU"):
        runs.train("run", "runtime { device: DEVICE_CUDA }")

    assert not (runs.folder / "run").exists()


def _applied(folder: Path) -> RecapConfig:
    return text_format.Parse((folder / "applied.textproto").read_text(), RecapConfig())
