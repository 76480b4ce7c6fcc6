"""docs/python.md has every public name, and its examples print what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rankspec

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs/python.md").read_text()
_END_OF_BLOCK = "--- end of block ---\n"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)


def test_page_has_every_public_name() -> None:
    sections = re.split(r"^## rankspec\.", _PAGE, flags=re.MULTILINE)[1:]

    assert sorted(section.split("\n", 1)[0] for section in sections) == sorted(rankspec.__all__)
    assert [section.split("\n", 1)[0] for section in sections if "```python\n" not in section] == []


@pytest.mark.slow
def test_examples_print_what_the_page_shows(tmp_path: Path) -> None:
    # One after the other in one process: each goes on with the names of those before it.
    program = f"print({_END_OF_BLOCK!r}, end='')\n".join(_blocks("python"))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "RANKSPEC_RUNS": str(tmp_path)}

    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert "Warning" not in ran.stderr
    assert ran.stdout.split(_END_OF_BLOCK) == _blocks("text")


@pytest.mark.parametrize("name", rankspec.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(rankspec, name).__name__ == name
    assert name in dir(rankspec)


def test_name_that_is_not_public_is_missing() -> None:
    with pytest.raises(AttributeError, match="module 'rankspec' has no attribute 'lode'"):
        _ = rankspec.lode  # type: ignore[attr-defined]


def test_no_public_name_is_that_of_an_area_or_folder() -> None:
    """Importing `rankspec.recap.v1`, or a module of ours, would put the folder in the name's place."""
    folders = {folder.name for root in rankspec.__path__ for folder in Path(root).iterdir() if folder.is_dir()}

    assert folders >= {"recap", "twhin", "checking"}
    assert folders.isdisjoint(rankspec.__all__)


def test_importing_the_package_imports_none_of_its_modules() -> None:
    program = "import sys, rankspec; print(sorted(m for m in sys.modules if m.startswith(('rankspec.', 'google'))))"

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"


def test_no_public_name_takes_torch_and_one_takes_pyarrow() -> None:
    program = (
        "import sys, rankspec; names = set(rankspec.__all__) - {'import_table'}; "
        "[getattr(rankspec, name) for name in names]; "
        "print(sorted({'torch', 'pyarrow', 'numpy'} & sys.modules.keys())); "
        "rankspec.import_table; print('torch' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\nFalse\n"


@pytest.mark.slow
def test_first_ranker_goes_from_a_table_to_a_ranked_list(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    script = _ROOT / "docs/first_ranker.py"

    ran = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert "Warning" not in ran.stderr
    auroc = re.search(r"AUROC (0\.[0-9]+) on the test part", ran.stdout)
    assert auroc is not None
    assert 0.75 < float(auroc[1]) < 0.9
    chances = [
        float(chance) for chance in re.findall(r"^[123]\. item [0-9]+: .* (0\.[0-9]+)$", ran.stdout, re.MULTILINE)
    ]
    assert len(chances) == 3
    assert chances == sorted(chances, reverse=True)
    assert (tmp_path / "build/first_ranker/run/best").is_symlink()
