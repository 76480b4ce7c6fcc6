"""The fields of a config, and what became of each: live, deprecated, refused or dead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from google.protobuf.descriptor import Descriptor
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig
from tests.liveness import recap_probes, twhin_probes

from rankspec.claims.registry import Claim, all_claims
from rankspec.families import program_of
from rankspec.schema.descriptors import descriptor_of, is_map, map_value

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from tests.liveness.probe import Probe

# They read a config to write bundles and to fit baselines; what a run does with a field is not theirs to show.
_BESIDE_A_RUN = tuple(f"rankspec.families.recap.program.{part}." for part in ("export", "baseline_rows"))
Status = Literal["live", "deprecated", "refused", "dead"]
STATUSES: tuple[Status, ...] = ("live", "deprecated", "refused", "dead")
# By the root's name; its probes start from the file of the same stem.
ROOTS: dict[str, tuple[Descriptor, Sequence[Probe]]] = {
    "recap": (descriptor_of(RecapConfig), recap_probes.PROBES),
    "twhin": (descriptor_of(TwhinConfig), twhin_probes.PROBES),
}


@dataclass
class Field:
    """A field of a root's tree, once for its message however many places hold it.

    Attributes:
        descriptor: the field.
        status: what became of it.
        probes: those that change it alone.
        is_passed: whether a probe changes something below it.
    """

    descriptor: FieldDescriptor
    status: Status
    probes: list[Probe] = field(default_factory=list)
    is_passed: bool = False

    @property
    def name(self) -> str:
        """Message and field, without `rankspec.`."""
        return name_of(self.descriptor)


def name_of(descriptor: FieldDescriptor) -> str:
    """Message and field, without `rankspec.`."""
    return descriptor.full_name.removeprefix("rankspec.")


def fields_of(root: Descriptor, probes: Sequence[Probe]) -> list[Field]:
    """The fields of a root's tree, message by message.

    A field that holds a message is live with any field below it. A field that nothing but deprecated fields lead to is
    deprecated, one that nothing but refused fields lead to is refused.

    Raises:
        MistakeError: a probe is of a field that there is not.
    """
    claimed = _claimed()
    obeyed = {message.full_name for message in _reached(root, lambda field: _is_claimed(field, claimed))}
    current = {message.full_name for message in _reached(root, lambda field: not _is_deprecated(field))}
    found = {}
    for message in _reached(root, lambda _field: True):
        for descriptor in message.fields:
            status: Status = "dead"
            if _is_deprecated(descriptor) or message.full_name not in current:
                status = "deprecated"
            elif message.full_name not in obeyed or not _is_claimed(descriptor, claimed):
                status = "refused"
            found[descriptor.full_name] = Field(descriptor, status)
    for probe in probes:
        *above, changed = probe.fields(root)
        found[changed.full_name].probes.append(probe)
        for descriptor in above:
            found[descriptor.full_name].is_passed = True
    for one in found.values():
        if one.status == "dead" and (one.probes or one.is_passed):
            one.status = "live"
    return list(found.values())


def _is_deprecated(descriptor: FieldDescriptor) -> bool:
    return bool(descriptor.GetOptions().deprecated)


def _is_claimed(descriptor: FieldDescriptor, claimed: Mapping[str, set[str]]) -> bool:
    return descriptor.name in claimed[descriptor.full_name.rpartition(".")[0]]


def claims_on(root: str) -> list[Claim]:
    """The claims on what a root can hold, of all adapters but other families' own."""
    claimed = _claimed()
    reached = {message.full_name for message in _reached(ROOTS[root][0], lambda field: _is_claimed(field, claimed))}
    others = tuple(f"rankspec.families.{other}." for other in ROOTS if other != root)
    return [claim for claim in _own_claims() if claim.message in reached and not claim.adapter.startswith(others)]


def _own_claims() -> list[Claim]:
    """The claims of what a run does; other tests make adapters of their own, and import those beside a run."""
    return [
        claim
        for claim in all_claims()
        if claim.adapter.startswith("rankspec.") and not claim.adapter.startswith(_BESIDE_A_RUN)
    ]


def _claimed() -> Mapping[str, set[str]]:
    """The claimed fields by message; imports all that claims some."""
    for descriptor, _ in ROOTS.values():
        program_of(descriptor.full_name)
    for module in ("rankspec.trainer.run", "rankspec.trainer.follow"):
        import_module(module)
    claimed: defaultdict[str, set[str]] = defaultdict(set)
    for claim in _own_claims():
        claimed[claim.message].add(claim.field)
    return claimed


def _reached(root: Descriptor, leads: Callable[[FieldDescriptor], bool]) -> Iterator[Descriptor]:
    """The messages that a root holds by fields that lead to them, itself first."""
    found, pending = {root.full_name}, [root]
    while pending:
        message = pending.pop(0)
        yield message
        for descriptor in message.fields:
            inner = message_of(descriptor)
            if inner is not None and leads(descriptor) and inner.full_name not in found:
                found.add(inner.full_name)
                pending.append(inner)


def message_of(descriptor: FieldDescriptor) -> Descriptor | None:
    """The message that a field, a list or a map holds."""
    held: Descriptor | None = (map_value(descriptor) if is_map(descriptor) else descriptor).message_type
    return held


def counts(fields: Sequence[Field]) -> dict[Status, int]:
    """How many fields have each status."""
    return {status: sum(one.status == status for one in fields) for status in STATUSES}
