"""Several copies of a ranking model, which differ in their first values and random numbers and are served as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.ranking import RankingModel, build_ranking_model
from rankspec.families.recap.program.tasks import build_tasks
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.trainer.seeds import seed_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankspec.families.recap.program.batch import RecapBatch
    from rankspec.families.recap.program.tasks import Tasks
    from rankspec.trainer.data.ids import IdRange
    from rankspec.trainer.inputs import Input


class Ensemble(nn.Module):
    """The average of several ranking models of the same tasks and inputs.

    Args:
        members: the models, two or more.
        tasks: their tasks, in the order of the outputs.

    Attributes:
        task_names: the tasks, in the order of the outputs.
    """

    def __init__(self, members: Sequence[RankingModel], tasks: Tasks) -> None:
        super().__init__()
        self.task_names = tasks.names
        self._tasks = tasks
        self._models = tuple(members)
        self.members = nn.ModuleList(members)

    def forward(self, batch: RecapBatch) -> Tensor:
        """Outputs of every member, `[M, B, T]`, float32, for the rows of one process."""
        # Members before rows: a member's gradient lies in memory as that of a model alone, and is added up alike.
        return torch.stack([model(batch) for model in self._models])

    def final_outputs(self, outputs: Tensor) -> Tensor:
        """Outputs `[B, T]` of outputs `[M, B, T]`: logits of the members' mean probability, or their mean value."""
        final = [model.final_outputs(own) for model, own in zip(self._models, outputs, strict=True)]
        return self._tasks.averaged(torch.stack(final, dim=1))

    def predictions(self, outputs: Tensor) -> Tensor:
        """What is served, `[B, T]`, of outputs `[M, B, T]`: mean probabilities, or a regression's mean values."""
        return self._tasks.predictions(self.final_outputs(outputs))

    def set_position(self, step: int, micro_batch: int = 0) -> None:
        """Says where in the run the next forward pass is, as that of a `RankingModel`."""
        for model in self._models:
            model.set_position(step, micro_batch)

    @property
    def id_ranges(self) -> tuple[IdRange, ...]:
        """The ids that the members have rows for; all have the same."""
        return self._models[0].id_ranges

    def buffers_from_files(self) -> dict[str, str]:
        """Fields of the config that name a file, by the buffers that hold what was read from it, of every member."""
        return {
            f"members.{number}.{name}": field
            for number, model in enumerate(self._models)
            for name, field in model.buffers_from_files().items()
        }

    def tower(self, task_name: str) -> nn.Module:
        """The towers of a task, one of each member."""
        return nn.ModuleList([model.tower(task_name) for model in self._models])


@obeys(RecapConfig, "model", "runtime")
@obeys(ModelConfig, "members")
@obeys(RuntimeConfig, "seed")
def build_model(config: RecapConfig, inputs: Sequence[Input]) -> RankingModel | Ensemble:
    """The model of a run, on the CPU, with its first values.

    Args:
        config: the run.
        inputs: the data's inputs with their widths.

    Returns:
        The model, in training mode. Its values depend on `runtime.seed` and its shapes alone; the first member of
        several has those that it would have alone.

    Raises:
        TrainError: if the data do not have what the model reads, or a part would be empty.
    """
    seed = config.runtime.seed
    seeds = [seed, *(seed_for(seed, "member", number) for number in range(1, config.model.members))]
    members = [build_ranking_model(config, inputs, own) for own in seeds]
    return members[0] if len(members) == 1 else Ensemble(members, build_tasks(config.model))
