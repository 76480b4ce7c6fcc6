"""How fast a run goes and what it waits for: what `timing.jsonl` holds."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rankspec.trainer.program import BatchT


class Stopwatch:
    """Adds up time by what it was spent on, between two reports."""

    def __init__(self, device: torch.device) -> None:
        """Starts the clock."""
        self._device = device
        self.restart()

    def restart(self) -> None:
        """Forgets everything before now."""
        synchronize(self._device)
        self._spent: dict[str, float] = {}
        self._examples = 0
        self._steps = 0
        self._since = time.perf_counter()

    @contextmanager
    def spent_on(self, what: str) -> Iterator[None]:
        """Counts the time of the context as spent on something other than steps."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._spent[what] = self._spent.get(what, 0.0) + time.perf_counter() - begin

    def timed(self, batches: Iterator[BatchT]) -> Iterator[BatchT]:
        """Passes batches on, counting the wait for each and the rows of all."""
        while True:
            with self.spent_on("data"):
                batch = next(batches, None)
            if batch is None:
                return
            self._examples += batch.global_rows
            yield batch

    def count_step(self) -> None:
        """Counts one optimizer step."""
        self._steps += 1

    def report(self, flops_per_step: int, peak_flops_per_second: float) -> dict[str, float]:
        """Speeds, seconds by what they were spent on, and the peak memory so far; then starts anew.

        Evaluations and checkpoints do not count against the speed of training, for which there are no figures if no
        step was timed.

        Args:
            flops_per_step: floating point operations of a step, over all processes.
            peak_flops_per_second: what all processes together can do at best, as `matmul_flops_per_second` has it.
        """
        synchronize(self._device)
        seconds = time.perf_counter() - self._since
        training = max(seconds - sum(s for what, s in self._spent.items() if what != "data"), 1e-9)
        report = {"seconds": seconds}
        if self._steps:
            report["steps_per_second"] = self._steps / training
            report["examples_per_second"] = self._examples / training
            report["flops_per_second"] = flops_per_step * self._steps / training
            report["model_flops_utilisation"] = report["flops_per_second"] / peak_flops_per_second
        report |= {f"seconds_{what}": spent for what, spent in sorted(self._spent.items())}
        # Linux reports kilobytes.
        report["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if self._device.type == "cuda":
            report["peak_device_memory_bytes"] = torch.cuda.max_memory_allocated(self._device)
        self.restart()
        return report


def matmul_flops_per_second(device: torch.device, dtype: torch.dtype) -> float:
    """Floating point operations a second of a large matrix product: what the device can do at best in a number format.

    Measured, because data sheets know neither the cores a process may use nor the clock they run at.
    """
    size = 8192 if device.type == "cuda" else 1024
    matrix = torch.ones(size, size, device=device, dtype=dtype)
    seconds = []
    for _ in range(4):
        synchronize(device)
        begin = time.perf_counter()
        matrix @ matrix
        synchronize(device)
        seconds.append(time.perf_counter() - begin)
    return 2 * size**3 / min(seconds)


def synchronize(device: torch.device) -> None:
    """Waits until the device has done all it was given, so that the clock means something."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
