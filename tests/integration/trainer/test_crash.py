"""The short form of `make crash-test`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.crash.checks import check
from tests.crash.kills import VARIANTS, CrashTest
from tests.crash.rounds import Happened, accidents
from tests.crash.scene import Scene
from tests.integration.trainer.runs import Runs


@pytest.mark.slow
def test_runs_killed_at_random_moments_end_as_if_they_had_not_been(runs: Runs) -> None:
    by_name = {variant.name: variant for variant in VARIANTS}
    test = CrashTest(runs, seed=0)

    kills = [
        test.kill(by_name["float32"], in_write=True),
        test.kill(by_name["float16"], in_write=False),
        test.kill(by_name["2 processes"], in_write=False),
    ]

    assert [kill.variant.name for kill in kills] == ["float32", "float16", "2 processes"]
    assert kills[0].in_write


@pytest.mark.slow
def test_run_outlives_accidents_in_a_row(tmp_path: Path) -> None:
    told: list[Happened] = []
    happened = accidents(tmp_path, 8, 0, told.append)

    assert happened == told
    assert len({one.kind for one in happened}) == 8
    assert happened[-1].step > 0


def _cut_off_a_foreign_file(scene: Scene) -> None:
    scene.foreign.write(scene.run / "7.old" / "notes.txt", scene.source)
    (scene.run / "7.old" / "notes.txt").write_bytes(b"")


def _take_the_newest_checkpoint_away(scene: Scene) -> None:
    scene.move_aside(next(scene.whole()).folder)


def _repeat_a_line(scene: Scene) -> None:
    path = scene.run / "metrics.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines(keepends=True)[-1])


def _lose_a_line(scene: Scene) -> None:
    path = scene.run / "metrics.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))


def _spoil_status(scene: Scene) -> None:
    (scene.run / "status.json").write_text("{")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(_cut_off_a_foreign_file, "not the run's, and changed or gone", id="foreign-file"),
        pytest.param(_take_the_newest_checkpoint_away, "was whole, and the newest is", id="checkpoint"),
        pytest.param(_repeat_a_line, "stands twice", id="line-twice"),
        pytest.param(_lose_a_line, "has lost steps", id="line-lost"),
        pytest.param(_spoil_status, "Expecting property name", id="status"),
    ],
)
def test_crash_test_sees_what_is_lost(spoil: Callable[[Scene], None], told: str, begun: Scene) -> None:
    spoil(begun)

    with pytest.raises((AssertionError, ValueError), match=told):
        check(begun)


@pytest.fixture
def begun(tmp_path: Path) -> Scene:
    """A run that has begun, and of which all is as it has to be."""
    scene = Scene(tmp_path / "scene", "0")
    scene.train()
    check(scene)
    return scene
