from __future__ import annotations

import pytest
import torch
from rankspec.recap.v1.layers_pb2 import BatchNormConfig, LayerNormConfig
from torch import nn

from rankspec.families.recap.program.model.normalization import BatchNorm, LayerNorm, build_batch_norm, build_layer_norm

torch.set_num_threads(1)

VALUES = torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 2


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("scale", [False, True])
def test_layer_norm_is_its_definition(center: bool, scale: bool) -> None:
    norm = LayerNorm(5, 0.25, center=center, scale=scale).double()
    assert set(dict(norm.named_parameters())) == {
        name for name, wanted in (("weight", scale), ("bias", center)) if wanted
    }
    with torch.no_grad():
        for number, parameter in enumerate(norm.parameters()):
            parameter.copy_(torch.linspace(-1 + number, 2, 5))
    deviation = VALUES - VALUES.mean(1, keepdim=True)
    expected = deviation / (deviation.square().mean(1, keepdim=True) + 0.25).sqrt()
    if norm.weight is not None:
        expected = expected * norm.weight
    if norm.bias is not None:
        expected = expected + norm.bias
    torch.testing.assert_close(norm(VALUES), expected)
    assert torch.autograd.gradcheck(norm, VALUES.clone().requires_grad_())


def test_layer_norm_without_epsilon() -> None:
    config = LayerNormConfig(epsilon=0, axis=1)
    values = torch.tensor([[1e-20, 3e-20], [1.0, 1.0]], dtype=torch.float64)
    normalized = build_layer_norm(config, 2)(values.float() * 1e10)
    torch.testing.assert_close(normalized[0], torch.tensor([-1.0, 1.0]))
    assert normalized[1].isnan().all()


@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_of_one_process_is_torchs(affine: bool) -> None:
    ours = build_batch_norm(BatchNormConfig(affine=affine, momentum=0.3), 5).double()
    theirs = nn.BatchNorm1d(5, affine=affine, momentum=0.3).double()
    torch.testing.assert_close(ours(VALUES), theirs(VALUES), rtol=0, atol=0)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(ours.eval()(VALUES), theirs.eval()(VALUES), rtol=0, atol=0)


def test_our_formula_is_torchs() -> None:
    ours, theirs = BatchNorm(5, momentum=0.3).double(), nn.BatchNorm1d(5, momentum=0.3).double()
    inputs = [VALUES.clone().requires_grad_() for _ in range(2)]
    outputs = [ours._normalize(inputs[0], 1), theirs(inputs[1])]
    for output in outputs:
        (output * torch.arange(30.0, dtype=torch.float64).view(6, 5).cos()).sum().backward()
    torch.testing.assert_close(*outputs)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)


def test_a_single_row_normalizes_to_the_offset() -> None:
    norm = BatchNorm(5, momentum=0.5).train()
    with torch.no_grad():
        norm.bias.fill_(0.75)
    row = VALUES[:1].float()
    assert norm(row).tolist() == [[0.75] * 5]
    torch.testing.assert_close(norm.running_mean, 0.5 * row[0])
    assert norm.state_dict()["running_var"].tolist() == [1.0] * 5


def test_statistics_of_narrow_formats_are_float32() -> None:
    norm = BatchNorm(1, momentum=1.0)
    # In bfloat16 the sum of these would stop at 256.
    values = torch.ones(1000, 1, dtype=torch.bfloat16)
    assert norm._normalize(values, 1).dtype == torch.bfloat16
    assert norm.state_dict()["running_mean"].item() == 1
