"""A probe that shows nothing fails, and says why."""

from collections.abc import Iterator
from itertools import count

import pytest
from tests.liveness import observations as see
from tests.liveness.directions import larger
from tests.liveness.probe import Failure, Observation, Probe, Prober, Verdict
from tests.liveness.proving import prober_of, prove

from rankspec.trainer.setup import Job

_NUMBERS = count()
_LARGE = '{ tables { name: "a" num_embeddings: 9 embedding_dim: 2 } optimizer { learning_rate { constant: 0.1 } } }'


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    with prober_of("recap") as prober:
        yield prober


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (Probe('model.tasks["like"].pos_weight', "4", see.structure), "nothing changes"),
        (Probe('model.tasks["like"].pos_weight', "1", see.gradients), "nothing changes"),
        (
            Probe("optimizer.adam.weight_decay", "20", see.updates, larger("backbone")),
            "larger in backbone: it does not",
        ),
        (Probe("runtime.seed", "4", Observation("a counter", lambda _job: next(_NUMBERS))), "differs between two runs"),
        (Probe("runtime.seed", "4", Observation("the config", lambda job: job.text)), "no adapter has read the field"),
        (Probe("model.large_embeddings", '{ tables { name: "a" } }', see.structure), "num_embeddings"),
        (Probe("model.large_embeddings", _LARGE, see.structure), "does not obey"),
        (Probe("training.num_train_steps", "5", Verdict("what is allowed")), "nothing changes"),
    ],
    ids=[
        "elsewhere",
        "same value",
        "other direction",
        "not deterministic",
        "dump of the config",
        "invalid",
        "refused",
        "verdict",
    ],
)
def test_probe_that_shows_nothing_fails(prober: Prober, probe: Probe, reason: str) -> None:
    with pytest.raises(Failure, match=reason):
        prober.run(probe)


def test_change_that_goes_past_the_adapter_is_no_proof(prober: Prober) -> None:
    def dump(job: Job) -> list[object]:
        return [see.first_values.of(job), job.text]

    with pytest.raises(Failure, match="though the adapter does not see the change"):
        prove(prober, Probe("runtime.seed", "4", Observation("the first values and the config", dump)))
