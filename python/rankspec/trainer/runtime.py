"""Applies the flags of `RuntimeConfig` to torch, and reads back what took effect."""

import os
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.train.v1 import runtime_pb2
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.trainer.errors import TrainError

_AMP_DTYPES = {
    runtime_pb2.AMP_DTYPE_BFLOAT16: torch.bfloat16,
    runtime_pb2.AMP_DTYPE_FLOAT16: torch.float16,
}


@dataclass
class Runtime:
    """What the flags became.

    Attributes:
        device: where the model lives.
        amp_dtype: number format of autocast, or none where it is off.
        scaler: scales the loss under float16 and passes everything through otherwise.
        applied: the flags as they are in force, read back from torch.
        notes: why a flag did not take effect, a sentence each.
    """

    device: torch.device
    amp_dtype: torch.dtype | None
    scaler: torch.amp.GradScaler
    applied: RuntimeConfig
    notes: list[str] = field(default_factory=list)

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which forward pass and loss run."""
        if self.amp_dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.amp_dtype)


@obeys(RuntimeConfig, "device")
def choose_device(config: RuntimeConfig) -> torch.device:
    """The device that the config asks for; of several, the one that torchrun's LOCAL_RANK names.

    Raises:
        TrainError: if it asks for CUDA and there is none.
    """
    if config.device == runtime_pb2.DEVICE_CPU:
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if config.device == runtime_pb2.DEVICE_CUDA:
        raise TrainError(
            "DEVICE_CUDA, but this machine has no CUDA device; use DEVICE_AUTO or DEVICE_CPU", "runtime.device"
        )
    return torch.device("cpu")


@obeys(RuntimeConfig, "enable_tensorfloat32", "enable_amp", "amp_dtype", "seed", "deterministic")
def apply_runtime(config: RuntimeConfig, device: torch.device) -> Runtime:
    """Sets torch's flags, once per process and before anything is built.

    Args:
        config: the flags; absent fields have the schema's defaults.
        device: what `choose_device` chose.

    Returns:
        The runtime, with the flags as torch reports them afterwards.
    """
    notes: list[str] = []
    _seed_everything(config.seed)
    _set_determinism(config.deterministic)
    _set_tensorfloat32(config.enable_tensorfloat32, device, notes)
    dtype = _AMP_DTYPES[config.amp_dtype] if config.enable_amp else None
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    runtime = Runtime(device, dtype, scaler, RuntimeConfig(), notes)
    runtime.applied.CopyFrom(_read_back(runtime, config))
    return runtime


@contextmanager
def flags_put_back() -> Iterator[None]:
    """Puts back what `apply_runtime` sets for the whole process, for callers whose process is not the run's own.

    That is torch's flags and the random number generators of torch, Python and NumPy.
    """
    generators = torch.get_rng_state(), random.getstate(), np.random.get_state()
    of_cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    precision, allows_tf32 = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    deterministic, benchmark = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.set_rng_state(generators[0])
        random.setstate(generators[1])
        np.random.set_state(generators[2])
        if of_cuda:
            torch.cuda.set_rng_state_all(of_cuda)
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = allows_tf32
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = benchmark


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _set_determinism(deterministic: bool) -> None:
    if deterministic:
        # cuBLAS reads this when it starts; without it torch refuses deterministic matrix products on CUDA.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.benchmark = False


def _set_tensorfloat32(enable: bool, device: torch.device, notes: list[str]) -> None:
    supported = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    torch.set_float32_matmul_precision("high" if enable and supported else "highest")
    torch.backends.cudnn.allow_tf32 = enable and supported
    if enable and not supported:
        kind = "the CPU" if device.type == "cpu" else torch.cuda.get_device_name(device)
        notes.append(f"runtime.enable_tensorfloat32: {kind} has no TensorFloat-32; float32 is kept")


def _read_back(runtime: Runtime, config: RuntimeConfig) -> RuntimeConfig:
    """The flags as torch has them now; what torch has no flag for is copied from the config."""
    applied = RuntimeConfig()
    applied.CopyFrom(whole_message(config))
    applied.enable_tensorfloat32 = torch.get_float32_matmul_precision() == "high"
    applied.deterministic = torch.are_deterministic_algorithms_enabled()
    applied.seed = torch.initial_seed()
    applied.device = (
        runtime_pb2.DEVICE_CUDA if torch.empty(0, device=runtime.device).is_cuda else runtime_pb2.DEVICE_CPU
    )
    with runtime.autocast():
        applied.enable_amp = torch.is_autocast_enabled(runtime.device.type)
        if applied.enable_amp:
            dtype = torch.get_autocast_dtype(runtime.device.type)
            applied.amp_dtype = next(number for number, known in _AMP_DTYPES.items() if known == dtype)
    return applied
