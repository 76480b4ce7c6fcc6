"""Writes what bundles are of: their files in a folder, the list of them, and the manifest."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from rankspec.files.durable import write_file
from rankspec.scoring.layout import MANIFEST_FILE
from rankspec.serving.v1.bundle_pb2 import BundleFile, BundleManifest


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
