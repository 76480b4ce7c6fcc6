"""Row groups in memory: read ahead by threads, shared by the batches that need them, dropped after the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from weakref import WeakValueDictionary

from rankspec.trainer.data.rows import Rows

Requests = dict[int, "Future[Rows]"]


class RowGroupCache:
    """Decoded row groups that stay in memory for good, by number."""

    def __init__(self) -> None:
        self._rows: Requests = {}

    def get(self, number: int) -> Future[Rows] | None:
        """The row group, if it has been asked for before."""
        return self._rows.get(number)

    def keep(self, number: int, request: Future[Rows]) -> None:
        """Keeps a row group; a reading that fails is not kept, so that the next one may succeed."""

        def keep_if_read(done: Future[Rows]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._rows[number] = done

        request.add_done_callback(keep_if_read)


class RowGroupReader:
    """Reads row groups in the background, each once for all who hold its request at the same time."""

    def __init__(self, read: Callable[[int], Rows], num_threads: int, cache: RowGroupCache | None) -> None:
        """Starts the threads.

        Args:
            read: reads the row group of a number.
            num_threads: row groups read at the same time.
            cache: keeps them; without one, a row group lives as long as somebody holds its request.
        """
        self._read = read
        self._cache = cache
        self._held: WeakValueDictionary[int, Future[Rows]] = WeakValueDictionary()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix="rankspec-read")

    def request(self, numbers: Iterable[int]) -> Requests:
        """Asks for row groups, in the order in which they should be read."""
        return {number: self._request(number) for number in numbers}

    def _request(self, number: int) -> Future[Rows]:
        with self._lock:
            known = self._held.get(number) or (self._cache.get(number) if self._cache else None)
            if known is not None:
                return known
            request = self._threads.submit(self._read, number)
            self._held[number] = request
        if self._cache is not None:
            self._cache.keep(number, request)
        return request

    def close(self) -> None:
        """Waits for the row groups that are being read; those that have only been asked for are not read."""
        self._threads.shutdown(wait=True, cancel_futures=True)
