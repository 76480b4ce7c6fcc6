"""The verdict command of every language says the same of the same files."""

from pathlib import Path
from typing import Any

import pytest
from rankspec.recap.v1.layers_pb2 import MlpConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.conformance.running import LANGUAGES, ROOT, missing_tools, verdicts

_MLP = "# proto-file: rankspec/recap/v1/layers.proto\n# proto-message: MlpConfig\n"
# By file name: its content and the codes of its violations.
_FILES: dict[str, tuple[bytes, list[str]]] = {
    "short_name.textproto": (f"{_MLP}layer_sizes: 1".encode(), []),
    "full_name.txtpb": (b"\n\t# proto-message: rankspec.recap.v1.MlpConfig\r\nlayer_sizes: 1", []),
    "first_name_counts.pbtxt": (f"{_MLP}# proto-message: Other\nlayer_sizes: 1".encode(), []),
    "other_comments_between.textproto": (f"# A config.\n\n{_MLP}layer_sizes: 1".encode(), []),
    "no_extension": (f"{_MLP}layer_sizes: 1".encode(), []),
    "upper_extension.TEXTPROTO": (f"{_MLP}layer_sizes: 1".encode(), []),
    "name_without_file.textproto": (b"# proto-message: MlpConfig\nlayer_sizes: 1", []),
    "file_without_name.textproto": (b"# proto-file: rankspec/optim/v1/optimizer.proto\n", ["file.unknown_message"]),
    "twhin.textproto": (b"# proto-file: rankspec/twhin/v1/twhin.proto\nlayer_sizes: 1", ["parse."]),
    "foreign_file.textproto": (b"# proto-file: google/protobuf/any.proto\n", ["file.unknown_message"]),
    "foreign_message.textproto": (b"# proto-message: google.protobuf.Any\n", ["file.unknown_message"]),
    "misspelled_message.textproto": (b"# proto-message: MlpConfg\n", ["file.unknown_message"]),
    "late_header.textproto": (f"layer_sizes: 1\n{_MLP}".encode(), ["parse."]),
    "variable.textproto": (b"# proto-message: rankspec.train.v1.WandbConfig\nkey_path: '${RANKSPEC_KEY}'", []),
    "unset.textproto": (b"# proto-message: rankspec.train.v1.WandbConfig\nkey_path: '${RANKSPEC_NO}'", ["env.unset"]),
    "broken.textproto": (f"{_MLP}layer_sizes: [0, -1]".encode(), ["int32.gt", "int32.gt"]),
    "empty_binary.binpb": (RecapConfig().SerializeToString(), ["required", "required", "required"]),
    "binary.pb": (RecapConfig(training={"num_train_steps": 0}).SerializeToString(), ["required"] * 3 + ["int64.gt"]),
    "of_another_message.pb": (MlpConfig(layer_sizes=[1]).SerializeToString(), ["parse."]),
    "unknown_extension.toml": (b"", ["file.unknown_form"]),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    for name, (content, _) in _FILES.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in _FILES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_found_out_about_alike(language: str, files: list[Path]) -> None:
    _skip_without_tools(language)

    folder = files[0].parent
    expected = [*(codes for _, codes in _FILES.values()), ["file.is_folder"], ["file.missing"]]

    lines = verdicts(language, [*files, folder, folder / "missing.textproto"], {"RANKSPEC_KEY": "k"})

    assert [line["file"] for line in lines[: len(files)]] == list(map(str, files))
    assert [_codes(line) for line in lines] == expected
    assert [_places(line) for line in lines] == [_places(line) for line in _verdicts_of_python(files)]
    assert all(line["ok"] == (not line["violations"]) == (line["full"] is not None) for line in lines)


def _verdicts_of_python(files: list[Path]) -> list[dict[str, Any]]:
    folder = files[0].parent
    return verdicts("python", [*files, folder, folder / "missing.textproto"], {"RANKSPEC_KEY": "k"})


def _places(line: dict[str, Any]) -> list[tuple[int | None, int | None]]:
    """Lines and columns of a verdict; none of a file that cannot be read, where languages find different mistakes."""
    return [] if _codes(line) == ["parse."] else [(v["line"], v["column"]) for v in line["violations"]]


def _codes(line: dict[str, Any]) -> list[str]:
    """The codes of a verdict; of a file that cannot be read, only that it cannot is the same everywhere."""
    codes = [violation["code"] for violation in line["violations"]]
    return ["parse."] if any(code.startswith("parse.") for code in codes) else codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_configs_have_the_same_fingerprints(language: str) -> None:
    _skip_without_tools(language)
    configs = sorted((ROOT / "configs").rglob("*.textproto"))

    found, expected = verdicts(language, configs, {}), verdicts("python", configs, {})

    assert found == expected
    assert all(line["ok"] for line in found)


def _skip_without_tools(language: str) -> None:
    missing = missing_tools(language)
    if missing:
        pytest.skip(f"{language} left out: {', '.join(missing)} not installed")
