"""Where the MovieLens-100K files come from: a folder of the user's, or a wheel on the Python package index.

GroupLens' licence forbids redistribution, so no file of the data set is part of this project. The RecBole wheel
carries a copy as its example data; it is downloaded with pip when the data set is prepared, and is never installed.
"""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

from rankspec.datasets.movielens_formats import ATOMIC_FILES, DatasetError

_REQUIREMENT = "recbole==1.2.1"
_WHEEL_GLOB = "recbole-1.2.1-*.whl"
_FOLDER_IN_WHEEL = PurePosixPath("recbole/dataset_example/ml-100k")
_TIMEOUT_IN_S = 300


def download_movielens(cache: Path) -> Path:
    """Brings the data set's files into `cache/ml-100k`, downloading only what is not there yet.

    Returns:
        The folder that holds the files.

    Raises:
        DatasetError: pip is missing or fails (its last line says why), or the wheel lacks a file.
    """
    folder = cache / "ml-100k"
    if all((folder / name).is_file() for name in ATOMIC_FILES):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    _extract(_cached_wheel(cache) or _download_wheel(cache), folder)
    return folder


def _cached_wheel(cache: Path) -> Path | None:
    return next(iter(sorted(cache.glob(_WHEEL_GLOB))), None)


def _download_wheel(cache: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--quiet", "--dest", str(cache), _REQUIREMENT]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_IN_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _download_error(f"pip took longer than {_TIMEOUT_IN_S} s") from error
    wheel = _cached_wheel(cache)
    if finished.returncode != 0 or wheel is None:
        lines = (finished.stderr or finished.stdout).strip().splitlines()
        raise _download_error(lines[-1] if lines else f"pip exited with {finished.returncode}")
    return wheel


def _download_error(reason: str) -> DatasetError:
    return DatasetError(
        f"MovieLens-100K could not be downloaded ({_REQUIREMENT} from the package index): {reason}. Check the "
        "network and pip's index settings, or name a folder holding GroupLens' u.data, u.item and u.user"
    )


def _extract(wheel: Path, folder: Path) -> None:
    """Unpacks the data files; each appears under its name only when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in ATOMIC_FILES:
                partial = folder / f"{name}.partial"
                partial.write_bytes(archive.read(str(_FOLDER_IN_WHEEL / name)))
                partial.replace(folder / name)
    except (KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{wheel}: {error}; delete the file and prepare the data again") from error
