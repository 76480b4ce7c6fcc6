"""What a probe is: one field that is changed, and what is seen to change behind the adapter that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.claims import fields_read
from tests.liveness.blinding import views_showing
from tests.liveness.comparing import same
from tests.liveness.places import Place

from rankspec.checking.check import check
from rankspec.claims.registry import Claim, all_claims, forget_reads
from rankspec.families.jobs import job_of, refusals
from rankspec.schema.annotations import inherits_from
from rankspec.schema.descriptors import descriptor_of
from rankspec.schema.field_paths import Step, at, is_at_or_below, join, path_of, steps_of
from rankspec.schema.leaves import leaves
from rankspec.trainer import run

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from rankspec.composition.compose import LoadedConfig
    from rankspec.trainer.setup import Job


@dataclass(frozen=True)
class Observation:
    """Something that can be seen of what a config sets in motion; never the config itself.

    Attributes:
        words: what is looked at.
        of: what there is to be seen, of a job and a folder of its own to run in: numbers, texts, tensors, and lists and
            dicts of them. Of the same job it is the same every time.
    """

    words: str
    of: Callable[[Job], Any]


@dataclass(frozen=True)
class Verdict:
    """What `rankspec check` says of a config: all that a field does whose other values are refused."""

    words: str


@dataclass(frozen=True)
class Direction:
    """How what is seen has to change.

    Attributes:
        words: the same for people.
        holds: whether it did, of what was seen before and after.
    """

    words: str
    holds: Callable[[Any, Any], bool]


CHANGES = Direction("", lambda _before, _after: True)


@dataclass(frozen=True)
class Probe:
    """One changed field, and what is seen to change.

    Attributes:
        path: the field, or one value of a list or map.
        value: its other value, as text format.
        sees: where the change is to be seen.
        how: in which direction.
        given: further values of the config before the change, each `PATH=VALUE`.
    """

    path: str
    value: str
    sees: Observation | Verdict
    how: Direction = CHANGES
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}={self.value}"

    @property
    def words(self) -> str:
        """What is observed."""
        return ", ".join(filter(None, (self.sees.words, self.how.words)))

    def fields(self, root: Descriptor) -> tuple[FieldDescriptor, ...]:
        """The fields on the way, the changed one last.

        Raises:
            MistakeError: the schema has no such field.
        """
        return path_of(self.path, root).fields


class Failure(Exception):  # noqa: N818 - not a mistake of the harness
    """A probe that does not show what it is to show."""

    def __init__(self, probe: Probe, reason: str) -> None:
        super().__init__(f"{probe.path}: {reason}")


class Prober:
    """Runs the probes of a root message; what configs without the change come to is looked at once."""

    def __init__(self, base: Path, place: Place) -> None:
        """Takes the config that probes start from, and what it reads."""
        self._base = base
        self._place = place
        self._seen: dict[tuple[Any, ...], Any] = {}
        self._claims_read: set[Claim] = set()
        self._run: set[Probe] = set()
        # For those that begin where another run ended.
        loaded = check(base, overrides=[f"training.save_dir={place.data}/first"], environment=self._environment)
        self._root = descriptor_of(loaded.message)
        with place.running():
            assert run.train(job_of(loaded))

    @property
    def _environment(self) -> dict[str, str]:
        return {"LIVENESS_DATA": str(self._place.data), "LIVENESS_SERVICE": self._place.service}

    def run(self, probe: Probe) -> None:
        """Looks at the config as it was, twice, and at the changed one.

        Raises:
            Failure: what is seen differs without the change, or does not differ with it, or something else was changed
                or seen than the probe says.
        """
        before = self._loaded(probe, changed=False)
        after = self._loaded(probe, changed=True)
        self._require_that_nothing_else_changes(probe, before.message, after.message)
        if isinstance(probe.sees, Verdict):
            seen_before, seen_after = _verdict(before), _verdict(after)
        else:
            seen_before, seen_after = self._seen_before(probe, probe.sees), self._see(probe, probe.sees, changed=True)
            self._require_that_it_is_read(probe)
        if same(seen_before, seen_after):
            raise Failure(probe, f"{probe.sees.words}: nothing changes")
        if not probe.how.holds(seen_before, seen_after):
            raise Failure(probe, f"{probe.words}: it does not")
        self._run.add(probe)

    def run_blind(self, probe: Probe) -> None:
        """Makes sure that the probe would notice an adapter that ignores the field.

        The changed config is looked at once more, while adapters are shown the message that holds the change as it was
        before.

        Raises:
            Failure: something is seen to change all the same, so that it is not the adapter that makes the change.
        """
        assert isinstance(probe.sees, Observation), "a verdict is no adapter's"
        if inherits_from(probe.fields(self._root)[-1]):
            return  # Loading obeys it, and drops it before there is a job.
        before, after = self._loaded(probe, changed=False), self._loaded(probe, changed=True)
        holders = _common_holders(job_of(before).config, job_of(after).config, steps_of(probe.path))
        with views_showing(*holders):
            seen = self._see(probe, probe.sees, changed=True)
        if not same(self._seen_before(probe, probe.sees), seen):
            raise Failure(probe, f"{probe.sees.words}: it changes though the adapter does not see the change")

    def unread(self, probes: Sequence[Probe], claims: Iterable[Claim]) -> list[str]:
        """Those of some claims whose adapter has not read the field while all of the probes ran."""
        for probe in probes:
            if probe not in self._run:
                self.run(probe)
        return [
            f"{claim.adapter}: {claim.message}.{claim.field}"
            for claim in claims
            if claim._replace(is_read=True) not in self._claims_read
        ]

    def _loaded(self, probe: Probe, *, changed: bool) -> LoadedConfig:
        overrides = [*probe.given, *([f"{probe.path}={probe.value}"] if changed else [])]
        loaded = check(self._base, overrides=overrides, environment=self._environment)
        if not loaded.ok and not (changed and isinstance(probe.sees, Verdict)):
            raise Failure(probe, "; ".join(f"{d.path}: {d.message}" for d in loaded.diagnostics))
        return loaded

    def _seen_before(self, probe: Probe, observation: Observation) -> Any:
        """What is seen of the config without the change; it has to be the same twice."""
        key = (observation, probe.given)
        if key not in self._seen:
            first, second = (self._see(probe, observation, changed=False) for _ in range(2))
            if not same(first, second):
                raise Failure(probe, f"{observation.words}: it differs between two runs of the same config")
            self._seen[key] = first
        return self._seen[key]

    def _see(self, probe: Probe, observation: Observation, *, changed: bool) -> Any:
        forget_reads()
        loaded = self._loaded(probe, changed=changed)
        if found := refusals(loaded):
            raise Failure(probe, found[0].message)
        with self._place.running():
            seen = observation.of(job_of(loaded))
        self._claims_read.update(claim for claim in all_claims() if claim.is_read)
        return seen

    def _require_that_it_is_read(self, probe: Probe) -> None:
        field = probe.fields(self._root)[-1]
        message = field.full_name.rpartition(".")[0]
        if field.name not in fields_read().get(message, ()):
            raise Failure(probe, f"{probe.sees.words}: no adapter has read the field")

    def _require_that_nothing_else_changes(self, probe: Probe, before: Message, after: Message) -> None:
        allowed = [probe.path, *_siblings(probe, self._root)]
        for path in _differing(before, after):
            if not any(is_at_or_below(path, one) or is_at_or_below(one, path) for one in allowed):
                raise Failure(probe, f"the change changes {path} too")


def _common_holders(before: Message, after: Message, steps: Sequence[Step]) -> tuple[Message, Message]:
    """The innermost messages on a path that are in both configs."""
    for step in steps[:-1]:
        inner = [_inner(message, step) for message in (before, after)]
        if None in inner:
            break
        before, after = inner
    return before, after


def _inner(message: Any, step: Step) -> Any:
    """The message that a step leads to; none if it is not there."""
    value = getattr(message, step.name)
    if step.key is None:
        return value if message.HasField(step.name) else None
    if isinstance(step.key, int):
        return value[step.key] if step.key < len(value) else None
    return value.get(step.key, None)


def _verdict(loaded: LoadedConfig) -> list[str]:
    return [
        f"{diagnostic.code} {diagnostic.path}" for diagnostic in loaded.diagnostics if diagnostic.severity == "error"
    ]


def _siblings(probe: Probe, root: Descriptor) -> Iterator[str]:
    """The paths of what changes with it: other members of the oneofs on the way, and all that is inherited."""
    above = ""
    for field, step in zip(probe.fields(root), steps_of(probe.path), strict=True):
        if field.containing_oneof is not None:
            yield from (join(above, other.name) for other in field.containing_oneof.fields)
        if inherits_from(field):
            yield above
        above = join(above, step.name) if step.key is None else at(join(above, step.name), step.key)


def _differing(before: Message, after: Message) -> Iterator[str]:
    one, other = ({leaf.path: leaf.value for leaf in leaves(message)} for message in (before, after))
    for path in one.keys() | other.keys():
        if path not in one or path not in other or (one[path] != other[path]):
            yield path
