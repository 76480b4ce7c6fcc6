"""The tasks of a model: their order, and names that torch's modules can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.recap.v1.model_pb2 import ModelConfig


def ordered_tasks(config: ModelConfig) -> tuple[str, ...]:
    """Names of the tasks, by their UTF-8 bytes: the order of logits and labels everywhere."""
    return tuple(sorted(config.tasks, key=str.encode))


def module_key(task_name: str) -> str:
    """The task's name as a module: without dots, and no attribute of torch's containers (`train`, `type`)."""
    return "task_" + task_name.replace(".", "__")
