"""Which storage a data path of the spec leads to."""

from __future__ import annotations

from typing import Any

from pyarrow import fs

from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.remote import RemoteStorage
from rankspec.trainer.data.storage.storage import Storage
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded

# A name of the storage begins with the bucket here; elsewhere a host comes first, which is no part of the name.
_WITH_BUCKETS = ("s3", "gs")
_SCHEMES = (*_WITH_BUCKETS, "hdfs")
_FILE = "file://"


def located(text: str, path: str) -> tuple[Storage, str]:
    """The storage that a path or pattern names, and the path or pattern itself, in full where it begins with `~`.

    Which addresses there may be is a rule of the spec; they are taken as they stand, without any escapes.

    Args:
        text: what the config says.
        path: the field of the spec that says so.

    Raises:
        DataError: the storage cannot be reached, or there is no such home folder.
    """
    if text.startswith(f"{_FILE}/"):
        return LOCAL, text.removeprefix(_FILE)
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in _SCHEMES:
        return LOCAL, expanded(text, path)
    authority = rest.partition("/")[0]
    try:
        files = connected(f"{scheme}://{authority}/")
    except UNREADABLE as error:
        raise DataError(f"{scheme}://{authority} cannot be reached: {reason(error)}", path) from error
    return RemoteStorage(files, f"{scheme}://" if scheme in _WITH_BUCKETS else f"{scheme}://{authority}"), text


def connected(uri: str) -> Any:
    """The file system of a URI, with the credentials and endpoints that the environment has for it."""
    files, _ = fs.FileSystem.from_uri(uri)
    return files
