"""What is wrong with data, or with the part of a spec that describes them."""

from __future__ import annotations

from rankspec.datasets.data_error import DataError

__all__ = ["DamagedFileError", "DataError"]


class DamagedFileError(DataError):
    """A file that cannot be read as what it is: writing it anew or going on without it is the only mend."""
