"""Vocabularies: which row of a table an entity has, where edges name entities and not rows."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rankspec.claims.registry import obeys
from rankspec.embedding.v1.embedding_pb2 import EmbeddingBagConfig
from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.parquet import open_file
from rankspec.trainer.data.source import RowFile
from rankspec.trainer.data.storage.address import located
from rankspec.trainer.data.storage.storage import Storage, StoredFile
from rankspec.trainer.data.values import Array, StoredColumn, fixed
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError

# The column of a Parquet file that holds entities, in the order of their rows.
COLUMN = "id"
_PARQUET = ".parquet"


class Vocabulary:
    """The entities of a table: the place of each is its row.

    Attributes:
        source: what the config calls it.
        is_text: whether entities are strings; if not, they are whole numbers.
    """

    def __init__(self, source: str, entities: Sequence[Array]) -> None:
        """Takes the entities, `[N]` in all, as arrays of strings or of int64 in the order of their rows.

        Raises:
            DataError: an entity is there twice, or there is none, or some are strings and others numbers.
        """
        self.source = source
        if len({part.dtype == object for part in entities}) > 1:
            raise DataError(f"{source}: some files hold strings and others whole numbers; write all as one of them")
        self._entities: Array = np.concatenate(entities) if entities else np.empty(0, np.int64)
        self.is_text = self._entities.dtype == object
        if not len(self._entities):
            raise DataError(f"{source}: holds no entity")
        if (twice := self._first_repeated()) is not None:
            raise DataError(f"{source}: the entity {twice} is there twice; each has one row")

    def __len__(self) -> int:
        return len(self._entities)

    def rows(self, entities: Array) -> NDArray[np.int64]:
        """The row of each entity, int64 `[N]`; -1 for one that is not there."""
        if self.is_text:
            find = self._row_of_text.get
            return np.fromiter((find(entity, -1) for entity in entities.tolist()), np.int64, len(entities))
        ordered, rows = self._row_of_number
        places = np.minimum(np.searchsorted(ordered, entities), len(ordered) - 1)
        return np.where(ordered[places] == entities, rows[places], -1)

    def digest(self, count: int | None = None) -> str:
        """SHA-256 of the first entities, or of all: rows mean the same where it is the same."""
        digest = hashlib.sha256(b"text" if self.is_text else b"int64")
        first = self._entities[:count]
        if self.is_text:
            for entity in first:
                encoded = entity.encode()
                digest.update(len(encoded).to_bytes(8, "little") + encoded)
        else:
            digest.update(first.astype("<i8").tobytes())
        return digest.hexdigest()

    @cached_property
    def _row_of_text(self) -> dict[str, int]:
        return {entity: row for row, entity in enumerate(self._entities.tolist())}

    @cached_property
    def _row_of_number(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self._entities, kind="stable")
        return self._entities[order], order

    def _first_repeated(self) -> object:
        if self.is_text:
            if len(self._row_of_text) == len(self):
                return None
            return repr(next(e for row, e in enumerate(self._entities) if self._row_of_text[e] != row))
        ordered = self._row_of_number[0]
        repeated = ordered[1:][ordered[1:] == ordered[:-1]]
        return int(repeated[0]) if len(repeated) else None


@obeys(EmbeddingBagConfig, "name", "num_embeddings", "vocab")
def vocabularies_of(tables: Sequence[EmbeddingBagConfig]) -> dict[str, Vocabulary]:
    """Reads the vocabularies of the tables that have one, by the tables' names.

    Raises:
        DataError: one cannot be read, or has more entities than its table has rows.
    """
    return {
        table.name: _of_table(table.vocab, table.num_embeddings, f"model.embeddings.tables[{place}].vocab")
        for place, table in enumerate(tables)
        if table.vocab
    }


def check_same(vocabularies: Mapping[str, Vocabulary], tables: Collection[str], saved: Any, folder: object) -> None:
    """Makes sure that rows mean what they meant; a vocabulary may have grown at its end.

    Args:
        vocabularies: those of now, by table.
        tables: names of all tables of now.
        saved: what `identities` said when the rows were saved.
        folder: where.

    Raises:
        TrainError: a vocabulary is another.
    """
    for name, before in saved.items():
        now = vocabularies.get(name)
        if name in tables and (now is None or not continues(now, before)):
            raise TrainError(
                f'checkpoint {folder} was trained with another vocabulary of the table "{name}": its rows are of other '
                "entities; bring the old one back, new entities at its end, or begin anew with a table of another name",
                "model.embeddings.tables",
            )


def identities(vocabularies: Mapping[str, Vocabulary]) -> dict[str, dict[str, Any]]:
    """What tells the vocabularies from others, by table; JSON takes it."""
    return {name: {"entities": len(of), "sha256": of.digest()} for name, of in vocabularies.items()}


def continues(vocabulary: Vocabulary, identity: Mapping[str, Any]) -> bool:
    """Whether a vocabulary begins with all of another one, by what `identities` says of that."""
    count = int(identity["entities"])
    return len(vocabulary) >= count and vocabulary.digest(count) == identity["sha256"]


def _of_table(text: str, num_rows: int, path: str) -> Vocabulary:
    storage, place = located(text, path)
    try:
        vocabulary = Vocabulary(text, list(_read(storage, storage.path(place), path)))
    except DataError as error:
        raise DataError(error.message, path) from error
    if len(vocabulary) > num_rows:
        raise DataError(
            f"{text} has {len(vocabulary)} entities, and the table {num_rows} rows; raise num_embeddings", path
        )
    return vocabulary


def _read(storage: Storage, place: PurePath, path: str) -> Iterator[Array]:
    """The entities of a file, or of the Parquet files of a folder in the order of their names."""
    if not storage.exists(place):
        raise DataError(f"{storage.address(place)}: there is no such file or folder", path)
    if not storage.is_folder(place):
        return _entities(StoredFile(storage, place))
    names = [name for name in storage.names(place) if name.endswith(_PARQUET) and not name.startswith((".", "_"))]
    if not names:
        raise DataError(f"{storage.address(place)}: the folder holds no Parquet file", path)
    return (part for name in names for part in _entities(StoredFile(storage, place / name)))


def _entities(file: StoredFile) -> Iterator[Array]:
    if file.path.suffix == _PARQUET:
        return stored_values(file)
    if file.path.suffix == ".txt":
        return iter([_lines(file)])
    raise DataError(f"{file}: is neither a .parquet nor a .txt file")


def stored_values(file: StoredFile) -> Iterator[Array]:
    """The values of a Parquet file's column of entities, some at a time: strings or int64, `[N]`.

    Raises:
        DataError: the file or its column cannot be used; the text names it.
    """
    opened, column = _opened(file)
    for row_group in range(len(opened.rows)):
        for _, columns in opened.chunks(row_group, [column]):
            yield fixed(columns[COLUMN])[:, 0]


def id_column(file: StoredFile) -> StoredColumn:
    """How the column of entities is read: as text if it holds strings.

    Raises:
        DataError: the file cannot be read, or has no such column of strings or whole numbers.
    """
    return _opened(file)[1]


def _opened(file: StoredFile) -> tuple[RowFile, StoredColumn]:
    texts, numbers = StoredColumn(COLUMN, "text", 1), StoredColumn(COLUMN, "int64", 1)
    try:
        return open_file(file, [texts]), texts
    except DataError:
        return open_file(file, [numbers]), numbers


def _lines(file: StoredFile) -> Array:
    """The lines of a text file, none of which is empty."""
    try:
        with file.storage.stream(file.path) as opened:
            lines = opened.read().decode().split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8") from error
    except UNREADABLE as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from error
    if lines and not lines[-1]:
        lines.pop()
    lines = [line.removesuffix("\r") for line in lines]
    if "" in lines:
        raise DataError(f"{file}, line {lines.index('') + 1}: is empty; every line is an entity")
    return np.array(lines, object)
