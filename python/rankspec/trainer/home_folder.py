"""Paths of a config that begin with `~`.

A config is resolved and fingerprinted as it is written, so that every machine and language does it alike. Whoever opens
a path asks here first.
"""

import os.path

from rankspec.trainer.data_error import DataError


class NoHomeError(DataError):
    """A path that begins with the home folder of somebody who has none here."""

    code = "path.no_home"


def expanded(text: str, path: str) -> str:
    """Puts the home folder in place of `~` or `~user` at the beginning of a path or pattern.

    Args:
        text: the path as it is written.
        path: the field of the spec that it stands in.

    Raises:
        NoHomeError: there is no such home folder.
    """
    found = os.path.expanduser(text)  # noqa: PTH111 - a Path would rewrite a pattern
    if found.startswith("~"):
        who = text.partition("/")[0]
        raise NoHomeError(
            f"{who} is nobody's home folder on this machine; write the path in full, "
            f"or ./{who} for a folder of that name",
            path,
        )
    return found
