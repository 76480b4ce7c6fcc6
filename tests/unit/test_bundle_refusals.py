"""A bundle that is not opened is refused in one line: the file or field, what was expected and found, what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tests.scoring.tampering import LIST_TAMPERINGS, TAMPERINGS, Tampering, edited
from tests.unit.tiny_bundles import write_bundle

from rankspec import scoring
from rankspec.analysis.fingerprint import fingerprint
from rankspec.cli import main
from rankspec.scoring.writing import list_files, write_manifest

_EXAMPLES = Path(__file__).parents[1] / "scoring"
_REFUSED = [
    *((_EXAMPLES / "example_bundle", name, tampering) for name, tampering in TAMPERINGS.items()),
    *((_EXAMPLES / "example_lists_bundle", name, tampering) for name, tampering in LIST_TAMPERINGS.items()),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "tampering"), [pytest.param(example, one, id=name) for example, name, one in _REFUSED]
)
def test_a_refusal_says_what_was_expected_and_what_to_do(example: Path, tampering: Tampering, tmp_path: Path) -> None:
    shutil.copytree(example, tmp_path / "bundle")
    tampering.spoil(tmp_path / "bundle")

    with pytest.raises(scoring.ScoringError) as caught:
        scoring.open(tmp_path / "bundle")

    text = str(caught.value)
    place = f" {re.escape(caught.value.input)}" if caught.value.input else ""
    assert re.fullmatch(rf"{caught.value.code}{place}: expected [^;]+; .*(export|copy|take|give|put|install) .+", text)
    if caught.value.code == "MANIFEST_INVALID" and "protobuf's binary form" not in text:
        field = re.search(r"expected ([a-z_]+)\S*: .*(, found \S|, as lists are;)", text)
        assert field is not None, text


def test_show_names_the_features_and_those_that_are_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", "show", str(_EXAMPLES / "example_bundle")]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "input        binary: int64 [3], features b/0, b/1, b/2" in lines
    assert "input        discrete: int64 [2], features d/0; not read d/1" in lines


def test_a_file_that_differs_is_told_with_what_was_found(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle")
    (tmp_path / "bundle" / "model.onnx").write_bytes((tmp_path / "bundle" / "model.onnx").read_bytes() + b"x")
    size = (tmp_path / "bundle" / "model.onnx").stat().st_size

    with pytest.raises(scoring.ScoringError) as caught:
        scoring.open(tmp_path / "bundle")

    assert caught.value.expectation == f"the {size - 1} bytes that the manifest lists"
    assert caught.value.found == str(size)


def test_a_name_with_a_line_break_stays_on_its_line(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle")
    (tmp_path / "bundle" / "a\nerror: b").write_text("x")

    with pytest.raises(scoring.ScoringError) as caught:
        scoring.open(tmp_path / "bundle")

    assert caught.value.input == "a\nerror: b"
    assert str(caught.value).startswith(r"FILE_UNLISTED 'a\nerror: b': expected ")


@pytest.mark.parametrize("verb", [("serve",), ("bundle", "verify")], ids=["serve", "verify"])
def test_a_digest_that_is_none_is_refused_before_anything_is_read(
    verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*verb, "nowhere", "--expect-digest", "5e2f"]) == 2
    assert "'5e2f' is no SHA-256; give its 64 hexadecimal digits" in capsys.readouterr().err


def test_a_digest_in_capitals_is_the_same(tmp_path: Path) -> None:
    digest = write_bundle(tmp_path / "bundle")

    assert main(["bundle", "verify", str(tmp_path / "bundle"), "--expect-digest", digest.upper()]) == 0


def test_of_two_bundles_the_one_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle(tmp_path / "bundle")

    assert main(["bundle", "diff", str(tmp_path / "bundle"), str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'none'}: NO_BUNDLE: ")


def _set_config(folder: Path, config: bytes) -> None:
    (folder / "resolved.binpb").write_bytes(config)
    manifest_file = folder / "manifest.binpb"
    manifest = BundleManifest.FromString(manifest_file.read_bytes())
    manifest_file.unlink()
    list_files(folder, manifest)
    write_manifest(folder, manifest)


def _said_otherwise(manifest: BundleManifest) -> None:
    manifest.generator = "others"
    manifest.signature.inputs[0].feature_names[2] = "height"
    manifest.outputs[1].kind = bundle_pb2.OUTPUT_KIND_VALUE
    manifest.tolerance.at_opening = 0.001


def test_diff_tells_values_of_manifests_and_configs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, step, rate in (("one", 1, 0.5), ("other", 2, 0.25)):
        write_bundle(tmp_path / name, step=step)
        config = RecapConfig()
        config.training.save_dir = name
        config.optimizer.multi_task_learning_rates.backbone_learning_rate.constant = rate
        _set_config(tmp_path / name, config.SerializeToString())
    edited(_said_otherwise)(tmp_path / "other")

    assert main(["bundle", "diff", str(tmp_path / "one"), str(tmp_path / "other")]) == 0

    told = {line for line in capsys.readouterr().out.splitlines() if not line.startswith("files[")}
    assert told == {
        'generator: "tests" -> "others"',
        "step: 1 -> 2",
        'signature.inputs[0].feature_names[2]: "weight" -> "height"',
        "outputs[1].kind: OUTPUT_KIND_PROBABILITY -> OUTPUT_KIND_VALUE",
        "tolerance.at_opening: 0.0001 -> 0.001",
        'config training.save_dir: "one" -> "other"  (operational)',
        "config optimizer.multi_task_learning_rates.backbone_learning_rate.constant: 0.5 -> 0.25  (semantic)",
    }


@pytest.mark.parametrize("is_known", [True, False], ids=["no such message", "no such type"])
@pytest.mark.parametrize("verb", ["diff", "set-weights"])
def test_a_config_that_cannot_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, *, is_known: bool
) -> None:
    bundle, other = tmp_path / "bundle", tmp_path / "other"
    write_bundle(bundle)
    _set_config(bundle, b"\xff")
    if not is_known:
        edited(lambda manifest: setattr(manifest, "config_message", "rankspec.later.v1.Config"))(bundle)
    if verb == "diff":
        shutil.copytree(bundle, other)
        edited(_said_otherwise)(other)

    assert (
        main(
            ["bundle", "diff", str(bundle), str(other)]
            if verb == "diff"
            else ["bundle", verb, str(bundle), "-o", str(other), "like=1"]
        )
        == 1
    )

    kind = "recap.v1.RecapConfig" if is_known else "later.v1.Config"
    assert (
        f"is no rankspec.{kind} that this release knows; take the release that wrote it: tests"
        in capsys.readouterr().err
    )


def _called_score(manifest: BundleManifest) -> None:
    manifest.score_weights.clear()
    manifest.outputs[-1].name = "score"


def test_no_combined_score_stands_beside_an_output_of_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle(tmp_path / "bundle")
    edited(_called_score)(tmp_path / "bundle")

    with scoring.open(tmp_path / "bundle") as scorer:
        assert scorer.tasks == ("like", "score")
    assert main(["bundle", "set-weights", str(tmp_path / "bundle"), "-o", str(tmp_path / "other"), "like=1"]) == 1
    assert "has an output score, as the combined score would be called" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_a_combined_score_is_taken_away(tmp_path: Path) -> None:
    config = RecapConfig(score_weights={"like": 1.0, "reply": 2.0})
    digest = write_bundle(tmp_path / "bundle")
    _set_config(tmp_path / "bundle", config.SerializeToString())

    assert main(["bundle", "set-weights", str(tmp_path / "bundle"), "-o", str(tmp_path / "plain"), "none"]) == 0

    with scoring.open(tmp_path / "plain") as scorer:
        assert set(
            scorer.score(
                {"dense": np.zeros((2, 3), np.float32), "ids": np.zeros((2, 2), np.int64)}, scorer.signature_hash
            )
        ) == {"like", "reply"}
        assert scorer.digest != digest
        assert scorer.manifest.fingerprint == fingerprint(RecapConfig()).full
    assert RecapConfig.FromString((tmp_path / "plain" / "resolved.binpb").read_bytes()) == RecapConfig()
    assert b"score_weights" not in (tmp_path / "plain" / "resolved.textproto").read_bytes()


def test_none_stands_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bundle(tmp_path / "bundle")

    command = ["bundle", "set-weights", str(tmp_path / "bundle"), "-o", str(tmp_path / "other")]
    assert main([*command, "none", "like=1"]) == 1
    assert "`none` stands alone" in capsys.readouterr().err
    assert main([*command, "None"]) == 2
    assert "write TASK=NUMBER, or `none` for no combined score" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
