"""The demo on a small data set: it trains, compares, exports, verifies, and asks a server that it ends again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.unit.small_movielens import NUM_ITEMS, NUM_USERS, interactions, write_atomic, write_grouplens

import rankspec
from rankspec import scoring
from rankspec.cli import demo_serving, main
from rankspec.cli.stopping import VerbError
from rankspec.datasets import movielens_baselines
from rankspec.datasets.movielens_candidates import candidates
from rankspec.datasets.movielens_features import build_features, split_rows
from rankspec.datasets.movielens_formats import read_tables

_RANKER = Path(__file__).parents[3] / "configs/movielens/ranker.textproto"


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verb's arguments, for a data set and a ranker of a few seconds."""
    folder = tmp_path / "movielens"
    # Set and taken back, as the demo sets it itself.
    monkeypatch.setenv("MOVIELENS_DATA", str(folder))
    monkeypatch.setattr(demo_serving, "_NUM_REQUESTS", 5)
    # Of so few rows no baseline learns what is expected of it.
    monkeypatch.setattr(movielens_baselines, "check_baselines", lambda _scores: None)
    changes = {
        "training.num_train_steps": 2,
        "training.eval_log_every_n": 2,
        "model.small_embeddings.tables[0].num_embeddings": NUM_USERS,
        "model.small_embeddings.tables[1].num_embeddings": NUM_ITEMS,
        "train_data.global_batch_size": 100,
        "train_data.examples_shuffle_buffer_size": 480,
    }
    config = tmp_path / "small.textproto"
    config.write_text(rankspec.to_textproto(rankspec.load(_RANKER, set=changes).message))
    source = write_grouplens(tmp_path / "source")
    return ["demo", "--source", str(source), "--folder", str(folder), "--config", str(config)]


@pytest.mark.slow
def test_demo_ends_with_lists_and_times_from_a_server_that_it_ends(
    demo: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(demo) == 0

    printed = capsys.readouterr().out
    folder = tmp_path / "movielens"
    assert f"$ rankspec export {folder / 'run'} -o {folder / 'bundles/1'}" in printed
    assert f"{folder / 'bundles/1'}: whole; " in printed
    assert re.search(r"^5 requests of \d+ rows over gRPC: p50 \d+\.\d ms, p99 \d+\.\d ms$", printed, re.MULTILINE)
    assert '"event": "ended"' in (folder / "serve.log").read_text().splitlines()[-1]
    # The server's first film of the first user is that of the scorer.
    (one,) = candidates(read_tables(tmp_path / "source"), [1])
    with scoring.open(folder / "bundles/1") as scorer:
        liked = scorer.score(one.inputs, scorer.signature_hash)["liked"]
    best = int(np.argmax(liked))
    assert re.search(rf"^1 +{liked[best]:.3f} {re.escape(one.titles[best])}", printed, re.MULTILINE)


@pytest.mark.parametrize(("module", "extra"), [("onnx", "export"), ("aiohttp", "serve")])
def test_demo_without_what_serving_takes_says_so_and_ends_well(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for name in [name for name in sys.modules if name.startswith("rankspec.scoring.server.")]:
        monkeypatch.delitem(sys.modules, name)

    status = demo_serving.serve(tmp_path / "run", tmp_path, read_tables(write_grouplens(tmp_path / "source")))

    assert status == 0
    assert capsys.readouterr().out == (
        f"the demo ends here without `pip install 'rankspec[{extra}]'`, which exports the ranker and serves it\n"
    )


def test_server_that_does_not_start_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(VerbError, match=r"did not start; .*serve.log says why"),
        demo_serving._server(tmp_path / "nowhere", tmp_path / "serve.log"),
    ):
        pass
    assert "nowhere is no folder" in (tmp_path / "serve.log").read_text()


def test_candidates_are_the_films_that_a_user_has_not_rated_with_their_features(tmp_path: Path) -> None:
    tables = read_tables(write_grouplens(tmp_path / "grouplens"))

    (first, second) = candidates(tables, [3, 7])

    rated = {film for user, film, *_ in interactions() if user == 7}
    unrated = [film for film in range(1, NUM_ITEMS + 1) if film not in rated]
    assert second.user == 7
    assert second.titles == tuple(tables.titles[film - 1] for film in unrated)
    assert second.inputs["discrete"].tolist() == [[6, film - 1] for film in unrated]
    assert len(first.titles) == NUM_ITEMS - sum(user == 3 for user, *_ in interactions())
    # What a row of the test part says of a user, and of a film, holds for every pair of them.
    split = split_rows(tables.timestamps)
    features = build_features(tables, split)
    for one, place, columns in ((second, 0, slice(0, 5)), (second, 1, slice(5, 10))):
        for row in split.test:
            same = one.inputs["discrete"][:, place] == features.discrete[row, place]
            found = one.inputs["continuous"][same, columns]
            np.testing.assert_array_equal(found, np.broadcast_to(features.continuous[row, columns], found.shape))


@pytest.mark.parametrize("write", [write_grouplens, write_atomic])
def test_both_forms_give_the_films_their_titles_with_the_year(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    titles = read_tables(write(tmp_path)).titles

    assert titles[0] == "Café 1, The"
    assert titles[2:] == tuple(f"Café {film}, The ({1960 + film})" for film in range(3, NUM_ITEMS + 1))
