"""Benchmarks: `python -m benchmarks`, or `make bench`.

A benchmark is a module whose function `run` measures something of ours beside a baseline and returns a
`benchmarks.measuring.Measurement`. It has a line in `BENCHMARKS`.
"""

# Name, and the module that measures it.
BENCHMARKS = {
    "cold_check": "benchmarks.cold_check",
    "warm_load_validate": "benchmarks.warm_load_validate",
}
