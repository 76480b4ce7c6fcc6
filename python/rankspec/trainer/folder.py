"""The folder a run writes: what lies there besides checkpoints and figures."""

import json
import os
import platform
from pathlib import Path

import google.protobuf
import torch
from google.protobuf import text_format

import rankspec
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.recap.v1.training_pb2 import TrainingConfig
from rankspec.trainer.claims import obeys
from rankspec.trainer.errors import TrainError
from rankspec.trainer.runtime import Runtime

_HEADER = "# proto-file: rankspec/recap/v1/recap.proto\n# proto-message: rankspec.recap.v1.RecapConfig\n"


@obeys(TrainingConfig, "save_dir")
def prepare_folder(config: TrainingConfig) -> Path:
    """Makes the run's folder, and makes sure that it can be written.

    Raises:
        TrainError: if it cannot.
    """
    folder = Path(config.save_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TrainError(
            f"{folder} cannot be written ({error.strerror}); free it or choose another save_dir", "training.save_dir"
        ) from error
    return folder


def write_facts(folder: Path, facts: dict) -> None:
    """Writes `run.json`: what is known of a run before its first step, and with what it was made."""
    versions = {
        "rankspec": rankspec.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "protobuf": google.protobuf.__version__,
    }
    (folder / "run.json").write_text(json.dumps({**facts, "versions": versions}, indent=2) + "\n")


def write_configs(folder: Path, text: str, config: RecapConfig, runtime: Runtime) -> None:
    """Writes `resolved.textproto`, what was asked for, and `applied.textproto`, what took effect."""
    (folder / "resolved.textproto").write_text(text)
    applied = RecapConfig()
    applied.CopyFrom(config)
    applied.runtime.CopyFrom(runtime.applied)
    notes = "".join(f"# {note}\n" for note in runtime.notes)
    (folder / "applied.textproto").write_text(f"{_HEADER}{notes}\n{text_format.MessageToString(applied, as_utf8=True)}")
