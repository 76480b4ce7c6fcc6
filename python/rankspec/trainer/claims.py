"""Which fields of the spec the trainer obeys.

Every adapter, the code that turns fields of one message into effects, claims those fields. A field that a config sets
and no adapter claims cannot run yet, so `train` refuses it by name instead of ignoring it. There is no list of refused
fields to keep: the refusal follows from what the adapters say of themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from rankspec.source.origins import key_segment

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


def unclaimed_paths(message: Message, path: str = "") -> Iterator[str]:
    """Paths of the set fields that no adapter obeys, outermost only, in the order of the schema."""
    claimed = _claimed[message.DESCRIPTOR.full_name]
    for field, value in message.ListFields():
        here = f"{path}.{field.name}" if path else field.name
        if field.name not in claimed:
            yield here
        elif field.message_type is not None:
            for place, item in _messages(field, value, here):
                yield from unclaimed_paths(item, place)


def _messages(field: FieldDescriptor, value: object, path: str) -> Iterator[tuple[str, Message]]:
    """The messages a field holds, each with its path; none for a map of scalars."""
    if field.message_type.GetOptions().map_entry:
        if field.message_type.fields_by_name["value"].message_type is not None:
            for key in sorted(value):
                yield path + key_segment(key), value[key]
    elif field.is_repeated:
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    else:
        yield path, value
