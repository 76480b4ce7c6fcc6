"""Every probe of the ranker's fields shows what it says, and only through the adapter that claims the field."""

from collections.abc import Iterator

import pytest
from tests.liveness.fields import claims_on
from tests.liveness.probe import Probe, Prober
from tests.liveness.proving import prober_of, prove
from tests.liveness.recap_probes import PROBES


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    with prober_of("recap") as prober:
        yield prober


@pytest.mark.parametrize("probe", PROBES, ids=str)
def test_probe(prober: Prober, probe: Probe) -> None:
    prove(prober, probe)


def test_adapters_read_all_that_they_claim(prober: Prober) -> None:
    assert prober.unread(PROBES, claims_on("recap")) == []
