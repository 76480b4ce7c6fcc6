"""The verdict command of every language reads the environment of its process alike, whatever the locale."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.running import LANGUAGES, missing_tools, verdicts

_HEADER = "# proto-message: rankspec.train.v1.WandbConfig\n"
# By name: the variable's bytes, and the text that they are; None if they are none.
_VALUES: dict[str, tuple[bytes, str | None]] = {
    "PLAIN": (b"cafe", "cafe"),
    "ACCENT": ("café".encode(), "café"),
    "OTHERS": ("中文😀\ufeff\u0301".encode(), "中文😀\ufeff\u0301"),
    "BYTE": (b"\xff", None),
    "LATIN": ("café".encode("latin-1"), None),
    "CUT": ("café".encode()[:-1], None),
    "SURROGATE": (b"\xed\xa0\x80", None),
    "REPLACED": ("caf\ufffd".encode(), None),
}
_LOCALES = {"utf-8": "C.UTF-8", "ascii": "C", "latin-1": "en_US.ISO-8859-1", "unset": ""}


def _skip_where_nothing_can_be_said(language: str, locale: str) -> None:
    if missing := missing_tools(language):
        pytest.skip(f"{language} left out: {', '.join(missing)} not installed")
    if language == "java" and locale != "utf-8" and sys.platform != "linux":
        pytest.skip("only on Linux can a JVM read the environment's bytes")


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a locale of Latin-1, which few machines have of themselves."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        made = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(folder / _LOCALES["latin-1"])]
        subprocess.run(made, capture_output=True, check=False)
    return folder


def _surroundings(locale: str, locales: Path) -> dict[str, str | bytes]:
    """The variables of a locale; Python is kept from turning to UTF-8 of itself."""
    name = _LOCALES[locale]
    if locale == "latin-1" and not (locales / name).exists():
        pytest.skip("this machine cannot make a locale of Latin-1")
    python = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    # Only the locale that is made here is looked for among those made here.
    made: dict[str, str | bytes] = {"LOCPATH": str(locales)} if locale == "latin-1" else {}
    return {**python, "LANG": "", "LC_CTYPE": "", "LC_ALL": name, **made}


def _written(folder: Path, name: str, value: str) -> Path:
    path = folder / f"{name}.textproto"
    path.write_text(f'{_HEADER}key_path: "{value}"', encoding="utf-8")
    return path


def _short(line: dict[str, Any]) -> str:
    return line["full"] or " ".join(violation["code"] for violation in line["violations"])


@pytest.mark.parametrize("locale", _LOCALES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_variables_are_read_alike_in_every_locale(language: str, locale: str, locales: Path, tmp_path: Path) -> None:
    _skip_where_nothing_can_be_said(language, locale)
    by_variable = [_written(tmp_path, name, f"${{{name}}}") for name in _VALUES]
    spelled = [_written(tmp_path, f"{name}_text", text or "-") for name, (_, text) in _VALUES.items()]
    values = {name: value for name, (value, _) in _VALUES.items()}

    lines = verdicts(language, [*by_variable, *spelled], {**_surroundings(locale, locales), **values})

    found, written = ([_short(line) for line in half] for half in (lines[: len(_VALUES)], lines[len(_VALUES) :]))
    is_text = [text is not None for _, text in _VALUES.values()]
    assert found == [code if text else "env.not_text" for code, text in zip(written, is_text, strict=True)]
    assert all(len(fingerprint) == 64 for fingerprint in written)


@pytest.mark.parametrize("locale", _LOCALES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_file_whose_name_is_not_ascii_is_read_or_its_name_is_at_fault(
    language: str, locale: str, locales: Path, tmp_path: Path
) -> None:
    _skip_where_nothing_can_be_said(language, locale)
    path = _written(tmp_path, "café", "x")

    (line,) = verdicts(language, [path], _surroundings(locale, locales))

    # The JVM turns names into characters by the locale, and has no way around it.
    is_beyond_java = language == "java" and locale in ("ascii", "unset")
    assert line["ok"] == (not is_beyond_java)
    assert is_beyond_java == (_short(line) == "file.unreadable")
