"""How many threads to score with: those that the container may use, not the machine's cores."""

from __future__ import annotations

import os
from pathlib import Path

# Where Linux says how much processor time a group of processes gets, in versions 2 and 1.
_GROUPS = Path("/sys/fs/cgroup")


def available_threads(groups: Path = _GROUPS) -> int:
    """Threads that can run at once, at least 1.

    Args:
        groups: where the quotas are.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(groups)
    return max(1, cores if quota is None else min(cores, int(quota)))


def _quota(groups: Path) -> float | None:
    """Processors' worth of time that the container gets, or None for all of it."""
    try:
        allowed, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            allowed = (groups / "cpu/cpu.cfs_quota_us").read_text()
            period = (groups / "cpu/cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        quota = int(allowed) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return quota if quota > 0 else None
