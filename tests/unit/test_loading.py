"""From files to one message: forms, headers, overlays, and files that cannot be read."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rankspec.recap.v1 import recap_pb2
from rankspec.twhin.v1 import twhin_pb2
from tests.unit.example_configs import HEADER, VALID, write

from rankspec.checking.check import check, load
from rankspec.composition.compose import compose
from rankspec.diagnostics.diagnostic import ConfigError
from rankspec.formats.reading import read_header
from rankspec.formats.writing import to_textproto
from rankspec.formats.writing import write as written
from rankspec.schema.defaults import resolve


def test_valid_config_loads_without_diagnostics(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, VALID))

    assert isinstance(loaded.message, recap_pb2.RecapConfig)
    assert loaded.diagnostics == []
    assert loaded.message.train_data.global_batch_size == 32


@pytest.mark.parametrize(
    ("extension", "form"), [("txtpb", "textproto"), ("json", "json"), ("yaml", "json"), ("binpb", "binary")]
)
def test_every_form_gives_the_same_message(tmp_path: Path, extension: str, form: str) -> None:
    config = load(write(tmp_path, VALID)).message
    path = tmp_path / f"same.{extension}"
    path.write_bytes(written(config, form))

    assert load(path).message == config


def test_mistakes_raise_one_error_with_all_of_them(tmp_path: Path) -> None:
    text = VALID.replace("global_batch_size: 32", "global_batch_size: 0").replace("0.01", "nan")

    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))

    assert {(d.path, d.code) for d in caught.value.diagnostics} == {
        ("train_data.global_batch_size", "int32.gt"),
        ("optimizer.single_task_learning_rate.constant", "double.finite"),
    }


@pytest.mark.parametrize(
    ("header", "message"),
    [
        pytest.param("", recap_pb2.RecapConfig, id="none"),
        pytest.param("# proto-message: rankspec.twhin.v1.TwhinConfig\n", twhin_pb2.TwhinConfig, id="full_name"),
        pytest.param("# proto-file: rankspec/twhin/v1/twhin.proto\n", twhin_pb2.TwhinConfig, id="file_alone"),
        pytest.param(
            "# A config.\n\n# proto-file: rankspec/twhin/v1/twhin.proto\n# proto-message: TwhinConfig\n",
            twhin_pb2.TwhinConfig,
            id="file_and_message_after_a_comment",
        ),
    ],
)
def test_header_chooses_the_message(tmp_path: Path, header: str, message: type) -> None:
    assert type(compose(write(tmp_path, header)).message) is message


def test_message_argument_goes_before_the_header(tmp_path: Path) -> None:
    loaded = compose(write(tmp_path, HEADER), message="rankspec.optim.v1.LearningRate")

    assert loaded.message.DESCRIPTOR.full_name == "rankspec.optim.v1.LearningRate"


def test_header_after_the_first_field_is_a_comment() -> None:
    assert read_header(b"a: 1\n# proto-message: X\n").proto_message is None


@pytest.mark.parametrize(
    ("text", "message", "code", "line"),
    [
        pytest.param("# proto-message: RecapConfg\n", None, "file.unknown_message", 1, id="header/misspelled"),
        pytest.param("\n# proto-file: other/x.proto\n", None, "file.unknown_message", 2, id="header/foreign_file"),
        pytest.param("", "no.such.Message", "file.unknown_message", 1, id="argument/unknown"),
        pytest.param("", "TrainingConfig", "file.unknown_message", 1, id="argument/ambiguous"),
    ],
)
def test_unknown_message_is_one_diagnostic(
    tmp_path: Path, text: str, message: str | None, code: str, line: int
) -> None:
    path = write(tmp_path, text)
    (diagnostic,) = check(path, message=message).diagnostics

    assert diagnostic.code == code
    assert diagnostic.suggestion
    assert diagnostic.position
    assert (diagnostic.position.file, diagnostic.position.line) == (str(path), line)


def _missing(folder: Path) -> Path:
    return folder / "nothing.textproto"


def _folder(folder: Path) -> Path:
    (folder / "folder.textproto").mkdir()
    return folder / "folder.textproto"


def _not_utf8(folder: Path) -> Path:
    path = folder / "latin1.textproto"
    path.write_bytes(b'which_metrics: "\xe9"\n')
    return path


def _unknown_extension(folder: Path) -> Path:
    return write(folder, VALID, "config.toml")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(_missing, "file.missing", id="missing"),
        pytest.param(_folder, "file.is_folder", id="folder"),
        pytest.param(_not_utf8, "parse.not_portable.encoding", id="not_utf8"),
        pytest.param(_unknown_extension, "file.unknown_form", id="unknown_extension"),
        pytest.param(lambda _: Path("bad\0name"), "file.missing", id="impossible_name"),
    ],
)
def test_file_that_cannot_be_read_is_a_diagnostic(tmp_path: Path, make: Callable[[Path], Path], code: str) -> None:
    diagnostics = check(make(tmp_path)).diagnostics

    assert code in {diagnostic.code for diagnostic in diagnostics}
    assert all(diagnostic.position for diagnostic in diagnostics)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_file_without_permission_is_a_diagnostic(tmp_path: Path) -> None:
    path = write(tmp_path, VALID)
    path.chmod(0)

    assert [d.code for d in check(path).diagnostics] == ["file.unreadable"]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        pytest.param("a.yaml", "train_data: {<<: *nothing}", "parse.syntax", id="alias_of_nothing"),
        pytest.param("a.json", '{"training": {"x": ' + "[" * 300, "parse.too_deep", id="nested_too_deep"),
        pytest.param("a.json", '{"training": {"num_train_steps": 5}', "parse.unterminated", id="missing_brace"),
        pytest.param("a.textproto", "unknown { model {", "parse.unterminated", id="unknown_block_without_end"),
    ],
)
def test_what_could_not_be_read_is_not_also_missing(tmp_path: Path, name: str, text: str, code: str) -> None:
    found = check(write(tmp_path, text, name)).diagnostics

    assert code in {diagnostic.code for diagnostic in found}
    assert not [d for d in found if d.code in {"required", "map.min_pairs"} and d.path.startswith("train_data.")]
    assert name == "a.yaml" or "required" not in {diagnostic.code for diagnostic in found}


def test_link_to_nowhere_says_where(tmp_path: Path) -> None:
    link = tmp_path / "ranker.textproto"
    link.symlink_to("nowhere.textproto")

    (diagnostic,) = check(link).diagnostics

    assert "nowhere.textproto" in (diagnostic.suggestion or "")


def test_misspelled_file_name_is_suggested(tmp_path: Path) -> None:
    write(tmp_path, VALID, "ranker.textproto")

    (diagnostic,) = check(tmp_path / "rankr.textproto").diagnostics

    assert "ranker.textproto" in (diagnostic.suggestion or "")


@pytest.mark.parametrize(
    "data", [pytest.param(VALID.encode(), id="textproto"), pytest.param(b'{"whichMetrics": "loss"}', id="json")]
)
def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    loaded = compose("-")

    assert loaded.file == "<stdin>"
    assert loaded.message.ListFields()


def test_resolved_config_is_a_config(tmp_path: Path) -> None:
    config = load(write(tmp_path, VALID)).message
    path = write(tmp_path, to_textproto(resolve(config)), "resolved.textproto")

    assert load(path).message == resolve(config)


def test_overlay_of_another_message_is_refused(tmp_path: Path) -> None:
    base = write(tmp_path, VALID)
    overlay = write(tmp_path, "# proto-message: rankspec.twhin.v1.TwhinConfig\n", "overlay.textproto")

    assert [d.code for d in check([base, overlay]).diagnostics] == ["file.other_message"]


def test_overlay_without_header_is_of_the_base_message(tmp_path: Path) -> None:
    base = write(tmp_path, "# proto-message: rankspec.twhin.v1.TwhinConfig\n")
    overlay = write(tmp_path, "training { num_epochs: 3 }\n", "overlay.textproto")

    assert compose([base, overlay]).message.training.num_epochs == 3
