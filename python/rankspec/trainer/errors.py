"""What ends a run with one clear message."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rankspec.diagnostics.field_error import FieldError


class TrainError(FieldError):
    """The run cannot start or go on.

    Attributes:
        restart_helps: whether the same command may do better later, since nothing in the config or data is wrong.
        is_shared: whether every process of the run raises the same error, so that it is enough if the first tells it.
    """

    def __init__(self, message: str, path: str = "", *, code: str | None = None, restart_helps: bool = False) -> None:
        super().__init__(message, path, code=code)
        self.restart_helps = restart_helps
        self.is_shared = False


# What the system answers because of what was asked, and would answer again.
_LASTING = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ENAMETOOLONG),
    *(errno.EINVAL, errno.ELOOP, errno.EFBIG, errno.EEXIST, errno.ENOTEMPTY),
}


def is_passing(error: BaseException) -> bool:
    """Whether what the system answered may be otherwise later, as with a full disk."""
    return isinstance(error, OSError) and error.errno not in _LASTING


@contextmanager
def writing(
    path: Path, goes_on: str = "goes on from the newest checkpoint", field: str = "training.save_dir"
) -> Iterator[None]:
    """Tells what is wrong with the disk if the context cannot write.

    Args:
        path: what it writes, a run's folder if nothing else is said.
        goes_on: what the same command does once the disk takes it.
        field: the field of the spec that names the place; empty if none does.

    Raises:
        TrainError: with the system's reason.
    """
    try:
        yield
    except OSError as error:
        raise TrainError(
            f"{path} cannot be written: {error.strerror or error}; once it can be, the same command {goes_on}",
            field,
            restart_helps=is_passing(error),
        ) from error
