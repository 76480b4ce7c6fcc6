"""Variables in string values."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check
from rankspec.composition.compose import compose

VARIABLES = {"A": "one", "EMPTY": "", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("${A}", "one", id="alone"),
        pytest.param("x/${A}/${A}y", "x/one/oney", id="within_text"),
        pytest.param("${B:-two}", "two", id="default/unset"),
        pytest.param("${EMPTY:-two}", "two", id="default/empty"),
        pytest.param("${A:-two}", "one", id="default/not_needed"),
        pytest.param("${B:-}", "", id="default/empty_text"),
        pytest.param("${B:-a b:c}", "a b:c", id="default/with_punctuation"),
        pytest.param("${EMPTY}", "", id="empty"),
        pytest.param("$${A}", "${A}", id="escaped"),
        pytest.param("$$${A}", "$${A}", id="dollar_and_escaped"),
        pytest.param("${NESTED}", "${A}", id="values_are_not_looked_at_again"),
        pytest.param("$A {A} $", "$A {A} $", id="other_dollars"),
    ],
)
def test_variables_are_replaced(tmp_path: Path, written: str, value: str) -> None:
    loaded = compose(write(tmp_path, f'training {{ save_dir: "{written}" }}'), environment=VARIABLES)

    assert loaded.diagnostics == []
    assert loaded.message.training.save_dir == value


def test_lists_and_map_values_are_looked_at_and_map_keys_are_not(tmp_path: Path) -> None:
    text = (
        'runtime { wandb { key_path: "k" tags: ["${A}", "x"] metadata { key: "${A}" value: "${A}" } } }\n'
        'validation_data { key: "v" value { inputs: "${A}" } }'
    )

    message = compose(write(tmp_path, text), environment=VARIABLES).message

    assert list(message.runtime.wandb.tags) == ["one", "x"]
    assert dict(message.runtime.wandb.metadata) == {"${A}": "one"}
    assert message.validation_data["v"].inputs == "one"


def test_replacement_happens_after_parsing(tmp_path: Path) -> None:
    loaded = compose(write(tmp_path, 'training { save_dir: "${A}" }'), environment={"A": '" num_train_steps: 5 #'})

    assert loaded.message.training.save_dir == '" num_train_steps: 5 #'
    assert not loaded.message.training.HasField("num_train_steps")


def test_variable_written_with_an_escape_is_replaced(tmp_path: Path) -> None:
    text = r'training { save_dir: "\044{A}" }'

    assert compose(write(tmp_path, text), environment=VARIABLES).message.training.save_dir == "one"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        pytest.param("${B}", "env.unset", id="unset"),
        pytest.param("${1A}", "env.malformed", id="name_that_begins_with_a_digit"),
        pytest.param("${A", "env.malformed", id="no_end"),
        pytest.param("${}", "env.malformed", id="no_name"),
        pytest.param("${A-b}", "env.malformed", id="default_without_colon"),
    ],
)
def test_mistake_is_reported_at_its_line(tmp_path: Path, written: str, code: str) -> None:
    text = VALID.replace("data/*.parquet", written)
    loaded = check(write(tmp_path, text), environment=VARIABLES)

    assert [(d.path, d.code) for d in loaded.diagnostics] == [("train_data.inputs", code)]
    position = loaded.diagnostics[0].position
    assert position is not None
    assert text.splitlines()[position.line - 1].lstrip().startswith("inputs:")
    assert loaded.diagnostics[0].suggestion


def test_overridden_variable_need_not_be_set(tmp_path: Path) -> None:
    text = VALID.replace("data/*.parquet", "${B}")

    assert check(write(tmp_path, text), overrides=["train_data.inputs=x"], environment={}).diagnostics == []


def test_variable_in_an_override_is_replaced(tmp_path: Path) -> None:
    loaded = compose(write(tmp_path, VALID), overrides=["training.save_dir=${A}"], environment=VARIABLES)

    assert loaded.message.training.save_dir == "one"


@pytest.mark.parametrize("value", ["caf" + chr(0xDCC3), chr(0xD800), "caf\ufffd"])
def test_variable_that_is_no_text_is_refused_at_its_place_by_its_name(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, 'training {\n  save_dir: "${B:-x}"\n}')

    (refused,) = compose(path, environment={"B": value, "UNUSED": chr(0xDCFF)}).diagnostics

    assert (refused.code, refused.path) == ("env.not_text", "training.save_dir")
    assert refused.position is not None
    assert (refused.position.line, refused.position.column) == (2, 13)
    assert "variable B " in refused.message


def test_replacement_character_of_the_file_itself_stays(tmp_path: Path) -> None:
    loaded = compose(write(tmp_path, 'training { save_dir: "\ufffd${B:-\ufffd}${A:-\ufffd}" }'), environment=VARIABLES)

    assert loaded.diagnostics == []
    assert loaded.message.training.save_dir == "\ufffd\ufffdone"


def test_variable_of_a_default_is_named_as_used(tmp_path: Path) -> None:
    loaded = compose(write(tmp_path, 'training { save_dir: "${B:-x}${A}" }'), environment=VARIABLES)

    assert loaded.variables == {"training.save_dir": ("B", "A")}


_PRINT = """
import sys
from rankspec.composition.compose import compose
loaded = compose(sys.argv[1])
print(ascii((loaded.message.training.save_dir, [d.code for d in loaded.diagnostics])))
"""


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8"}, {}], ids=str)
def test_environment_is_read_as_utf8_in_every_locale(tmp_path: Path, locale: dict[str, str]) -> None:
    path = write(tmp_path, 'training { save_dir: "${V}" }')
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONUTF8"))}

    def printed(value: bytes) -> str:
        environment = {os.fsencode(k): os.fsencode(v) for k, v in (inherited | locale).items()} | {b"V": value}
        command = [sys.executable, "-c", _PRINT, str(path)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    assert printed("café".encode()) == ascii(("café", []))
    assert printed(b"\xff") == ascii(("${V}", ["env.not_text"]))
