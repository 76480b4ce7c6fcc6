"""What the verbs share about the terminal: colour, and reporting a config that cannot be used."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from rankspec.diagnostics import Diagnostic, as_text


def use_color(choice: str, stream: TextIO) -> bool:
    """Decides whether to write colours: `always`, `never`, or `auto`, which asks the terminal and `NO_COLOR`."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def report(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str]) -> None:
    """Writes diagnostics to the standard error, as verbs other than `check` do."""
    sys.stderr.write(as_text(diagnostics, color=use_color("auto", sys.stderr), sources=sources))
