"""From a loaded config to a job: what the trainer does not obey is refused, the rest is resolved."""

from importlib import import_module

from rankspec.diagnostics import Diagnostic
from rankspec.fingerprint import fingerprint
from rankspec.loading import Loaded
from rankspec.resolving import resolve
from rankspec.trainer.claims import unclaimed_paths
from rankspec.trainer.setup import Job
from rankspec.writing import to_textproto

# What runs a config: importing it imports every adapter, so that all claims are in.
_ENTRY_POINTS = ("rankspec.trainer.run", "rankspec.trainer.follow")


def refusals(loaded: Loaded) -> list[Diagnostic]:
    """What the config sets and the trainer does not obey, each at its place."""
    for module in _ENTRY_POINTS:
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


def job_of(loaded: Loaded) -> Job:
    """The job that a valid config asks for."""
    config = resolve(loaded.message)
    identity = fingerprint(config)
    return Job(
        config=config,
        text=to_textproto(config),
        fingerprint=identity.full,
        semantic_fingerprint=identity.semantic,
        origins=loaded.origins,
    )
