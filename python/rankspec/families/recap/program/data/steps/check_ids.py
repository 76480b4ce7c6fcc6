"""Refuses ids that a table has no row for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.trainer.data.ids import IdCheck, IdRange, check_lists
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.inputs import Input


@dataclass(frozen=True)
class CheckIds(Step):
    """Looks at the ids of inputs."""

    checks: Sequence[tuple[Input, IdCheck]]
    of_lists: Sequence[tuple[Input, IdRange]]

    def apply(self, chunk: Chunk) -> None:
        """Refuses an id outside its range; changes nothing."""
        for item, check in self.checks:
            check.check(chunk.inputs[item.name], item.column, chunk.place)
        for item, allowed in self.of_lists:
            check_lists(chunk.lists[item.name], allowed, item.column, chunk.place)


def build_check_ids(_data: RecapDataConfig, context: StepContext) -> CheckIds | None:
    """The step, if the model has tables without a bucket for other ids."""
    checks, of_lists = [], []
    for item in context.inputs:
        ranges = [one for one in context.id_ranges if one.input == item.name]
        if item.is_list:
            of_lists += [(item, one) for one in ranges]
        elif ranges:
            checks.append((item, IdCheck(ranges)))
    return CheckIds(checks, of_lists) if checks or of_lists else None
