"""Which checkpoint is the best so far, and whether it pays to go on."""

import math
from collections.abc import Callable
from typing import Any

from rankspec.trainer.program import Program
from rankspec.trainer.training import Followed


class Best:
    """Follows one metric over the evaluations of a run; without one it finds nothing better, ever.

    Attributes:
        step: optimizer steps done at the best evaluation, or none before the first.
        value: the metric there.
        waited: evaluations since.
    """

    def __init__(self, followed: Followed | None, say: Callable[[str], None], *, is_lower_better: bool = False) -> None:
        """Starts before the first evaluation.

        Args:
            followed: which metric, if any.
            say: takes a line when there is something to know about it.
            is_lower_better: whether of two values of the metric the lower one is the better.
        """
        self._followed = followed
        self._is_lower_better = is_lower_better
        self._say = say
        self._has_told = False
        self.step: int | None = None
        self.value = math.nan
        self.waited = 0

    def update(self, step: int, figures: dict[str, dict[str, float]]) -> bool:
        """Takes the figures of an evaluation.

        Args:
            step: optimizer steps done.
            figures: metrics by name, by validation set.

        Returns:
            Whether this is the best evaluation so far. A metric that is no number never is, and does not count as one
            that is no better either.
        """
        if self._followed is None:
            return False
        value = figures[self._followed.validation_data][self._followed.metric]
        if not math.isfinite(value):
            self._tell_undefined(step)
            return False
        gain = self.value - value if self._is_lower_better else value - self.value
        if gain > 0 or self.step is None:
            self.step, self.value, self.waited = step, value, 0
            return True
        self.waited += 1
        return False

    def _tell_undefined(self, step: int) -> None:
        if not self._has_told:
            self._has_told = True
            self._say(
                f"{self._name()} is undefined at step {step}, as where all labels are equal or no row counts: such an "
                "evaluation is neither the best nor one that is no better"
            )

    def _name(self) -> str:
        assert self._followed is not None, "only a metric that is followed is named"
        return f"{self._followed.metric} of {self._followed.validation_data}"

    @property
    def is_exhausted(self) -> bool:
        """Whether the metric has not become better for as long as there is patience."""
        return (
            self._followed is not None
            and self._followed.patience is not None
            and self.waited >= self._followed.patience
        )

    def describe(self) -> str | None:
        """The best evaluation, for people; none if nothing is followed."""
        if self._followed is None:
            return None
        if self.step is None:
            return f"no evaluation has given {self._name()}, so no checkpoint is the best"
        return f"best {self._name()}: {self.value:.5f} at step {self.step}"

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: the record, and what it is of."""
        return {
            "step": self.step,
            "value": None if self.step is None else self.value,
            "waited": self.waited,
            "of": _metric_of(self._followed),
        }

    def restore(self, state: dict[str, Any], saved: Followed | None, *, is_same_data: Callable[[str], bool]) -> None:
        """Takes up what `state` gave, if it is of the metric that is followed now; begins anew, and says so, if not.

        Args:
            state: what `state` gave.
            saved: the metric at that time. Release 0.1 wrote no word of it into the state.
            is_same_data: says of a validation set whether its data, and what is taken of them, are what they were.
        """
        before = state["of"] if "of" in state else _metric_of(saved)
        if self._followed is None or before is None or state["step"] is None or not math.isfinite(state["value"]):
            return
        if before != _metric_of(self._followed):
            self._say(f"the best so far was of {before[1]} of {before[0]}; {self._name()} begins anew")
        elif _rows_of(saved) != _rows_of(self._followed) or not is_same_data(self._followed.validation_data):
            self._say(
                f"the best so far was of other data, or of other rows or weights of them; {self._name()} begins anew"
            )
        else:
            self.step, self.value, self.waited = int(state["step"]), float(state["value"]), int(state["waited"])


def best_of(program: Program[Any], say: Callable[[str], None]) -> Best:
    """The record of a program's run, before its first evaluation; `say` takes lines for people."""
    followed = program.training.followed
    return Best(followed, say, is_lower_better=followed is not None and program.is_lower_better(followed.metric))


def _rows_of(followed: Followed | None) -> str:
    return "" if followed is None else followed.rows


def _metric_of(followed: Followed | None) -> list[str] | None:
    return None if followed is None else [followed.validation_data, followed.metric]
