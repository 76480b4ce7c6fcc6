"""The wheel installs into an environment of its own and works there without torch."""

import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_NOTICES = {"LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"}

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path) -> str:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ".", cwd=_ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the `bin` folder of an environment that has the wheel and its core dependencies alone."""
    environment = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "venv", environment, cwd=environment)
    pip = (environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--constraint", _ROOT / "constraints.txt", wheel, cwd=environment)
    return environment / "bin"


def test_wheel_carries_bindings_schema_and_licences(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    expected = {"buf/validate/validate_pb2.py", "buf/validate/validate_pb2.pyi", "rankspec/py.typed"}
    for schema in (_ROOT / "proto").rglob("*.proto"):
        path = schema.relative_to(_ROOT / "proto")
        expected |= {f"rankspec/proto/{path}"}
        expected |= {str(path.with_name(f"{path.stem}_pb2{suffix}")) for suffix in (".py", ".pyi")}
    assert expected <= names
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert licences == _NOTICES


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.parametrize("name", ["", "scorer"], ids=["configs", "scorer"])
def test_npm_packages_carry_licences_and_leave_no_copies(name: str, tmp_path: Path) -> None:
    for shared in ("ts", "gen/ts"):
        shutil.copytree(_ROOT / shared, tmp_path / shared, ignore=shutil.ignore_patterns("node_modules", "dist", "gen"))
    for notice in _NOTICES:
        shutil.copy(_ROOT / notice, tmp_path)
    package = tmp_path / "ts" / name
    # Newer than its sources: packing compiles nothing, and needs no compiler.
    (package / "dist").mkdir()
    (package / "dist" / "index.js").touch()

    _run("npm", "pack", "--silent", cwd=package)

    (packed,) = package.glob("*.tgz")
    with tarfile.open(packed) as archive:
        assert {f"package/{notice}" for notice in _NOTICES} <= set(archive.getnames())
    assert _NOTICES.isdisjoint(path.name for path in package.iterdir())


@pytest.mark.parametrize("folder", ["java", "java/scorer"])
def test_jars_carry_licences(folder: str) -> None:
    pom = ET.parse(_ROOT / folder / "pom.xml").getroot()

    (resource,) = pom.iterfind("{*}build/{*}resources/{*}resource")
    place = resource.findtext("{*}directory", "").replace("${project.basedir}", str(_ROOT / folder))
    assert Path(place).resolve() == _ROOT
    assert {include.text for include in resource.iterfind("{*}includes/{*}include")} == _NOTICES


def test_wheel_leaves_namespace_packages_open_to_others(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {"buf/__init__.py", "buf/validate/__init__.py"}.isdisjoint(names)


def test_hand_written_and_generated_modules_import_without_torch(installed: Path) -> None:
    program = (
        "import importlib.util, rankspec\n"
        "from rankspec.recap.v1 import recap_pb2\n"
        "from rankspec.twhin.v1 import twhin_pb2\n"
        "assert importlib.util.find_spec('torch') is None\n"
        "print(recap_pb2.RecapConfig().training.num_train_steps)\n"
    )

    output = _run(installed / "python", "-I", "-c", program, cwd=installed)

    assert int(output) > 0


def test_command_line_checks_the_shipped_configs_without_torch(installed: Path) -> None:
    configs = sorted((_ROOT / "configs").rglob("*.textproto"))
    assert configs

    _run(installed / "rankspec", "check", *configs, cwd=installed)


def test_every_language_has_the_same_version() -> None:
    python = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    poms = [ET.parse(_ROOT / "java" / folder / "pom.xml").getroot() for folder in ("", "scorer")]
    npm = {json.loads((_ROOT / "ts" / folder / "package.json").read_text())["version"] for folder in ("", "scorer")}
    modules = [
        (_ROOT / "go" / folder / "go.mod").read_text() for folder in ("", "encoding", "scorer", "scorer/benchmark")
    ]

    java = {pom.findtext("{http://maven.apache.org/POM/4.0.0}version") for pom in poms}
    assert (java, npm) == ({python}, {python})
    assert all(f"github.com/rankspec/rankspec/gen/go v{python}" in module for module in modules)
