"""The recorded runs of the reference, repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pytest
import torch
from rankspec.recap.v1.recap_pb2 import DOWNSAMPLING_CORRECTION_CALIBRATION, RecapConfig
from tests.parity.recap_fixtures import RecapFixture, discover
from tests.unit.optimizers import ranking_optimizer
from torch import Tensor

from rankspec.families.recap.program.loss import build_loss
from rankspec.families.recap.program.model.ranking import RankingModel, build_ranking_model
from rankspec.trainer.optimizers import ScheduledOptimizer

torch.set_num_threads(1)

FIXTURES = discover()


@pytest.fixture(params=FIXTURES, ids=lambda fixture: fixture.name)
def recorded(request: pytest.FixtureRequest) -> RecapFixture:
    fixture: RecapFixture = request.param
    return fixture


@pytest.fixture
def recorded_training(recorded: RecapFixture) -> RecapFixture:
    if recorded.why_training_differs:
        pytest.skip(recorded.why_training_differs)
    return recorded


def _model(recorded: RecapFixture, config: RecapConfig | None = None) -> RankingModel:
    config = config or recorded.config
    model = build_ranking_model(config, recorded.inputs, config.runtime.seed)
    recorded.load_into(model, "init")
    return model


@torch.no_grad()
def _evaluated(recorded: RecapFixture, model: RankingModel) -> tuple[Tensor, Tensor]:
    model.eval()
    logits = model(recorded.batch(0))
    return logits, model.predictions(logits)


@dataclass
class Training:
    """What a repeated run gave."""

    model: RankingModel
    optimizer: ScheduledOptimizer
    logits: list[Tensor] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    task_losses: list[Tensor] = field(default_factory=list)
    rates: list[dict[str, float]] = field(default_factory=list)
    gradients: list[dict[str, Tensor]] = field(default_factory=list)


def _take_empty_step(run: Training) -> None:
    """The reference's main loop steps once with gradients of 0, so its Adam starts to count at 1."""
    for parameter in run.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    run.optimizer.step()
    run.optimizer.zero_grad()


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad.clone()


@cache
def _train(recorded: RecapFixture) -> Training:
    model = _model(recorded)
    run = Training(model, ranking_optimizer(recorded.config, model))
    loss_of = build_loss(recorded.config.model)
    accumulated = recorded.config.training.gradient_accumulation
    if recorded.manifest["loop"] == "ctl":
        _take_empty_step(run)
    for step in range(recorded.manifest["train_steps"]):
        model.set_position(step)
        # The reference's schedules count batches, ours optimizer steps; its count is what the figures have.
        run.rates.append(run.optimizer.set_learning_rates(step))
        batch = recorded.batch(step)
        logits = model(batch)
        loss, task_losses = loss_of(logits, batch.labels, batch.weights, batch.global_rows)
        (loss / accumulated).backward()
        run.logits.append(logits.detach())
        run.losses.append(loss.detach())
        run.task_losses.append(task_losses.detach())
        if (step + 1) % accumulated == 0:
            run.gradients.append({name: _gradient(p) for name, p in model.named_parameters()})
            run.optimizer.step()
            run.optimizer.zero_grad()
    return run


