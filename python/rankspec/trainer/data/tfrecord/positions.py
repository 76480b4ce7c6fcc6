"""Places in compressed files that were reached before, to go on from there."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import PurePath
from threading import Lock

from rankspec.trainer.data.tfrecord.compression import START, Position, is_resumable

# At most 110 MB: 40 KiB for what zlib knows, at most 64 KiB on average of what is inflated already.
_KEPT = 1024
_Key = tuple[PurePath, int]


class Positions:
    """Beginnings of row groups of a data set's compressed files, the last ones used; for all threads.

    Without them a row group would be read by inflating all that is before it, in shuffled files again and again.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Position] = OrderedDict()
        self._lock = Lock()

    def keep(self, file: PurePath, row_group: int, position: Position) -> None:
        """Keeps the beginning of a row group."""
        with self._lock:
            self._kept[file, row_group] = position
            self._kept.move_to_end((file, row_group))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def nearest(self, file: PurePath, row_group: int) -> tuple[int, Position]:
        """The last row group up to the one wanted whose beginning is known, and that beginning.

        A position of isal's, which cannot be copied, is given away, and only for the row group itself.
        """
        with self._lock:
            for number in range(row_group, 0, -1):
                position = self._kept.get((file, number))
                if position is None:
                    continue
                if is_resumable(position.inflater):
                    self._kept.move_to_end((file, number))
                    return number, replace(position, inflater=position.inflater.copy())
                if number == row_group:
                    return number, self._kept.pop((file, number))
        return 0, START
