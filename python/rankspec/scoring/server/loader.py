"""Keeps the right bundle served: opens what is new, swaps it in whole, and lets the old one drain."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.scorer import open as open_bundle
from rankspec.scoring.server.batching import WaitingRoom
from rankspec.scoring.server.models import Registry, ServedModel
from rankspec.scoring.server.shelf import Found, Shelf, Stamp
from rankspec.scoring.server.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from rankspec.scoring.scorer import Scorer
    from rankspec.scoring.server.logs import Log
    from rankspec.scoring.server.metrics import Metrics
    from rankspec.scoring.server.settings import Settings
    from rankspec.serving.v1.bundle_pb2 import BundleManifest

_MOST_OF_A_STEP_FILE = 64
# Ten batches a second are enough for shares and means, and their numbers take a processor's time from scoring.
_LOOK_EVERY_S = 0.1


class Loader:
    """Looks which bundle is to be served, and has it served. Lives in one event loop."""

    def __init__(self, settings: Settings, registry: Registry, metrics: Metrics, room: WaitingRoom, log: Log) -> None:
        """Starts with nothing served."""
        self._settings = settings
        self._registry = registry
        self._metrics = metrics
        self._room = room
        self._log = log
        self._shelf = Shelf(settings.bundles)
        self._step = settings.step
        self._found_empty = False
        # Of folders that could not be opened, as they were then.
        self._failed: dict[Path, Stamp] = {}
        # What was said at this look, and at the one before.
        self._said: dict[str, dict[str, str | int]] = {}
        self._said_before: dict[str, dict[str, str | int]] = {}
        self._previous: ServedModel | None = None
        self._scoring = Worker("scoring")
        self._opening = ThreadPoolExecutor(1, "opening")
        self._observing = ThreadPoolExecutor(1, "observing")
        self._is_observing = False
        self._next_look = 0.0
        self._retiring: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Looks again and again, for as long as it is not cancelled."""
        while True:
            await asyncio.sleep(self._settings.poll_s)
            await self.look()

    async def look(self) -> ScoringError | None:
        """Looks once, and opens what is to be served, if it is not.

        Returns:
            Why the last bundle that was tried could not be opened; None if none was tried or one could.
        """
        loop = asyncio.get_running_loop()
        self._said, self._said_before = {}, self._said
        step = await loop.run_in_executor(self._opening, self._wanted_step)
        every = await loop.run_in_executor(self._opening, self._shelf.found)
        self._failed = {found.folder: found.stamp for found in every if self._failed.get(found.folder) == found.stamp}
        # Those that cannot even be read first: whoever wrote one hears of it, whatever is served.
        wanted = [found for found in every if found.problem is not None]
        wanted += [found for found in every if found.problem is None and step in (None, found.step)]
        problem = None
        for found in wanted:
            if found.folder in self._failed:
                continue
            is_served = self._registry.current is not None and self._registry.current.digest == found.digest
            problem = None if is_served else await self._tried(found)
            if problem is None:
                self._say_what_is_passed_over(found, every)
                return None
        self._say_what_is_missing(step, every)
        return problem

    def _wanted_step(self) -> int | None:
        """The step that is asked for; None for the newest."""
        file = self._settings.step_file
        if file is None:
            return self._step
        try:
            with file.open("rb") as opened:
                text = opened.read(_MOST_OF_A_STEP_FILE + 1).strip()
        except FileNotFoundError:
            text = b""
        except OSError as error:
            self._say("step_file_unread", file=str(file), problem=error.strerror or "it cannot be read")
            return self._step
        if text and not (text.isdigit() and len(text) < 19):
            self._say("step_file_unread", file=str(file), problem="it holds no step; write a number, or nothing")
            return self._step
        # A file that is being written is empty for a moment: that it is empty counts when it has been found so twice.
        is_news = bool(text) or self._found_empty
        self._found_empty = not text
        if is_news:
            self._step = int(text) if text else None
        return self._step

    async def _tried(self, found: Found) -> ScoringError | None:
        """Opens a bundle and serves it; returns why it cannot be, if it cannot."""
        loop = asyncio.get_running_loop()
        try:
            if found.problem is not None:
                raise found.problem
            digest = self._settings.expect_digest or found.digest
            opening = partial(open_bundle, found.folder, digest, num_threads=self._settings.num_threads)
            scorer = await loop.run_in_executor(self._opening, opening)
        except ScoringError as error:
            self._failed[found.folder] = found.stamp
            self._metrics.load(error.code)
            self._log.event("bundle_refused", folder=found.folder.name, code=error.code, problem=str(error))
            return error
        self._swap(scorer, found)
        return None

    def _swap(self, scorer: Scorer, found: Found) -> None:
        model = ServedModel(
            self._registry.name,
            scorer,
            self._scoring,
            self._settings.limits,
            self._room,
            partial(self._observe, scorer.manifest, scorer.digest),
        )
        old, self._registry.current = self._registry.current, model
        self._metrics.load("OK")
        self._metrics.serve(model)
        self._log.event("bundle_served", folder=found.folder.name, step=model.step, digest=model.digest)
        if old is None:
            return
        if self._previous is not None and self._previous.digest != model.digest:
            self._metrics.forget(self._previous.scorer.manifest, self._previous.digest)
        self._previous = old
        task = asyncio.create_task(self._retire(old))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, old: ServedModel) -> None:
        """Closes a bundle once nothing is asked of it any more."""
        await old.drained()
        await asyncio.get_running_loop().run_in_executor(self._opening, old.scorer.close)
        self._log.event("bundle_drained", step=old.step, digest=old.digest)

    def _observe(
        self,
        manifest: BundleManifest,
        digest: str,
        inputs: Mapping[str, NDArray[Any]],
        outputs: Mapping[str, NDArray[np.float32]],
        requests: int,
        rows: int,
    ) -> None:
        """Counts a batch, and has a thread look at it, unless it has just looked at one."""
        self._metrics.batch(manifest, digest, requests, rows)
        now = time.monotonic()
        if self._is_observing or not rows or now < self._next_look:
            return
        self._is_observing, self._next_look = True, now + _LOOK_EVERY_S
        done = asyncio.get_running_loop().run_in_executor(
            self._observing, self._metrics.observe, manifest, digest, inputs, outputs
        )
        done.add_done_callback(self._observed)

    def _observed(self, done: asyncio.Future[None]) -> None:
        self._is_observing = False
        if not done.cancelled() and (error := done.exception()) is not None:
            self._log.event("failure", error=type(error).__name__, place="observing")

    def _say_what_is_passed_over(self, served: Found, every: list[Found]) -> None:
        """Names other bundles of the step that is served; those that could not be opened have been named."""
        others = [
            found.folder.name
            for found in every
            if found.step == served.step and found.digest != served.digest and found.folder not in self._failed
        ]
        if others:
            self._say("step_twice", step=served.step, served=served.folder.name, passed_over=", ".join(sorted(others)))

    def _say_what_is_missing(self, step: int | None, every: list[Found]) -> None:
        if step is not None and all(found.step != step for found in every):
            there = ", ".join(map(str, sorted({found.step for found in every if found.problem is None})))
            self._say("step_missing", step=step, there=there)
        elif self._registry.current is None:
            self._say("nothing_to_serve", folder=str(self._settings.bundles))

    def _say(self, event: str, **values: str | int) -> None:
        """Writes a line, if the look before did not find the same."""
        self._said[event] = values
        if self._said_before.get(event) != values:
            self._log.event(event, **values)

    async def observed(self) -> None:
        """Waits until what was scored before has been looked at."""
        await asyncio.get_running_loop().run_in_executor(self._observing, bool)

    async def close(self, seconds: float) -> bool:
        """Closes what is served once nothing is asked of it, or the time is over.

        Returns:
            Whether it was closed.
        """
        current = self._registry.current
        if current is not None:
            self._retiring.add(asyncio.create_task(self._retire(current)))
        late: set[asyncio.Task[None]] = set()
        if self._retiring:
            _, late = await asyncio.wait(self._retiring, timeout=seconds)
        self._scoring.close()
        for executor in (self._opening, self._observing):
            executor.shutdown(wait=False, cancel_futures=True)
        return not late
