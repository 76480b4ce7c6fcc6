"""What the server calls itself."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

SERVER_NAME = "rankspec"
EXTENSIONS = ["binary_tensor_data"]


@cache
def server_version() -> str:
    """The package's."""
    return version("rankspec")
