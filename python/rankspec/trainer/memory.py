"""Tells memory that cannot be had as one error: what asked for it, and how much."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rankspec.trainer.errors import TrainError

CODE = "train.out_of_memory"
# torch on a CPU and on a GPU, numpy, pyarrow, in their own words.
_SIZES = (
    re.compile(r"tried to allocate (\d+(?:\.\d+)? ?\w+)", re.IGNORECASE),
    re.compile(r"Unable to allocate (\d+(?:\.\d+)? \w+)"),
    re.compile(r"(?:malloc|realloc) of size (\d+)"),
)
_OF_THE_ALLOCATOR = ("can't allocate memory", "out of memory", "Storage size calculation overflowed")


@contextmanager
def allocating(path: str) -> Iterator[None]:
    """Tells which field of the spec asks for memory if the context cannot get what it needs.

    Args:
        path: the field.

    Raises:
        TrainError: with the bytes that were asked for, where the allocator says how many.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _refusal(error, path) from error
    except RuntimeError as error:
        if any(words in str(error) for words in _OF_THE_ALLOCATOR):
            raise _refusal(error, path) from error
        raise


def _refusal(error: BaseException, path: str) -> TrainError:
    found = [match.group(1) for size in _SIZES if (match := size.search(str(error)))]
    asked = f"it asked for {_in_bytes(found[0])}" if found else "more was asked for than can be counted"
    return TrainError(
        f"there is not enough memory: {asked}; make it smaller, or take a machine with more", path, code=CODE
    )


def _in_bytes(size: str) -> str:
    return f"{int(size):,} bytes" if size.isdigit() else size