def _assert_close(actual: Tensor, expected: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(actual, expected.to(actual.dtype), rtol=1e-6, atol=tolerance)


def _assert_all_close(
    actual: dict[str, Tensor],
    expected: dict[str, Tensor],
    tolerance: float,
    *,
    leaving_out: frozenset[str] = frozenset(),
) -> None:
    compared = expected.keys() - leaving_out
    assert compared <= actual.keys()
    far = {
        name: (actual[name] - expected[name]).abs().max().item()
        for name in sorted(compared)
        if not torch.allclose(actual[name], expected[name], rtol=1e-6, atol=tolerance)
    }
    assert not far, f"further than {tolerance:g} from the reference: {far}"


def test_fixtures_are_there() -> None:
    assert len(FIXTURES) >= 8


def test_every_entry_of_the_state_has_a_counterpart(recorded: RecapFixture) -> None:
    model = build_ranking_model(recorded.config, recorded.inputs, seed=0)
    assert recorded.state(model, "init").keys() == model.state_dict().keys()


def test_logits(recorded: RecapFixture) -> None:
    logits, _ = _evaluated(recorded, _model(recorded))
    _assert_close(logits, recorded.tasks("eval0/logits"), recorded.tolerance("eval0/logits"))


def test_probabilities_are_not_corrected_twice(recorded: RecapFixture) -> None:
    _, probabilities = _evaluated(recorded, _model(recorded))
    _assert_close(probabilities, recorded.tasks("eval0/probabilities"), recorded.tolerance("eval0/probabilities"))


def test_calibrated_probabilities(recorded: RecapFixture) -> None:
    config = recorded.config
    config.downsampling_correction = DOWNSAMPLING_CORRECTION_CALIBRATION
    _, calibrated = _evaluated(recorded, _model(recorded, config))
    expected = recorded.tasks("eval0/calibrated_probabilities")
    _assert_close(calibrated, expected, recorded.tolerance("eval0/calibrated_probabilities"))


def test_losses_in_evaluation(recorded: RecapFixture) -> None:
    batch = recorded.batch(0)
    logits, _ = _evaluated(recorded, _model(recorded))
    total, of_tasks = build_loss(recorded.config.model)(logits, batch.labels, batch.weights, batch.global_rows)
    expected = torch.from_numpy(recorded.arrays["eval0/loss_total_then_tasks"])
    tolerance = recorded.tolerance("eval0/loss")
    _assert_close(total, expected[0], tolerance)
    _assert_close(of_tasks, expected[1:][recorded.task_order], tolerance)


def test_gradients_of_the_first_update(recorded_training: RecapFixture) -> None:
    run = _train(recorded_training)
    expected = recorded_training.state(run.model, "grad0")
    assert expected.keys() == run.gradients[0].keys()
    _assert_all_close(run.gradients[0], expected, recorded_training.tolerance("grads"))


def test_learning_rates_of_every_step(recorded_training: RecapFixture) -> None:
    manifest = recorded_training.manifest
    rates = manifest["config_given"]["optimizer"]["multi_task_learning_rates"]
    names = [*rates["tower_learning_rates"], "backbone"]
    if "parameter_groups" in manifest:
        names = [group["group"] for group in manifest["parameter_groups"]]
    ours = [[rates[name] for name in names] for rates in _train(recorded_training).rates]
    torch.testing.assert_close(
        torch.tensor(ours, dtype=torch.float64),
        torch.from_numpy(recorded_training.arrays["train/lr"]),
        rtol=0,
        atol=1e-12,
    )


def test_losses_and_logits_of_every_step(recorded_training: RecapFixture) -> None:
    run, tolerance = _train(recorded_training), recorded_training.tolerance
    _assert_close(torch.stack(run.logits), recorded_training.tasks("train/logits"), tolerance("train/logits"))
    _assert_close(
        torch.stack(run.losses), torch.from_numpy(recorded_training.arrays["train/loss"]), tolerance("train/loss")
    )
    _assert_close(
        torch.stack(run.task_losses), recorded_training.tasks("train/task_loss"), tolerance("train/task_loss")
    )


def test_weights_after_the_recorded_steps(recorded_training: RecapFixture) -> None:
    run = _train(recorded_training)
    _assert_all_close(
        run.model.state_dict(),
        recorded_training.state(run.model, "final"),
        recorded_training.tolerance("max_abs_diff_final_excluding_noise_affected"),
        leaving_out=recorded_training.without_gradient(run.model),
    )


def test_moments_of_adam(recorded_training: RecapFixture) -> None:
    run = _train(recorded_training)
    state = run.optimizer.optimizers[0].state
    steps = {float(state[parameter]["step"]) for parameter in run.model.parameters()}
    assert steps == {float(recorded_training.arrays["adam_step"])}
    for ours, recorded_name in (("exp_avg", "adam_m"), ("exp_avg_sq", "adam_v")):
        actual = {name: state[parameter][ours] for name, parameter in run.model.named_parameters()}
        expected = recorded_training.state(run.model, recorded_name)
        _assert_all_close(actual, expected, recorded_training.tolerance(recorded_name))


def test_logits_after_the_recorded_steps(recorded_training: RecapFixture) -> None:
    run = _train(recorded_training)
    # Running means of batch norms have the rounding noise of such parameters, which Adam scales up.
    is_noisy = bool(recorded_training.without_gradient(run.model))
    tolerance = 2e-3 if is_noisy else recorded_training.tolerance("evalF/logits")
    logits, _ = _evaluated(recorded_training, run.model)
    run.model.train()
    _assert_close(logits, recorded_training.tasks("evalF/logits"), tolerance)
