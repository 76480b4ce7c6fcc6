"""Writes bundles: beside their place, whole, and never over something that is there."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rankspec.scoring.layout import MANIFEST_FILE
from rankspec.serving.v1.bundle_pb2 import BundleFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rankspec.serving.v1.bundle_pb2 import BundleManifest


class Exported(NamedTuple):
    """A bundle that was written.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        digest: its identity.
    """

    folder: Path
    manifest: BundleManifest
    digest: str


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yields a new folder beside a bundle's place, which gets its name when the context ends well.

    Args:
        folder: the bundle's place.

    Raises:
        FileExistsError: there is something already.
        OSError: it cannot be written.
    """
    _refuse_existing(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".writing-{folder.name}-{os.getpid()}")
    beside.mkdir()
    try:
        yield beside
        _synced(beside)
        _refuse_existing(folder)
        beside.rename(folder)
        _synced(folder.parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def write_file(place: Path, name: str, data: bytes | memoryview) -> None:
    """Writes a file of a bundle to the disk."""
    with (place / name).open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def list_files(place: Path, manifest: BundleManifest) -> None:
    """Lists what lies in a bundle's folder in its manifest."""
    names = sorted((path.name for path in place.iterdir()), key=str.encode)
    manifest.ClearField("files")
    manifest.files.extend(_listed(place / name) for name in names)


def write_manifest(place: Path, manifest: BundleManifest) -> str:
    """Writes the manifest, which has listed the files, last of all.

    Returns:
        The bundle's digest.
    """
    data = manifest.SerializeToString(deterministic=True)
    write_file(place, MANIFEST_FILE, data)
    return hashlib.sha256(data).hexdigest()


def link_file(source: Path, target: Path) -> None:
    """Makes an unchanged file part of another bundle: the same file where the disk can, otherwise a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)


def _listed(path: Path) -> BundleFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return BundleFile(name=path.name, sha256=digest, size=path.stat().st_size)


def _refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise FileExistsError(f"{folder} is there; name another place, or move it away")


def _synced(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
