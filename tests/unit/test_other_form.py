"""A file of another form than its name says, or of no text at all, has one mistake."""

from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from rankspec.recap.v1 import recap_pb2
from tests.unit.example_configs import VALID

from rankspec.checking.check import check
from rankspec.formats.writing import write

CONFIG: Message = text_format.Parse(VALID, recap_pb2.RecapConfig())
FORMS = {
    "text": VALID.encode(),
    "json": write(CONFIG, "json"),
    "yaml": yaml.safe_dump(json_format.MessageToDict(CONFIG)).encode(),
    "binary": write(CONFIG, "binary"),
}


@pytest.mark.parametrize(
    ("name", "form", "suggestion"),
    [
        pytest.param("a.json", "text", ".textproto", id="text_as_json"),
        pytest.param("a.yaml", "text", ".textproto", id="text_as_yaml"),
        pytest.param("a.binpb", "text", ".textproto", id="text_as_binary"),
        pytest.param("a.textproto", "json", ".json", id="json_as_text"),
        pytest.param("a.binpb", "json", ".json", id="json_as_binary"),
        pytest.param("a.textproto", "yaml", ".yaml", id="yaml_as_text"),
        pytest.param("a.json", "yaml", ".yaml", id="yaml_as_json"),
        pytest.param("a", "yaml", ".yaml", id="yaml_without_extension"),
    ],
)
def test_form_that_the_name_does_not_say_is_recognised(tmp_path: Path, name: str, form: str, suggestion: str) -> None:
    assert _told(tmp_path / name, FORMS[form]) == [
        ("parse.other_form", f"give the file a name that ends in {suggestion}")
    ]


@pytest.mark.parametrize(
    ("name", "data", "suggestion"),
    [
        pytest.param("a.textproto", VALID.encode("utf-16"), "save the file as UTF-8", id="utf_16"),
        pytest.param("a.json", VALID.encode("utf-16-be"), "save the file as UTF-8", id="utf_16_without_mark"),
        pytest.param(
            "a.yaml",
            bytes(range(256)),
            "a config in the binary form has a name that ends in .binpb",
            id="binary",
        ),
    ],
)
def test_what_is_no_text_is_one_mistake(tmp_path: Path, name: str, data: bytes, suggestion: str) -> None:
    assert _told(tmp_path / name, data) == [("parse.not_portable.encoding", suggestion)]


def test_mistake_in_the_form_that_the_name_says_is_told_as_such(tmp_path: Path) -> None:
    codes = [code for code, _ in _told(tmp_path / "a.textproto", FORMS["text"].replace(b"adam {}", b"adam {} ]"))]

    assert codes == ["parse.syntax"]


def test_json_with_a_comma_too_many_is_not_taken_for_yaml(tmp_path: Path) -> None:
    told = _told(tmp_path / "a.json", FORMS["json"].rstrip().removesuffix(b"}") + b",}")
    assert [code for code, _ in told] == ["parse.syntax"]


def test_json_may_be_called_yaml(tmp_path: Path) -> None:
    assert _told(tmp_path / "a.yaml", FORMS["json"]) == []


def _told(path: Path, data: bytes) -> list[tuple[str, str | None]]:
    path.write_bytes(data)
    return [(diagnostic.code, diagnostic.suggestion) for diagnostic in check(path).diagnostics]
