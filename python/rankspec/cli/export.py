"""Write a checkpoint of a run as a bundle: a folder with all that is needed to score rows as the run's model does.

ONNX Runtime computes in it what torch did: both score the same rows, and a difference above 1e-6 ends the export.

Example:
  rankspec export build/runs/tiny -o build/bundles/tiny
  rankspec export configs/recap/tiny.textproto --checkpoint newest -o build/bundles/tiny
  rankspec export build/runs/tiny -o build/bundles/tiny --triton build/triton
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.running import add_checkpoint_argument, run_config
from rankspec.cli.stopping import VerbError, needing
from rankspec.trainer.errors import TrainError

if TYPE_CHECKING:
    from rankspec.scoring.writing import Exported
    from rankspec.trainer.setup import Job


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="RUN_OR_FILE",
        help="the run's folder, or its config; further files are laid over a config",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides", help="lay one value over it"
    )
    add_checkpoint_argument(parser, "export this checkpoint; default: the best where the run keeps one")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the bundle's folder, a new one"
    )
    parser.add_argument(
        "--triton",
        type=Path,
        metavar="DIR",
        help="write a model repository of Triton Inference Server too, in a new folder",
    )


def run(arguments: Namespace) -> int:
    """Exports."""
    for folder in (arguments.output, arguments.triton):
        if folder is not None and os.path.lexists(folder):
            raise VerbError(f"error: `{folder}` is there; name another folder, or move it away")
    if os.path.isdir(arguments.files[0]):
        if len(arguments.files) > 1:
            text = "rankspec export: error: a run's folder stands alone; lay values over it with --set"
            raise VerbError(text, statuses.USAGE)
        _take_folder(arguments)
    return run_config(arguments, lambda job: export(job, arguments))


def _take_folder(arguments: Namespace) -> None:
    """Puts the config that a checkpoint of the run's folder was written under in the folder's place."""
    with needing("export"):
        from rankspec.trainer.chosen_checkpoint import choose_checkpoint
    folder = Path(arguments.files[0])
    try:
        chosen = choose_checkpoint(folder, arguments.checkpoint)
    except TrainError as error:
        raise VerbError(f"error: {error.message}") from error
    arguments.files = [str(chosen.checkpoint.config_file)]
    # A run may have been moved since.
    arguments.overrides = [f"training.save_dir={folder}", *arguments.overrides]
    arguments.checkpoint = chosen


def export(job: Job, arguments: Namespace) -> int:
    """Exports as the arguments say; returns the exit status."""
    from rankspec.families import exporter_of

    message = job.config.DESCRIPTOR
    with needing("export"):
        exporter = exporter_of(message.full_name)
    if exporter is None:
        raise TrainError(f"nothing exports a {message.name} yet; a RecapConfig is exported")
    try:
        exported = exporter(job, arguments.output, arguments.checkpoint)
    except FileExistsError as error:
        raise TrainError(str(error)) from error
    print("\n".join(_lines(exported)))
    if arguments.triton is not None:
        _write_repository(exported, arguments.triton)
    return statuses.FINE


def _write_repository(exported: Exported, folder: Path) -> None:
    """Writes the bundle's model for Triton.

    Raises:
        TrainError: it cannot be written.
    """
    from rankspec.scoring.reading import read_bundle
    from rankspec.scoring.triton import write_repository

    try:
        write_repository(read_bundle(exported.folder, exported.digest), folder, exported.folder.resolve().name)
    except OSError as error:
        raise TrainError(f"{folder} cannot be written: {error.strerror or error}") from error
    print(f"{folder}: a model repository of Triton")


def _lines(exported: Exported) -> list[str]:
    """What to say of a bundle."""
    manifest = exported.manifest
    size = sum(file.size for file in manifest.files)
    rows = sum(batch.num_rows for batch in manifest.golden_batches)
    lines = [
        f"{exported.folder}: step {manifest.step}, {len(manifest.files)} files, {size / 2**20:.1f} MiB",
        f"digest {exported.digest}",
        f"largest difference from torch {manifest.tolerance.found_at_export:.2g}, over {rows} golden rows",
    ]
    if manifest.precision.HasField("evaluated_in"):
        evaluated, apart = manifest.precision.evaluated_in, manifest.precision.difference
        lines.append(f"computes in float32; what was evaluated in {evaluated} differs by up to {apart:.2g}")
    return lines
