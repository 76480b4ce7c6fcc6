"""`rankspec check` of the shipped production config in a fresh process, beside only importing what it stands on.

The baseline is a bare interpreter that imports protobuf's text format and protovalidate. Both are whole
processes, start and end included.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.content import CONFIG
from benchmarks.measuring import Measurement, interleaved_medians, process

_NUM_ROUNDS = 21


def run() -> Measurement:
    """Measures both."""
    program = str(Path(sys.executable).with_name("rankspec"))
    check = process(program, "check", str(CONFIG))
    imports = process(sys.executable, "-c", "import google.protobuf.text_format, protovalidate")
    value, baseline = interleaved_medians([check, imports], _NUM_ROUNDS)
    return Measurement("cold_check", value, "ms", baseline)
