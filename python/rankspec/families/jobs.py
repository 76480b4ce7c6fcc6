"""From a loaded config to a job: what the trainer does not obey is refused, the rest is resolved."""

from importlib import import_module

from rankspec.analysis.fingerprint import fingerprint
from rankspec.claims.registry import unclaimed_paths
from rankspec.composition.compose import LoadedConfig
from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.families import program_of
from rankspec.formats.writing import to_textproto
from rankspec.schema.defaults import resolve
from rankspec.trainer.setup import Job

# The engine: importing it, and the family's program, imports every adapter, so that all claims are in.
_ENGINE = ("rankspec.trainer.run", "rankspec.trainer.follow")


def refusals(loaded: LoadedConfig) -> list[Diagnostic]:
    """What the config sets and the trainer does not obey, each at its place."""
    name = loaded.message.DESCRIPTOR.full_name
    if program_of(name) is None:
        sentence = f"nothing trains a {name} yet"
        return [Diagnostic("train.no_program", sentence, "", Position(loaded.file, 1, 1), "error", None)]
    for module in _ENGINE:
        import_module(module)
    found = []
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


def job_of(loaded: LoadedConfig) -> Job:
    """The job that a config asks for which nothing objects to."""
    config = resolve(loaded.message)
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
    )
