"""Several processes compute what one computes on the whole batch."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.optimizers import ranking_optimizer
from tests.unit.recap_models import built, random_batch, recap_config, rows_of
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.loss import build_loss

STEPS = 3
# Rows of each process: uneven, and none where an epoch's last batch is too short for all.
SPLIT = [5, 0, 3]


def _train(batches: list[RecapBatch], world_size: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    config = recap_config()
    model = built(config)
    parallel = DistributedDataParallel(model, broadcast_buffers=False) if world_size > 1 else model
    optimizer, loss_of = ranking_optimizer(config, model), build_loss(config.model)
    logits, losses = [], []
    gradients: dict[str, torch.Tensor] = {}
    for step, batch in enumerate(batches):
        model.set_position(step)
        optimizer.set_learning_rates(step)
        logits.append(parallel(batch))
        loss, _ = loss_of(logits[-1], batch.labels, batch.weights, batch.global_rows)
        (loss * world_size).backward()
        gradients = gradients or {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
    return {
        "logits": [part.detach() for part in logits],
        "losses": torch.stack(losses),
        "gradients": gradients,
        "state": model.state_dict(),
    }


def _batches() -> list[RecapBatch]:
    return [random_batch(8, seed=step) for step in range(STEPS)]


def _process(rank: int, folder: Path) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=len(SPLIT))
    start = sum(SPLIT[:rank])
    batches = [rows_of(batch, start, start + SPLIT[rank]) for batch in _batches()]
    torch.save(_train(batches, len(SPLIT)), folder / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return _train(_batches(), 1)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each process computed, by rank."""
    folder = tmp_path_factory.mktemp("processes")
    # Not forked from here, where torch has threads already, but from a process that has imported it and no more.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["rankspec.families.recap.program.model"])
    processes = [context.Process(target=_process, args=(rank, folder)) for rank in range(len(SPLIT))]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
    assert [process.exitcode for process in processes] == [0] * len(SPLIT)
    return [torch.load(folder / f"{rank}.pt") for rank in range(len(SPLIT))]


def _assert_close(actual: Any, expected: Any) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=2e-5)


def test_logits_of_every_step(alone: dict[str, Any], together: list[dict[str, Any]]) -> None:
    for step in range(STEPS):
        _assert_close(torch.cat([process["logits"][step] for process in together]), alone["logits"][step])


def test_shares_of_the_loss_add_up(alone: dict[str, Any], together: list[dict[str, Any]]) -> None:
    _assert_close(sum(process["losses"] for process in together), alone["losses"])


def test_gradients_of_the_first_step(alone: dict[str, Any], together: list[dict[str, Any]]) -> None:
    for process in together:
        _assert_close(process["gradients"], alone["gradients"])


def test_weights_and_running_statistics(alone: dict[str, Any], together: list[dict[str, Any]]) -> None:
    for process in together:
        _assert_close(process["state"], alone["state"])


def test_processes_end_with_the_same_bits(together: list[dict[str, Any]]) -> None:
    for process in together[1:]:
        torch.testing.assert_close(process["state"], together[0]["state"], rtol=0, atol=0)
