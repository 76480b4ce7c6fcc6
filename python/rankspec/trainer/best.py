"""Which checkpoint is the best so far, and whether it pays to go on."""

import math
from typing import Any

from rankspec.recap.v1.training_pb2 import BestCheckpointConfig, TrainingConfig
from rankspec.trainer.claims import obeys


@obeys(TrainingConfig, "best_checkpoint")
@obeys(BestCheckpointConfig, "validation_data", "metric", "patience")
class Best:
    """Follows one metric over the evaluations of a run; without a config it finds nothing better, ever.

    Attributes:
        step: optimizer steps done at the best evaluation, or none before the first.
        value: the metric there.
        waited: evaluations since.
    """

    def __init__(self, config: TrainingConfig) -> None:
        """Starts before the first evaluation."""
        self._config = config.best_checkpoint if config.HasField("best_checkpoint") else None
        self.step: int | None = None
        self.value = math.nan
        self.waited = 0

    def update(self, step: int, figures: dict[str, dict[str, float]]) -> bool:
        """Takes the figures of an evaluation.

        Args:
            step: optimizer steps done.
            figures: metrics by name, by validation set.

        Returns:
            Whether this is the best evaluation so far. A metric that is no number never is.
        """
        if self._config is None:
            return False
        value = figures[self._config.validation_data][self._config.metric]
        # Of the metrics the spec allows here, only the loss is better when lower.
        gain = self.value - value if self._config.metric.startswith("loss") else value - self.value
        if gain > 0 or (self.step is None and not math.isnan(value)):
            self.step, self.value, self.waited = step, value, 0
            return True
        self.waited += 1
        return False

    @property
    def is_exhausted(self) -> bool:
        """Whether the metric has not become better for as long as the config has patience."""
        return self._config is not None and self._config.HasField("patience") and self.waited >= self._config.patience

    def describe(self) -> str:
        """The best evaluation, for people."""
        assert self._config is not None, "only what a config asks for is described"
        return f"best {self._config.metric} of {self._config.validation_data}: {self.value:.5f} at step {self.step}"

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"step": self.step, "value": None if self.step is None else self.value, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up what `state` gave."""
        self.step, self.waited = state["step"], state["waited"]
        self.value = math.nan if state["value"] is None else state["value"]
