"""Messages as an adapter sees them: the fields that it claims, no others, and a note of each that it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast, overload

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from rankspec.schema.descriptors import descriptor_of

MessageT = TypeVar("MessageT", bound=Message)

# Protobuf has one type for all lists of messages and one for all maps to messages, and gives neither a public name.
_LIST: Any = type(FileDescriptorProto().message_type)
_MAP: Any = type(Struct().fields)


@dataclass
class Claims:
    """What one adapter claims.

    Attributes:
        adapter: its name, module included.
        fields: the claimed fields, by the full names of their messages.
        read: those of them that were read since somebody emptied it.
    """

    adapter: str
    fields: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    read: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def require(self, message: Descriptor, name: str, *, reads: bool = True) -> None:
        """Makes sure that a field is claimed, and notes that it is read if it is.

        Raises:
            AssertionError: it is not claimed: the adapter reads what it does not say it obeys.
        """
        if name not in self.fields.get(message.full_name, ()):
            raise AssertionError(f"{self.adapter} reads {message.full_name}.{name} and does not claim it")
        if reads:
            self.read[message.full_name].add(name)


class View:
    """A message whose claimed fields can be read; messages inside it are views too."""

    __slots__ = ("_claims", "_message")

    def __init__(self, message: Message, claims: Claims) -> None:
        """Takes the message itself, which the view does not copy."""
        self._message = message
        self._claims = claims

    @property
    def DESCRIPTOR(self) -> Descriptor:  # noqa: N802 - as messages have it
        """The message's descriptor."""
        return descriptor_of(self._message)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # Python asks for such; no message has them.
            raise AttributeError(name)
        descriptor = descriptor_of(self._message)
        if name in descriptor.fields_by_name:
            self._claims.require(descriptor, name)
            return viewed(getattr(self._message, name), self._claims)
        if hasattr(self._message, name):
            raise AssertionError(
                f"{self._claims.adapter} uses {name} of {descriptor.full_name}, and a view has none; "
                "what needs all fields takes whole_message(...)"
            )
        raise AttributeError(f"{descriptor.full_name} has no field {name}")

    def HasField(self, name: str) -> bool:  # noqa: N802 - as messages have it
        """Whether a claimed field is set. That alone reads a field that is a message, and no other."""
        descriptor = descriptor_of(self._message)
        self._claims.require(descriptor, name, reads=descriptor.fields_by_name[name].message_type is not None)
        return self._message.HasField(name)

    def WhichOneof(self, name: str) -> str | None:  # noqa: N802 - as messages have it
        """The member of a oneof that is set, if any; the adapter has to claim one of them at least."""
        descriptor = descriptor_of(self._message)
        members = [field.name for field in descriptor.oneofs_by_name[name].fields]
        if self._claims.fields[descriptor.full_name].isdisjoint(members):
            raise AssertionError(f"{self._claims.adapter} reads {descriptor.full_name}.{name} and claims no member")
        return cast("str | None", self._message.WhichOneof(name))

    def __eq__(self, other: object) -> bool:
        return self._message == _unwrapped(other)

    # As messages have none.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.DESCRIPTOR.full_name} as {self._claims.adapter} sees it>"


class ListView(Sequence[View]):
    """A list of messages, each as a view."""

    __slots__ = ("_claims", "_message")

    def __init__(self, messages: Sequence[Message], claims: Claims) -> None:
        """Takes the list itself."""
        self._message = messages
        self._claims = claims

    def __len__(self) -> int:
        return len(self._message)

    @overload
    def __getitem__(self, index: int) -> View: ...
    @overload
    def __getitem__(self, index: slice) -> list[View]: ...
    def __getitem__(self, index: int | slice) -> View | list[View]:
        if isinstance(index, slice):
            return [View(message, self._claims) for message in self._message[index]]
        return View(self._message[index], self._claims)


class MapView(Mapping[Any, View]):
    """A map to messages, each as a view. Unlike protobuf's own, it makes no entry for a key that is not there."""

    __slots__ = ("_claims", "_message")

    def __init__(self, messages: Mapping[Any, Message], claims: Claims) -> None:
        """Takes the map itself."""
        self._message = messages
        self._claims = claims

    def __len__(self) -> int:
        return len(self._message)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._message)

    def __contains__(self, key: object) -> bool:
        return key in self._message

    def __getitem__(self, key: Any) -> View:
        if key not in self._message:
            raise KeyError(key)
        return View(self._message[key], self._claims)


def viewed(value: Any, claims: Claims) -> Any:
    """A message, or a list or map of messages, as an adapter with these claims sees it; any other value as it is.

    What is a view already, of another adapter, becomes this one's.
    """
    value = _unwrapped(value)
    if isinstance(value, Message):
        return View(value, claims)
    if isinstance(value, _LIST):
        return ListView(value, claims)
    if isinstance(value, _MAP):
        return MapView(value, claims)
    return value


def whole_message(message: MessageT) -> MessageT:
    """The message behind a view, for code that takes all of its fields: copies, serialization, rules.

    Nothing counts as read by that. A message that is no view is returned as it is.
    """
    return cast("MessageT", _unwrapped(message))


def _unwrapped(value: Any) -> Any:
    return value._message if isinstance(value, View | ListView | MapView) else value  # noqa: SLF001 - of this module
