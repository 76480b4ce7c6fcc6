from __future__ import annotations

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from torch import Tensor

from rankspec.families.recap.program.downsampling import downsampling_rates
from rankspec.families.recap.program.loss import MultiTaskLoss, build_loss
from rankspec.families.recap.program.tasks import BinaryClassification, Task, Tasks
from rankspec.trainer.data.weights import sample_weights

torch.set_num_threads(1)

LOGITS = torch.tensor([[0.5, -2.0], [3.0, 0.0], [-1.0, 4.0], [0.25, -0.5]], dtype=torch.float64)
LABELS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
WEIGHTS = torch.tensor([[1.0, 2.0], [0.5, 1.0], [0.0, 3.0], [1.5, 1.0]], dtype=torch.float64)
POS_WEIGHTS = torch.tensor([1.0, 4.0], dtype=torch.float64)


def _loss(pos_weights: Tensor, *loss_weights: float) -> MultiTaskLoss:
    kind, of_tasks = BinaryClassification(), loss_weights or (1.0,) * len(pos_weights)
    loss = MultiTaskLoss(Tasks([Task(str(number), kind, 1.0, weight) for number, weight in enumerate(of_tasks)]))
    loss.pos_weights = pos_weights
    return loss


def _by_hand(logits: Tensor) -> Tensor:
    """Weighted cross-entropy from its definition, divided by the number of rows."""
    probabilities = 1 / (1 + torch.exp(-logits))
    losses = -(POS_WEIGHTS * LABELS * probabilities.log() + (1 - LABELS) * (1 - probabilities).log())
    return (WEIGHTS * losses).sum(0) / len(logits)


def _gradient(logits: Tensor, weights: Tensor, *loss_weights: float) -> Tensor:
    logits = logits.clone().requires_grad_()
    _loss(POS_WEIGHTS, *loss_weights)(logits, LABELS, weights, 4)[0].backward()
    assert logits.grad is not None
    return logits.grad


def test_losses_of_tasks_are_the_definition() -> None:
    total, of_tasks = _loss(POS_WEIGHTS)(LOGITS, LABELS, WEIGHTS, 4)
    torch.testing.assert_close(of_tasks, _by_hand(LOGITS))
    torch.testing.assert_close(total, _by_hand(LOGITS).mean())


def test_doubled_weights_double_the_gradient() -> None:
    torch.testing.assert_close(_gradient(LOGITS, 2 * WEIGHTS), 2 * _gradient(LOGITS, WEIGHTS))


def test_rows_without_weight_have_no_gradient() -> None:
    gradient = _gradient(LOGITS, WEIGHTS)
    assert gradient[2, 0] == 0
    assert gradient[WEIGHTS > 0].abs().min() > 0


def test_gradient_of_pos_weight() -> None:
    probabilities = torch.sigmoid(LOGITS)
    expected = -POS_WEIGHTS * LABELS * (1 - probabilities) + (1 - LABELS) * probabilities
    torch.testing.assert_close(_gradient(LOGITS, WEIGHTS), WEIGHTS * expected / 4 / 2)


def test_total_weighs_tasks_and_their_own_losses_stay_as_they_are() -> None:
    total, of_tasks = _loss(POS_WEIGHTS, 0.25, 3.0)(LOGITS, LABELS, WEIGHTS, 4)
    torch.testing.assert_close(of_tasks, _by_hand(LOGITS))
    torch.testing.assert_close(total, (0.25 * of_tasks[0] + 3 * of_tasks[1]) / 2)


def test_weight_of_a_task_changes_no_other_gradient() -> None:
    plain, weighted = _gradient(LOGITS, WEIGHTS), _gradient(LOGITS, WEIGHTS, 0.25, 1.0)
    assert torch.equal(weighted[:, 0], 0.25 * plain[:, 0])
    assert torch.equal(weighted[:, 1], plain[:, 1])


@pytest.mark.parametrize("num_tasks", [1, 3, 7])
def test_weights_of_1_are_the_plain_mean_to_the_last_bit(num_tasks: int) -> None:
    source = torch.Generator().manual_seed(num_tasks)
    logits = torch.randn(64, num_tasks, generator=source).requires_grad_()
    labels = torch.randint(2, (64, num_tasks), generator=source).float()
    weights = torch.rand(64, num_tasks, generator=source)
    total, of_tasks = _loss(torch.ones(num_tasks))(logits, labels, weights, 64)
    mean = of_tasks.mean()
    assert torch.equal(total, mean)
    (by_weights,) = torch.autograd.grad(total, logits, retain_graph=True)
    (by_mean,) = torch.autograd.grad(mean, logits)
    assert torch.equal(by_weights, by_mean)


def test_shares_of_processes_add_up_to_the_batch() -> None:
    loss = _loss(POS_WEIGHTS, 0.5, 2.0)
    whole, of_tasks = loss(LOGITS, LABELS, WEIGHTS, 4)
    slices = [slice(0, 3), slice(3, 4), slice(4, 4)]
    shares = [loss(LOGITS[rows], LABELS[rows], WEIGHTS[rows], 4) for rows in slices]
    torch.testing.assert_close(sum(share for share, _ in shares), whole)
    torch.testing.assert_close(sum(share for _, share in shares), of_tasks)


def test_losses_of_rows_are_not_reduced() -> None:
    rows = _loss(POS_WEIGHTS).of_rows(LOGITS, LABELS, WEIGHTS)
    assert rows.shape == LOGITS.shape
    torch.testing.assert_close(rows.sum(0) / 4, _by_hand(LOGITS))


def test_large_logits_stay_finite() -> None:
    logits = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    total, _ = _loss(torch.ones(1))(logits, torch.tensor([[0.0], [1.0]]), torch.ones(2, 1), 2)
    total.backward()
    assert total == 1e4
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_weights_are_what_their_task_says_in_byte_order() -> None:
    config = ModelConfig()
    for name, weight in (("b", 2.0), ("a", 3.0), ("B", 4.0)):
        config.tasks[name].pos_weight = weight
        config.tasks[name].loss_weight = weight / 2
    assert build_loss(config).pos_weights.tolist() == [4.0, 3.0, 2.0]
    assert build_loss(config).loss_weights.tolist() == [2.0, 1.5, 1.0]
    assert not build_loss(config).state_dict()


def test_a_row_stands_for_those_it_was_drawn_from() -> None:
    data = RecapDataConfig()
    text_format.Parse(
        """
        tasks { key: "click" value { neg_downsampling_rate: 0.1 } }
        tasks { key: "like" value { pos_downsampling_rate: 0.5 neg_downsampling_rate: 0.01 } }
        """,
        data,
    )
    rates = downsampling_rates(data, ["like", "click"])
    assert rates == [(0.5, 0.01), (1.0, 0.1)]
    weights = sample_weights(torch.tensor([[1, 0], [0, 1]]), rates)
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights, torch.tensor([[2.0, 10.0], [100.0, 1.0]]))


@pytest.mark.parametrize("label", [0, 1])
def test_rows_that_were_all_kept_weigh_1(label: int) -> None:
    assert sample_weights(torch.full((2, 3), label), [(1.0, 1.0)] * 3).tolist() == [[1.0] * 3] * 2
