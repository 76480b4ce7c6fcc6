"""From a loaded config to a job: what the trainer does not obey is refused, the rest is resolved."""

from importlib import import_module
from pathlib import PurePath
from typing import Any

from rankspec.analysis.fingerprint import fingerprint
from rankspec.claims.registry import obeys, unclaimed_paths
from rankspec.composition.compose import LoadedConfig
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.families import not_trained, program_of
from rankspec.formats.writing import to_textproto
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.defaults import resolve
from rankspec.trainer.setup import Job
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig

_MODES = {"train": "JOB_MODE_TRAIN", "evaluate": "JOB_MODE_EVALUATE", "predict": "JOB_MODE_INFERENCE"}
# The engine: importing it, and the family's program, imports every adapter, so that all claims are in.
_ENGINE = ("rankspec.trainer.run", "rankspec.trainer.follow", "rankspec.trainer.prediction.predicting")


def refusals(loaded: LoadedConfig, mode: str | None = None) -> list[Diagnostic]:
    """What the config sets and the trainer does not obey, each at its place.

    Args:
        loaded: the config.
        mode: what is to be done with it; none if the config says so.
    """
    if untrained := not_trained(loaded):
        return untrained
    # Imports the program, and with it every adapter of the family.
    program = program_of(loaded.message.DESCRIPTOR.full_name)
    assert program is not None, "a message without a program is refused"
    for module in _ENGINE:
        import_module(module)
    predicts = mode == "predict" or (mode is None and mode_of(loaded.message) == _MODES["predict"])
    found = [_no_prediction(loaded, program.no_prediction)] if predicts and program.no_prediction else []
    for path in unclaimed_paths(loaded.message):
        place = loaded.origins.nearest(path)
        found.append(
            Diagnostic(
                code="train.not_obeyed",
                message=f"the trainer does not obey `{path}` yet",
                path=path,
                position=place[1] if place else None,
                severity="error",
                suggestion="drop it; nothing that a config sets is ignored",
            )
        )
    return found


@obeys(RecapConfig, "mode")
@obeys(TwhinConfig, "mode")
def mode_of(config: Any) -> str:
    """The name of what a config says to do with it."""
    enum = config.DESCRIPTOR.fields_by_name["mode"].enum_type
    return str(enum.values_by_number[config.mode].name)


def _no_prediction(loaded: LoadedConfig, reason: str) -> Diagnostic:
    place = loaded.origins.nearest("mode")
    remedy = f"write {_MODES['train']} or {_MODES['evaluate']}, or predict by a ranking model"
    return Diagnostic("run.no_prediction", reason, "mode", place[1] if place else None, "error", remedy)


def other_mode(loaded: LoadedConfig, mode: str | None) -> list[Diagnostic]:
    """A warning if a config says to do something else than what is asked for.

    Args:
        loaded: the config.
        mode: what is asked for; none if the config says so.
    """
    if mode is None or not loaded.message.HasField("mode") or mode_of(loaded.message) == _MODES[mode]:
        return []
    place = loaded.origins.nearest("mode")
    said = f"the config says {mode_of(loaded.message)}, and `rankspec {mode}` does what it is called"
    position = place[1] if place else None
    return [Diagnostic("run.other_mode", said, "mode", position, "warning", "`rankspec run` does what the config says")]


def job_of(loaded: LoadedConfig, mode: str | None = None) -> Job:
    """The job that a config asks for which nothing objects to.

    Args:
        loaded: the config.
        mode: what to do with it, which counts as if the config said so; none if the config says it.
    """
    config = resolve(loaded.message)
    if mode is not None:
        config.mode = config.DESCRIPTOR.fields_by_name["mode"].enum_type.values_by_name[_MODES[mode]].number
    program = program_of(config.DESCRIPTOR.full_name)
    assert program is not None, "a message without a program is refused"
    identity = fingerprint(config)
    return Job(
        config=config,
        text=to_textproto(config),
        fingerprint=identity.full,
        semantic_fingerprint=identity.semantic,
        build_program=program,
        origins=loaded.origins,
        mode=next(name for name, value in _MODES.items() if value == mode_of(config)),
        files=tuple(PurePath(name).name for name in loaded.sources),
    )
