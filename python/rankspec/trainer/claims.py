"""Which fields of the spec the trainer obeys.

Every adapter, the code that turns fields of one message into effects, claims those fields. A field that a config sets
and no adapter claims cannot run yet, so `train` refuses it by name instead of ignoring it. There is no list of refused
fields to keep: the refusal follows from what the adapters say of themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

from rankspec.leaves import leaves
from rankspec.source.origins import is_at_or_below, key_segment

AdapterT = TypeVar("AdapterT", bound=Callable[..., object])

_claimed: defaultdict[str, set[str]] = defaultdict(set)


def obeys(message_class: type[Message], *fields: str) -> Callable[[AdapterT], AdapterT]:
    """Declares that the decorated adapter gives effect to these fields of a message.

    Args:
        message_class: the message whose fields the adapter reads.
        fields: names of the fields; a message field claims itself only, its own fields need claims of their own.

    Returns:
        A decorator that leaves the adapter as it is.

    Raises:
        AttributeError: if the message has no such field: the schema and the adapter have grown apart.
    """
    descriptor = message_class.DESCRIPTOR
    if unknown := [name for name in fields if name not in descriptor.fields_by_name]:
        raise AttributeError(f"{descriptor.full_name} has no field {', '.join(unknown)}")

    def register(adapter: AdapterT) -> AdapterT:
        _claimed[descriptor.full_name].update(fields)
        return adapter

    return register


def claimed_fields(message_class: type[Message]) -> frozenset[str]:
    """The fields of a message that some adapter obeys; complete once the adapters' modules are imported."""
    return frozenset(_claimed[message_class.DESCRIPTOR.full_name])


def unclaimed_paths(message: Message) -> Iterator[str]:
    """Paths of the set fields that no adapter obeys, outermost only, in the order of the schema."""
    reported = None
    for leaf in leaves(message):
        field, step = leaf.fields[-1], leaf.steps[-1]
        if field.name in _claimed[field.full_name.rpartition(".")[0]]:
            continue
        # The field as a whole, not each of its items.
        path = leaf.path if step.key is None else leaf.path.removesuffix(key_segment(step.key))
        if reported is None or not is_at_or_below(path, reported):
            reported = path
            yield path
