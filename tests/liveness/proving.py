"""Runs the probes of a root, each the way it proves something."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tests.liveness.places import Place
from tests.liveness.probe import Probe, Prober, Verdict

_FOLDER = Path(__file__).parent


@contextmanager
def prober_of(root: str) -> Iterator[Prober]:
    """What runs a root's probes, with data of its own."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        yield Prober(_FOLDER / f"{root}.textproto", Place(Path(folder)))


def prove(prober: Prober, probe: Probe) -> None:
    """Makes sure that the change is seen, and that it would not be if the adapter did not see it.

    Raises:
        Failure: it is not so.
    """
    prober.run(probe)
    if not isinstance(probe.sees, Verdict):
        prober.run_blind(probe)
