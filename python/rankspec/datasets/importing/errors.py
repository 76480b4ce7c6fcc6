"""What is wrong with a table that is imported, or with what was said of it."""

from __future__ import annotations

from rankspec.datasets.data_error import DataError


class TableError(DataError):
    """A table that cannot be read or imported as it was asked for; the text names the place and the way out."""
