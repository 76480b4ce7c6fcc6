"""Makes a bundle of another combined score from one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rankspec.files.durable import staged, write_file
from rankspec.scoring.reading import BundleFiles, read_bundle
from rankspec.scoring.writing import Exported, link_file, list_files, write_manifest
from rankspec.serving.v1.bundle_pb2 import BundleManifest

# Makes of a bundle and weights its config in both forms, and the config's full fingerprint.
ConfigFiles = Callable[["BundleFiles", Mapping[str, float]], tuple[bytes, bytes, str]]


def set_weights(folder: Path, target: Path, weights: Mapping[str, float], config_files: ConfigFiles) -> Exported:
    """Writes a bundle that differs from another in its weights alone.

    Args:
        folder: the bundle that is there; it is looked at as a stranger's.
        target: the new one's place.
        weights: by output; none for no combined score.
        config_files: gives the config that says so.

    Raises:
        ScoringError: the bundle is not opened.
        FileExistsError: there is something at the new one's place.
    """
    bundle = read_bundle(folder)
    manifest = BundleManifest()
    manifest.CopyFrom(bundle.manifest)
    manifest.ClearField("score_weights")
    manifest.score_weights.update(weights)
    binary, text, manifest.fingerprint = config_files(bundle, weights)
    anew = {manifest.config_file: binary, manifest.config_text_file: text}
    with staged(target) as place:
        for file in bundle.manifest.files:
            if file.name in anew:
                write_file(place, file.name, anew[file.name])
            else:
                link_file(folder / file.name, place / file.name)
        list_files(place, manifest)
        digest = write_manifest(place, manifest)
        # Between looking and linking somebody may have written another file there.
        read_bundle(place, digest)
        _refuse_changes(bundle, manifest, anew)
    return Exported(target, manifest, digest)


def _refuse_changes(bundle: BundleFiles, manifest: BundleManifest, anew: Mapping[str, bytes]) -> None:
    """Makes sure that what was linked is what had been looked at.

    Raises:
        OSError: it is not.
    """
    before = {file.name: file.sha256 for file in bundle.manifest.files}
    for file in manifest.files:
        if file.name not in anew and before[file.name] != file.sha256:
            raise OSError(f"{file.name} was changed while it was copied")
