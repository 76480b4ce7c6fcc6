"""What Arrow raises, and how it is told to people."""

from __future__ import annotations

import pyarrow as pa

# What pyarrow raises of damaged files: names in them that are no UTF-8 give the ValueError.
UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)


def reason(error: BaseException) -> str:
    """What an error says, in one line and without what a damaged file brings along that cannot be printed."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
