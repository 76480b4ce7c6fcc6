"""Long lists of metrics by stratum are judged at once."""

from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check

STRATA = " ".join(f'stratifiers {{ name: "s{number}" index: 0 value: 1 }}' for number in range(256))
CONFIG = VALID.replace("featurization_config", f"{STRATA} featurization_config").replace(
    "seg_dense_schema {", 'seg_dense_schema { renamed_features { key: "discrete" value: "d" }'
)


@pytest.mark.parametrize(
    ("entry", "count", "words"),
    [
        pytest.param("loss@s255", 2048, [], id="most"),
        pytest.param("loss@s256", 2048, ['"loss@s256" is of a stratum that model.stratifiers does not have'], id="odd"),
        pytest.param("loss@s255", 1_000_000, ["1000000 entries are more than 2048, the most where one"], id="too_many"),
        pytest.param("loss", 1_000_000, [], id="of_the_whole"),
    ],
)
def test_metrics_of_strata_are_counted(tmp_path: Path, entry: str, count: int, words: list[str]) -> None:
    names = ",".join([entry] * count)

    found = check([write(tmp_path, f'{CONFIG}which_metrics: "{names}"\n')]).diagnostics

    assert [(one.path, one.code) for one in found] == [("which_metrics", "recap.config.metrics_have_strata")] * len(
        words
    )
    assert [one.message.startswith(text) for one, text in zip(found, words, strict=True)] == [True] * len(words)
