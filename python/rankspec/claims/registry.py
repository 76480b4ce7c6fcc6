"""Which fields of the spec the trainer obeys.

Every adapter, the code that turns fields of messages into effects, claims those fields, and sees no others: in place of
a message it gets a view with the claimed fields alone, which notes what is read. A field that a config sets and no
adapter claims cannot run yet, so `train` refuses it by name instead of ignoring it. There is no list of refused fields
to keep: the refusal follows from what the adapters say of themselves. A deprecated field does nothing by the word of
the schema; no adapter claims it, and `check` has warned of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from google.protobuf.message import Message

from rankspec.claims.views import Claims, viewed
from rankspec.schema.annotations import deprecation_of
from rankspec.schema.field_paths import is_at_or_below
from rankspec.schema.leaves import leaves

AdapterT = TypeVar("AdapterT", bound=Callable[..., object])

# By adapter: a class, or what stands for a function since it was first decorated.
_adapters: dict[object, Claims] = {}


class Claim(NamedTuple):
    """One field that one adapter claims.

    Attributes:
        adapter: the adapter's name, module included.
        message: full name of the field's message.
        field: the field's name.
        is_read: whether the adapter has read it since `forget_reads` was called last.
    """

    adapter: str
    message: str
    field: str
    is_read: bool


def obeys(message_class: type[Message], *fields: str) -> Callable[[AdapterT], AdapterT]:
    """Declares that the decorated adapter gives effect to these fields of a message, and shows it no others.

    An adapter that obeys several messages is decorated once for each. Its arguments that are messages, or lists or
    maps of messages, become views for the call; those of a class do for its constructor, so that a view that it keeps
    has the class's claims wherever it is used. To read another field is an AssertionError.

    Args:
        message_class: the message whose fields the adapter reads.
        fields: names of the fields; a message field claims itself only, its own fields need claims of their own.

    Returns:
        A decorator for a function, a method or a class.

    Raises:
        AttributeError: if the message has no such field: the schema and the adapter have grown apart.
    """
    descriptor = message_class.DESCRIPTOR
    if unknown := [name for name in fields if name not in descriptor.fields_by_name]:
        raise AttributeError(f"{descriptor.full_name} has no field {', '.join(unknown)}")

    def register(adapter: AdapterT) -> AdapterT:
        if adapter not in _adapters:
            adapter = _adapted(adapter)
        _adapters[adapter].fields[descriptor.full_name].update(fields)
        return adapter

    return register


def _adapted(adapter: AdapterT) -> AdapterT:
    """The adapter with views for arguments: the class itself, or a function in the place of a function."""
    own = Claims(f"{adapter.__module__}.{adapter.__qualname__}")
    if isinstance(adapter, type):
        constructor: Any = adapter
        constructor.__init__ = _with_views(constructor.__init__, own)
    else:
        adapter = cast("AdapterT", _with_views(adapter, own))
    _adapters[adapter] = own
    return adapter


def _with_views(function: Callable[..., object], own: Claims) -> Callable[..., object]:
    @wraps(function)
    def adapted(*arguments: object, **named: object) -> object:
        shown = {name: viewed(argument, own) for name, argument in named.items()}
        return function(*(viewed(argument, own) for argument in arguments), **shown)

    return adapted


def all_claims() -> Iterator[Claim]:
    """Every field that is claimed, once for each adapter; complete once the adapters' modules are imported."""
    for own in _adapters.values():
        for message, fields in own.fields.items():
            for field in sorted(fields):
                yield Claim(own.adapter, message, field, field in own.read.get(message, ()))


def forget_reads() -> None:
    """Begins anew to note which fields are read."""
    for own in _adapters.values():
        own.read.clear()


def _claimed() -> defaultdict[str, set[str]]:
    """The claimed fields, by the full names of their messages."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for claim in all_claims():
        found[claim.message].add(claim.field)
    return found


def unclaimed_paths(message: Message) -> Iterator[str]:
    """Paths of the set fields that no adapter obeys, outermost only, in the order of the schema.

    Without those that are deprecated, and what they hold.
    """
    claimed, reported = _claimed(), None
    for leaf in leaves(message):
        if leaf.field.name in claimed[leaf.field.full_name.rpartition(".")[0]]:
            continue
        if any(deprecation_of(part) for part in leaf.path.fields):
            continue
        # The field as a whole, not each of its items.
        path = leaf.path.whole_field
        if reported is None or not is_at_or_below(path, reported):
            reported = path
            yield path
