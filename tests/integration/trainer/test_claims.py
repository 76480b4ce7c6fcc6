"""What a config sets and the trainer does not obey is refused by its path."""

import pytest
from tests.integration.trainer.runs import Runs

from rankspec.checking.check import check
from rankspec.claims.registry import unclaimed_paths
from rankspec.cli import main
from rankspec.families.jobs import refusals

_SET_AND_NOT_OBEYED = {
    'model { large_embeddings { tables { name: "t" num_embeddings: 9 embedding_dim: 4 } } }': "model.large_embeddings",
}


def test_small_config_is_obeyed_in_full(runs: Runs) -> None:
    assert list(unclaimed_paths(runs.job("run").config)) == []


@pytest.mark.parametrize(("change", "path"), _SET_AND_NOT_OBEYED.items(), ids=_SET_AND_NOT_OBEYED.values())
def test_field_that_nothing_obeys_is_named(runs: Runs, change: str, path: str) -> None:
    assert list(unclaimed_paths(runs.job("run", change).config)) == [path]


def test_deprecated_field_is_trained_without(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    file = runs.folder / "run.textproto"
    file.write_text(runs.job("run", 'train_data { sampler { name: "half" } } training { num_train_steps: 2 }').text)

    assert main(["train", str(file)]) == 0
    assert capsys.readouterr().err.count("[schema.deprecated]") == 1


def test_every_field_of_wandb_is_obeyed(runs: Runs) -> None:
    change = (
        'runtime { wandb { host: "https://a.example" key_path: "k" name: "n" entity: "e" project: "p" tags: "t" '
        'notes: "o" metadata { key: "a" value: "b" } } }'
    )

    assert list(unclaimed_paths(runs.job("run", change).config)) == []


def test_refusal_says_where(runs: Runs) -> None:
    file = runs.folder / "run.textproto"
    (change,) = _SET_AND_NOT_OBEYED
    file.write_text(runs.job("run", change).text)

    (refusal,) = refusals(check([file]))

    assert refusal.path == "model.large_embeddings"
    assert refusal.position is not None
    line = file.read_text().splitlines()[refusal.position.line - 1]
    assert "large_embeddings" in line
