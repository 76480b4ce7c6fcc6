"""A thousand clients of `rankspec serve` at once: each gets scores, or a refusal that says when to come again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import grpc
import grpc.aio
import numpy as np

from benchmarks import serving_bundle
from benchmarks.measuring import Measurement
from benchmarks.served import HTTP_INFER, INFER, Process, grpc_request, http_request, running, serve

_CLIENTS, _SECONDS = 1000, 60.0
# Longer than any answer may take: who waits so long has not been answered.
_PATIENCE_S = 60.0
# Of a queue that a thousand clients fill.
_SHORT_QUEUE = 100
_SCORED, _BUSY = "OK", "QUEUE_FULL"


@dataclass
class Tally:
    """What clients were answered.

    Attributes:
        answers: how many got which: `OK`, the code of a refusal, or what broke off.
        seconds: of each answer.
        without_time: refusals of a full queue that do not say when to come again.
    """

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    without_time: int = 0

    @property
    def unanswered(self) -> int:
        """Requests that were neither scored nor told when to come again."""
        return self.answers.total() - self.answers[_SCORED] - self.answers[_BUSY] + self.without_time


# Asks once, and gives `OK` or a code, and in how many seconds to come again, if that was said.
_Asking = Callable[[], Awaitable[tuple[str, float | None]]]


def many_clients() -> list[Measurement]:
    """A minute over gRPC, a minute over HTTP, and a minute over both with a queue that is too short for all."""
    return [
        *_measured("serve_grpc_1000_clients", (_CLIENTS, 0)),
        *_measured("serve_http_1000_clients", (0, _CLIENTS)),
        *_measured("serve_full_queue_1000_clients", (_CLIENTS // 2, _CLIENTS // 2), f"--max-waiting={_SHORT_QUEUE}"),
    ]


def _measured(name: str, clients: tuple[int, int], *options: str) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        serving_bundle.write(bundle)
        with running(serve(bundle, *options)) as server:
            tally, memory = asyncio.run(ask(server, *clients, _SECONDS))
            most = server.memory("VmHWM")
    yield Measurement(f"{name}_scored", tally.answers[_SCORED] / _SECONDS, "requests/s", None)
    yield Measurement(f"{name}_refused", tally.answers[_BUSY] / _SECONDS, "requests/s", None)
    yield Measurement(f"{name}_unanswered", tally.unanswered, "requests", None)
    for share in (50, 99):
        yield Measurement(f"{name}_p{share}", float(np.percentile(tally.seconds, share)) * 1000, "ms", None)
    # Beside what it had once the clients were connected: a third of the time later.
    yield Measurement(f"{name}_memory", most, "MiB", memory[len(memory) // 3])


async def ask(server: Process, num_grpc: int, num_http: int, seconds: float) -> tuple[Tally, Sequence[float]]:
    """Has clients ask without a pause, each over a connection of its own; who is refused comes again when told to.

    Returns:
        What they were answered, and the server's memory in MiB, looked at twice a second.
    """
    tally, memory = Tally(), [server.memory()]
    until = time.monotonic() + seconds
    clients = [asyncio.create_task(_ask_by_grpc(server.grpc, until, tally)) for _ in range(num_grpc)]
    clients += [asyncio.create_task(_ask_by_http(server.http, until, tally)) for _ in range(num_http)]
    answered = asyncio.gather(*clients)
    while not answered.done():
        await asyncio.wait([answered], timeout=0.5)
        memory.append(server.memory())
    await answered
    return tally, memory


async def _ask_by_grpc(address: str, until: float, tally: Tally) -> None:
    data = grpc_request(1)
    # Otherwise all channels of a process share a connection.
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.unary_unary(INFER)

        async def asking() -> tuple[str, float | None]:
            try:
                await call(data, timeout=_PATIENCE_S)
            except grpc.aio.AioRpcError as error:
                trailer = dict(error.trailing_metadata() or ())
                after = trailer.get("retry-after")
                return str(trailer.get("rankspec-code", error.code().name)), None if after is None else float(after)
            return _SCORED, None

        await _ask_again(asking, until, tally)


async def _ask_by_http(address: str, until: float, tally: Tally) -> None:
    body, headers = http_request(1)
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def asking() -> tuple[str, float | None]:
            try:
                async with session.post(f"http://{address}{HTTP_INFER}", data=body, headers=headers) as response:
                    code = _SCORED if response.status == 200 else str((await response.json())["code"])
                    await response.read()
                    after = response.headers.get("Retry-After")
                    return code, None if after is None else float(after)
            except (aiohttp.ClientError, TimeoutError) as error:
                return type(error).__name__, None

        await _ask_again(asking, until, tally)


async def _ask_again(asking: _Asking, until: float, tally: Tally) -> None:
    while (now := time.monotonic()) < until:
        code, after = await asking()
        tally.answers[code] += 1
        tally.seconds.append(time.monotonic() - now)
        if code != _SCORED:
            tally.without_time += code == _BUSY and after is None
            await asyncio.sleep(min(after or 1.0, max(until - time.monotonic(), 0)))
