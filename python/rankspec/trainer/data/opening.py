"""Opening a file of rows of whatever form: Parquet or TFRecord, told by what the file begins with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.parquet import open_file
from rankspec.trainer.data.source import OpenRows, RowFile
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.tfrecord.compression import HEAD_BYTES, Compression, compression_of
from rankspec.trainer.data.tfrecord.file import open_tfrecord
from rankspec.trainer.data.tfrecord.positions import Positions
from rankspec.trainer.data.values import StoredColumn
from rankspec.trainer.data_error import DamagedFileError, DataError

# Names that are given to TFRecord files; Beam puts a number behind them.
_COMPRESSED_NAME = re.compile(r"\.(gz|gzip|zlib)(\W|$)")
_TFRECORD_NAME = re.compile(r"\.(tfrecords?|gz|gzip|zlib)(\W|$)")


def rows_opener() -> OpenRows:
    """What opens the files of a data set.

    A file whose name ends in `.parquet` is Parquet. Any other is TFRecord if it begins as such a file does, or if its
    name says so; otherwise it has to be Parquet.
    """
    positions = Positions()

    def opened(file: StoredFile, columns: Sequence[StoredColumn]) -> RowFile:
        if file.path.name.endswith(".parquet"):
            return open_file(file, columns)
        compression = _compression(file)
        return open_file(file, columns) if compression is None else open_tfrecord(file, columns, compression, positions)

    return opened


def _compression(file: StoredFile) -> Compression | None:
    """How a TFRecord file is compressed; none if it is no such file."""
    try:
        with file.storage.source(file.path) as source:
            head = source.read(HEAD_BYTES)
    except UNREADABLE as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from error
    found, name = compression_of(head), file.path.name
    if head.startswith(b"PAR1"):
        return None
    if found is None and _TFRECORD_NAME.search(name):
        # A plain file of no records has no bytes.
        if not head and not _COMPRESSED_NAME.search(name):
            return Compression.NONE
        raise DamagedFileError(
            f"{file}: cannot be read as TFRecord: it begins neither with a record nor as gzip or zlib do; it is damaged"
        )
    return found
