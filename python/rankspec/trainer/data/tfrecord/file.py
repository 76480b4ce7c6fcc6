"""TFRecord files as a form of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from itertools import islice
from typing import Any, ClassVar

from rankspec.datasets.tfrecord import ROW_GROUP_ROWS
from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.source import FileIdentity, place_in
from rankspec.trainer.data.storage.storage import FileStatus, StoredFile
from rankspec.trainer.data.tfrecord.compression import START, Blocks, Compression, Position, is_resumable
from rankspec.trainer.data.tfrecord.decoding import Content, decode, layout_of, number_types
from rankspec.trainer.data.tfrecord.positions import Positions
from rankspec.trainer.data.tfrecord.records import Records
from rankspec.trainer.data.values import Stored, StoredColumn
from rankspec.trainer.data_error import DamagedFileError, DataError
from rankspec.trainer.inputs import DType

# Read at once of a storage whose every reading is a request.
_REMOTE_BYTES = 8 << 20
# Rows decoded at once: what they are made of is in a processor's cache still when it is copied.
_STEP_ROWS = 64
_CHUNK_BYTES = 4 << 20


@dataclass(slots=True)
class _State:
    """What the storage said of a file when it was last looked at."""

    status: FileStatus


@dataclass(frozen=True, slots=True)
class TFRecordFile:
    """A file that has been read once to its end, and whose first row has the columns that are asked for.

    Attributes:
        file: where it lies.
        compression: how it is compressed.
        rows: rows of each row group; every 1000 records are one.
        starts: where the row groups begin in a plain file; of a compressed one nothing.
        identity: size, rows and SHA-256 of the lengths and checksums of all records.
        numbers: the types that columns of any numbers have.
        positions: where compressed files can be gone on with.
        state: what the storage said of it.
    """

    form: ClassVar[str] = "TFRecord"

    file: StoredFile
    compression: Compression
    rows: tuple[int, ...]
    starts: tuple[int, ...]
    identity: FileIdentity
    numbers: Mapping[str, DType]
    positions: Positions
    state: _State = field(compare=False)

    def chunks(self, row_group: int, columns: Sequence[StoredColumn]) -> Iterator[tuple[int, dict[str, Stored]]]:
        """Reads columns of one row group, some rows at a time."""
        layout, first, most = layout_of(columns, self.numbers), 0, _chunk_rows(columns)
        before = row_group * ROW_GROUP_ROWS
        for contents in self._contents(row_group, most):
            chunk = layout.room(len(contents))
            for start in range(0, len(contents), _STEP_ROWS):
                step = slice(start, start + _STEP_ROWS)
                into = {name: values[step] for name, values in chunk.items()}
                decode(contents[step], layout, into, Place(self.file, row_group, before + first + start))
            yield first, {column.name: chunk[column.name] for column in columns}
            first += len(contents)
        if first != self.rows[row_group]:
            place = place_in(self, row_group)
            raise DataError(f"{place}: has {first} rows instead of {self.rows[row_group]}; the file is damaged")

    def _contents(self, row_group: int, most: int) -> Iterator[Sequence[Content]]:
        """The records of a row group, `most` at a time."""
        with _named(self.file), _opened(self.file) as opened:
            number, start, blocks = self._before(row_group, opened)
            records = Records(blocks, start.leftover, number * ROW_GROUP_ROWS)
            for passed_over in range(number, row_group):
                for _ in records.take(self.rows[passed_over]):
                    pass
                self._keep(passed_over + 1, blocks, records)
            taken = records.take(self.rows[row_group])
            while contents := list(islice(taken, most)):
                yield contents
            self._keep(row_group + 1, blocks, records)

    def _before(self, row_group: int, opened: Any) -> tuple[int, Position, Blocks]:
        """The number of a row group not behind the one wanted, where it begins, and the bytes from there on."""
        if self.compression is Compression.NONE:
            number, start = row_group, Position(self.starts[row_group])
        else:
            number, start = self.positions.nearest(self.file.path, row_group)
        # What is read on the way to it will be asked for too.
        resumable = number < row_group or is_resumable(start.inflater)
        return number, start, Blocks(opened, self.compression, start, resumable=resumable)

    def _keep(self, row_group: int, blocks: Blocks, records: Records) -> None:
        """Keeps the place reached, the beginning of a row group, for when it is read."""
        if self.compression is not Compression.NONE and row_group < len(self.rows):
            self.positions.keep(self.file.path, row_group, blocks.position(records.leftover))

    def change(self) -> str | None:
        """What became of the file since it was opened, in words; none if it is the same, though touched or moved."""
        try:
            status = self.file.storage.status(self.file.path)
            if status == self.state.status:
                return None
            if status.size == self.identity[0] and _scanned(self.file, self.compression).digest == self.identity[2]:
                self.state.status = status
                return None
        except (FileNotFoundError, NotADirectoryError):
            return f"{self.file}: the file is gone since the run began; bring it back"
        except DataError:
            pass
        except UNREADABLE as error:
            return f"{self.file}: cannot be read any more: {reason(error)}"
        return f"{self.file}: the file was replaced since the run began; bring the old one back, or begin anew"


def open_tfrecord(
    file: StoredFile, columns: Sequence[StoredColumn], compression: Compression, positions: Positions
) -> TFRecordFile:
    """Reads a file to its end, which tells its rows and any damage, and makes sure that its first row has the columns.

    Raises:
        DataError: the file is damaged, or a column is missing or of another kind or length; the text names the file.
    """
    if lists := [column.name for column in columns if column.varies]:
        raise DataError(
            f'{file}: the rows of "{lists[0]}" vary in length by the schema file, and lists are read from Parquet '
            "alone; write these rows as that"
        )
    try:
        status = file.storage.status(file.path)
    except UNREADABLE as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from error
    found = _scanned(file, compression)
    numbers: dict[str, DType] = {}
    if found.first is not None:
        place = Place(file, 0, 0)
        numbers = number_types(found.first, columns, place)
        layout = layout_of(columns, numbers)
        decode([found.first], layout, layout.room(1), place)
    return TFRecordFile(
        file=file,
        compression=compression,
        rows=found.rows,
        starts=found.starts if compression is Compression.NONE else (),
        identity=(status.size, sum(found.rows), found.digest),
        numbers=numbers,
        positions=positions,
        state=_State(status),
    )


@dataclass(frozen=True, slots=True)
class _Scan:
    """What a file holds: rows and beginnings of its row groups, its hash, and the first record if there is one."""

    rows: tuple[int, ...]
    starts: tuple[int, ...]
    digest: str
    first: bytes | None


def _scanned(file: StoredFile, compression: Compression) -> _Scan:
    rows: list[int] = []
    starts: list[int] = []
    first = None
    with _named(file), _opened(file) as opened:
        blocks = Blocks(opened, compression, START, resumable=False)
        records = Records(blocks)
        while True:
            start = blocks.position(records.leftover).offset
            num_rows = 0
            for content in records.take(ROW_GROUP_ROWS):
                first = bytes(content) if first is None else first
                num_rows += 1
            if num_rows == 0:
                return _Scan(tuple(rows), tuple(starts), records.digest.hexdigest(), first)
            rows.append(num_rows)
            starts.append(start)


@contextmanager
def _named(file: StoredFile) -> Iterator[None]:
    """Has errors of records name their file."""
    try:
        yield
    except DataError as error:
        raise DamagedFileError(f"{file}: {error.message}") from error
    except UNREADABLE as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from error


@contextmanager
def _opened(file: StoredFile) -> Iterator[Any]:
    with file.storage.source(file.path) as source:
        yield BufferedReader(source, _REMOTE_BYTES) if file.storage.is_remote else source


def _chunk_rows(columns: Sequence[StoredColumn]) -> int:
    row_bytes = sum(column.row_bytes for column in columns)
    return max(_CHUNK_BYTES // row_bytes // _STEP_ROWS, 1) * _STEP_ROWS
