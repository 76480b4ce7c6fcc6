"""Opens a bundle's folder as a stranger's: what is used of it is what its manifest lists, byte for byte."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import MANIFEST_FILE, MAX_BUNDLE_BYTES, MAX_MANIFEST_BYTES
from rankspec.scoring.manifest import parsed_manifest
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleFile, BundleManifest

_CHUNK = 2**22


@dataclass(frozen=True)
class BundleFiles:
    """A bundle whose files are what its manifest says.

    Attributes:
        manifest: the manifest.
        digest: SHA-256 of the manifest's bytes, in hexadecimal: the bundle's identity.
        contents: the files' bytes by name, mapped into memory, and the very ones that were hashed.
    """

    manifest: BundleManifest
    digest: str
    contents: Mapping[str, memoryview]


def read_bundle(
    folder: str | os.PathLike[str], expect_digest: str | None = None, max_bytes: int = MAX_BUNDLE_BYTES
) -> BundleFiles:
    """Reads a bundle, and looks at everything but what its model computes.

    Args:
        folder: the bundle's.
        expect_digest: what the manifest's SHA-256 has to be; None takes any.
        max_bytes: what all files together may have.

    Raises:
        ScoringError: with one of the codes from NO_BUNDLE to FILE_HASH.
    """
    with _folder(folder) as place:
        data = _manifest_bytes(place)
        digest = hashlib.sha256(data).hexdigest()
        if expect_digest is not None and digest != expect_digest:
            raise ScoringError(
                bundle_pb2.ERROR_CODE_DIGEST_MISMATCH, "the manifest of that digest", input=MANIFEST_FILE
            )
        manifest = parsed_manifest(data)
        _check_names(place, manifest)
        if sum(file.size for file in manifest.files) > max_bytes:
            raise ScoringError(bundle_pb2.ERROR_CODE_FILE_TOO_LARGE, f"files of {max_bytes} bytes together at most")
        contents = {file.name: _content(place, file) for file in manifest.files}
    return BundleFiles(manifest, digest, contents)


def read_manifest(folder: str | os.PathLike[str]) -> tuple[BundleManifest, str]:
    """Reads a bundle's manifest alone, without a look at the other files.

    Returns:
        The manifest, and the bundle's digest.

    Raises:
        ScoringError: with one of the codes that are about the manifest.
    """
    with _folder(folder) as place:
        data = _manifest_bytes(place)
    return parsed_manifest(data), hashlib.sha256(data).hexdigest()


def read_contents(folder: str | os.PathLike[str], manifest: BundleManifest) -> dict[str, memoryview]:
    """The files of a bundle that is being written, by name.

    Raises:
        ScoringError: one is not as it is listed.
    """
    with _folder(folder) as place:
        return {file.name: _content(place, file) for file in manifest.files}


@contextmanager
def _folder(folder: str | os.PathLike[str]) -> Iterator[int]:
    """Holds the folder open, so that all files are those of one folder whatever is renamed meanwhile."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ScoringError(bundle_pb2.ERROR_CODE_NO_BUNDLE, "a folder that can be read") from error
    try:
        yield place
    finally:
        os.close(place)


def _manifest_bytes(place: int) -> bytes:
    try:
        with _opened(place, MANIFEST_FILE) as file:
            if os.fstat(file).st_size > MAX_MANIFEST_BYTES:
                raise ScoringError(
                    bundle_pb2.ERROR_CODE_FILE_TOO_LARGE, f"{MAX_MANIFEST_BYTES} bytes at most", input=MANIFEST_FILE
                )
            return os.read(file, MAX_MANIFEST_BYTES)
    except FileNotFoundError as error:
        raise ScoringError(bundle_pb2.ERROR_CODE_NO_BUNDLE, "a folder with a manifest", input=MANIFEST_FILE) from error


def _check_names(place: int, manifest: BundleManifest) -> None:
    """Makes sure that the folder has the listed files and no others."""
    listed = {file.name for file in manifest.files}
    there = set(os.listdir(place)) - {MANIFEST_FILE}
    for name in sorted(there - listed):
        raise ScoringError(
            bundle_pb2.ERROR_CODE_FILE_UNLISTED, "files that the manifest lists, and no others", input=name
        )
    for name in sorted(listed - there):
        raise ScoringError(bundle_pb2.ERROR_CODE_FILE_MISSING, "every file that the manifest lists", input=name)


def _content(place: int, listed: BundleFile) -> memoryview:
    """Maps a file whose size and hash are as listed."""
    try:
        with _opened(place, listed.name) as file:
            if os.fstat(file).st_size != listed.size:
                raise ScoringError(bundle_pb2.ERROR_CODE_FILE_SIZE, f"{listed.size} bytes", input=listed.name)
            # An empty file cannot be mapped.
            content = memoryview(mmap.mmap(file, listed.size, access=mmap.ACCESS_READ) if listed.size else b"")
    except FileNotFoundError as error:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_FILE_MISSING, "every file that the manifest lists", input=listed.name
        ) from error
    digest = hashlib.sha256()
    for start in range(0, listed.size, _CHUNK):
        digest.update(content[start : start + _CHUNK])
    if digest.hexdigest() != listed.sha256:
        raise ScoringError(bundle_pb2.ERROR_CODE_FILE_HASH, "the SHA-256 that the manifest says", input=listed.name)
    return content


@contextmanager
def _opened(place: int, name: str) -> Iterator[int]:
    """Opens a plain file of the folder; a link is not followed, a pipe not waited for."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ScoringError(bundle_pb2.ERROR_CODE_FILE_UNSAFE, "a plain file that can be read", input=name) from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ScoringError(bundle_pb2.ERROR_CODE_FILE_UNSAFE, "a plain file", input=name)
        yield file
    finally:
        os.close(file)
