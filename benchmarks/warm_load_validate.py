"""Loading and judging the shipped production config again and again, beside protobuf's own parser alone.

Ours reads the file, keeps the place of every value, judges it by every rule and looks for warnings. One baseline
parses what was loaded, written out without variables and shorthands, into a message and does nothing else. The other
parses the file as it stands, which says a third as much, as what a validation set inherits is written once.
"""

from __future__ import annotations

from google.protobuf import text_format
from rankspec.recap.v1 import recap_pb2

from benchmarks.content import CONFIG, expanded_text
from benchmarks.measuring import Measurement, interleaved_medians
from rankspec.checking.check import load

_NUM_ROUNDS = 101


def run() -> list[Measurement]:
    """Measures all three."""
    text, as_written = expanded_text(), CONFIG.read_text(encoding="utf-8")
    value, baseline, of_file = interleaved_medians(
        [
            lambda: load(CONFIG),
            lambda: text_format.Parse(text, recap_pb2.RecapConfig()),
            lambda: text_format.Parse(as_written, recap_pb2.RecapConfig()),
        ],
        _NUM_ROUNDS,
    )
    return [
        Measurement("warm_load_validate", value, "ms", baseline),
        Measurement("warm_load_validate_as_written", value, "ms", of_file),
    ]
