"""The commands and the example of docs/serving.md run, and no secret of the environment gets into a bundle."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import text_format
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tritonclient.grpc import model_config_pb2

from rankspec.checking.check import check
from rankspec.cli import main

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
# Up to the server, which would go on until it is asked to end; it has tests of its own.
_PAGE = (_ROOT / "docs/serving.md").read_text().partition("\n## Server\n")[0]
# A folder that only the environment names, and which training writes to and reads from.
_PLANTED = "hunter2-of-the-environment"
_TASK = "recap.engagement.is_favorited"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the page's commands have been run, with runs and data where a secret says."""
    folder = tmp_path_factory.mktemp("served")
    secret = folder / _PLANTED
    secret.mkdir()
    (folder / "configs").symlink_to(_ROOT / "configs")
    # Where the commands of the page expect the run.
    (folder / "build").mkdir()
    (folder / "build" / "runs").symlink_to(secret)
    data = _ROOT / "configs" / "recap" / "tiny_data"
    (secret / "data").symlink_to(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("RANKSPEC_RUNS", str(secret))
        patch.setenv("RANKSPEC_TINY", str(secret / "data"))
        for block in _blocks("sh"):
            for line in block.splitlines():
                assert main(shlex.split(line, comments=True)[1:]) == 0, line
    return folder


def test_the_example_of_the_page_runs(place: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _blocks("python")[0]], cwd=place, capture_output=True, text=True, check=True
    )

    assert len(ran.stdout.strip("[]\n").split()) == 2


def test_no_text_of_the_environment_is_in_a_bundle(place: Path) -> None:
    assert _PLANTED in (place / "build/runs/tiny/resolved.textproto").read_text()
    for bundle in ("tiny", "other"):
        for file in (place / "build/bundles" / bundle).iterdir():
            data = file.read_bytes()
            assert _PLANTED.encode() not in data, file.name
            assert str(place).encode() not in data, file.name


def test_the_config_in_a_bundle_is_right_once_its_variables_are_set(place: Path) -> None:
    file = place / "build/bundles/tiny/resolved.textproto"
    names = set(re.findall(r"\$\{(\w+)\}", file.read_text()))

    assert "TRAINING_SAVE_DIR" in names
    assert check(file, environment=dict.fromkeys(names, "here")).ok


def test_show_and_diff_say_what_the_manifests_say(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = (str(place / "build/bundles" / name) for name in ("tiny", "other"))

    assert main(["bundle", "show", one, "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert main(["bundle", "diff", one, one]) == 0
    assert capsys.readouterr().out == "the same bundle\n"
    assert main(["bundle", "diff", one, other]) == 0
    differences = {line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()}

    manifest = BundleManifest.FromString((Path(one) / "manifest.binpb").read_bytes())
    assert shown["fingerprint"] == manifest.fingerprint
    assert shown["step"] == str(manifest.step)
    assert differences == {
        "fingerprint",
        "files[resolved.binpb]",
        "files[resolved.textproto]",
        f'score_weights["{_TASK}"]',
        f'config score_weights["{_TASK}"]',
    }


def test_export_writes_a_model_repository_of_triton_too(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)

    assert main(["export", "build/runs/tiny", "-o", "build/again", "--triton", "build/triton"]) == 0

    shown = capsys.readouterr()
    assert "build/triton: a model repository of Triton\n" in shown.out
    # Nobody named it.
    assert "build/runs/tiny: checkpoint 60, the newest, as none is known to be the best" in shown.err
    manifest = BundleManifest.FromString(Path("build/again/manifest.binpb").read_bytes())
    model = Path("build/triton/again")
    config = text_format.Parse((model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())
    types = {True: model_config_pb2.TYPE_FP32, False: model_config_pb2.TYPE_INT64}
    assert config.name == "again"
    assert [(item.name, item.data_type, list(item.dims)) for item in config.input] == [
        (item.name, types[item.HasField("non_finite_value")], [item.width]) for item in manifest.signature.inputs
    ]
    assert [(item.name, list(item.dims)) for item in config.output] == [("outputs", [len(manifest.outputs)])]
    assert (model / "tasks.txt").read_text().splitlines() == [output.name for output in manifest.outputs]
    assert config.parameters["signature_hash"].string_value == manifest.signature.hash
    assert (model / str(manifest.step) / "model.onnx").read_bytes() == Path("build/again/model.onnx").read_bytes()
    assert len(config.model_warmup) == len(manifest.golden_batches)


def test_nothing_is_exported_where_triton_s_repository_would_be_written_over(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)

    assert main(["export", "build/runs/tiny", "-o", "new", "--triton", "configs"]) == 1

    assert "`configs` is there" in capsys.readouterr().err
    assert not Path("new").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["export", "build/runs/tiny", "-o", "build/bundles/tiny"], "is there", id="over a bundle"),
        pytest.param(["export", "build/runs", "-o", "new"], "has no checkpoint", id="no run"),
        pytest.param(["export", "build/runs/tiny", "--checkpoint", "7", "-o", "new"], "7", id="no such checkpoint"),
        pytest.param(["bundle", "verify", "build"], "NO_BUNDLE", id="no bundle"),
        pytest.param(
            ["bundle", "verify", "build/bundles/tiny", "--expect-digest", "0" * 64], "DIGEST_MISMATCH", id="digest"
        ),
        pytest.param(
            ["bundle", "set-weights", "build/bundles/tiny", "-o", "new", "likes=1"],
            "has no output likes; weigh ",
            id="no task",
        ),
        pytest.param(
            ["bundle", "set-weights", "build/bundles/tiny", "-o", "new", f"{_TASK}=1", f"{_TASK}=2"],
            "two weights",
            id="twice",
        ),
    ],
)
def test_a_mistake_is_one_error_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(place)

    assert main(arguments) == 1

    assert said in capsys.readouterr().err
    assert not Path("new").exists()
