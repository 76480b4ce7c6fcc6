"""A bundle that is served, and which one is."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rankspec.scoring.combining import SCORE
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.server.batching import Batcher, WaitingRoom
from rankspec.scoring.server.refusals import Kind, Refusal, invalid, of_scoring
from rankspec.scoring.server.requests import DATATYPES, ScoreAnswer, ScoreRequest
from rankspec.scoring.signature import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from rankspec.scoring.scorer import Scorer
    from rankspec.scoring.server.settings import Limits
    from rankspec.scoring.server.worker import Worker


class Tensor(NamedTuple):
    """What the protocol says of an input or output; -1 stands for any number of rows, and of ids of a list."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class ServedModel:
    """An opened bundle with the requests that it scores.

    Attributes:
        name: the model's name in requests.
        scorer: of the bundle.
        step: of the bundle.
        digest: of the bundle.
        inputs: what it takes.
        outputs: what it gives.
    """

    def __init__(
        self,
        name: str,
        scorer: Scorer,
        worker: Worker,
        limits: Limits,
        room: WaitingRoom,
        observe: Callable[[Mapping[str, NDArray[Any]], Mapping[str, NDArray[np.float32]], int, int], None],
    ) -> None:
        """Takes an open scorer; arguments are those of `Batcher`."""
        self.name = name
        self.scorer = scorer
        self.step = scorer.manifest.step
        self.digest = scorer.digest
        self.inputs = [
            Tensor(item.name, DATATYPES[dtype_of(item)], (-1, -1 if item.list else item.width))
            for item in scorer.manifest.signature.inputs
        ]
        names = (*scorer.tasks, *((SCORE,) if scorer.manifest.score_weights else ()))
        self.outputs = [Tensor(name, "FP32", (-1,)) for name in names]
        self._output_names = frozenset(names)
        lists = [item.name for item in scorer.manifest.signature.inputs if item.list]
        self._batcher = Batcher(scorer.score_placed, worker, limits, room, observe, lists)
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def score(self, request: ScoreRequest, deadline: float) -> ScoreAnswer:
        """Scores a request.

        Raises:
            Refusal: it is not scored.
        """
        wanted = request.outputs
        if wanted is not None and not self._output_names.issuperset(wanted):
            raise invalid(
                "OUTPUT_UNKNOWN", "an output is asked for that the model does not give; its metadata lists them"
            )
        with self._busy():
            try:
                inputs = self.scorer.placed(request.columns, request.signature_hash)
            except ScoringError as error:
                raise of_scoring(error) from error
            found = await self._batcher.score(inputs, deadline)
        outputs = found if wanted is None else {name: found[name] for name in wanted}
        return ScoreAnswer(self.name, self.step, self.digest, outputs)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def drained(self) -> None:
        """Waits until no request is under way."""
        await self._idle.wait()


@dataclass
class Registry:
    """Which bundle is served.

    Attributes:
        name: the model's name.
        current: the bundle that new requests go to; None before the first one.
        is_ending: whether the server takes no more requests.
    """

    name: str
    current: ServedModel | None = None
    is_ending: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether requests are scored, and should be sent."""
        return self.current is not None and not self.is_ending

    def model(self, name: str, version: str = "") -> ServedModel:
        """The model that a request asks for.

        Raises:
            Refusal: it is not served.
        """
        if name != self.name:
            raise Refusal(Kind.UNKNOWN, "MODEL_UNKNOWN", f'the model that is served is called "{self.name}"')
        if self.current is None:
            raise Refusal(Kind.UNAVAILABLE, "NOT_READY", "no bundle is open yet; try again later", retry_after=1)
        if version not in ("", str(self.current.step)):
            raise Refusal(
                Kind.UNKNOWN,
                "VERSION_UNKNOWN",
                f"the version that is served is {self.current.step}; leave it out to take it",
            )
        return self.current
