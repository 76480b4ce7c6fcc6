"""Which bundles lie in a folder. Nothing there is written, moved or deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import MANIFEST_FILE
from rankspec.scoring.reading import read_manifest

# What tells whether something has changed: name, size, time of change and number of each file.
Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Found:
    """A folder with a manifest.

    Attributes:
        folder: where.
        stamp: of its files.
        step: that the manifest says; -1 if it cannot be read.
        digest: of the manifest; empty if it cannot be read.
        problem: why the manifest cannot be read; None if it can.
    """

    folder: Path
    stamp: Stamp
    step: int = -1
    digest: str = ""
    problem: ScoringError | None = None


class Shelf:
    """Looks at a folder again and again. A manifest is read once, until its folder changes."""

    def __init__(self, folder: Path) -> None:
        """Takes a bundle's folder, or a folder of bundles."""
        self._folder = folder
        self._known: dict[Path, Found] = {}

    @property
    def is_one_bundle(self) -> bool:
        """Whether the folder is a bundle itself."""
        return (self._folder / MANIFEST_FILE).is_file()

    def found(self) -> list[Found]:
        """Bundles, the one of the highest step first; of several, the one whose name comes last.

        A bundle that is being written has no manifest yet, or a name that begins with a dot.
        """
        known = {}
        for folder in self._folders():
            stamp = _stamp(folder)
            if any(name == MANIFEST_FILE for name, *_ in stamp):
                before = self._known.get(folder)
                known[folder] = before if before and before.stamp == stamp else _read(folder, stamp)
        self._known = known
        return sorted(known.values(), key=lambda found: (found.step, found.folder.name), reverse=True)

    def _folders(self) -> list[Path]:
        if self.is_one_bundle:
            return [self._folder]
        try:
            with os.scandir(self._folder) as entries:
                return [Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
        except OSError:
            # Gone, or out of reach for the moment; what is served stays.
            return []


def _read(folder: Path, stamp: Stamp) -> Found:
    try:
        manifest, digest = read_manifest(folder)
    except ScoringError as error:
        return Found(folder, stamp, problem=error)
    return Found(folder, stamp, manifest.step, digest)


def _stamp(folder: Path) -> Stamp:
    files = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                files.append((entry.name, status.st_size, status.st_mtime_ns, status.st_ino))
    except OSError:
        # It changes while it is looked at; next time, then.
        return ()
    return tuple(sorted(files))
