"""Finds the message class that a name or a file's header asks for, importing only the module it is in."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, cast

from rankspec.diagnostics.mistake import MistakeError

if TYPE_CHECKING:
    from google.protobuf.message import Message

DEFAULT_MESSAGE = "rankspec.recap.v1.RecapConfig"

_UNKNOWN = "file.unknown_message"

# Where the messages that a file usually holds are generated; others are looked for in their package.
_MODULES = {
    DEFAULT_MESSAGE: "rankspec.recap.v1.recap_pb2",
    "rankspec.twhin.v1.TwhinConfig": "rankspec.twhin.v1.twhin_pb2",
}
_PACKAGE = r"rankspec\.[a-z][a-z0-9_]*\.v[0-9]+"
_PROTO_FILE = r"(?:.*/)?(rankspec/[a-z][a-z0-9_]*/v[0-9]+)/[a-z][a-z0-9_]*\.proto"


def message_class(name: str) -> type[Message]:
    """Returns the class of a message type.

    Args:
        name: A full name such as `rankspec.recap.v1.RecapConfig`, or the last part of one.

    Raises:
        MistakeError: There is no such message, or the short name is that of several.
    """
    package, _, short = name.rpartition(".")
    if name in _MODULES:
        return cast("type[Message]", getattr(import_module(_MODULES[name]), short))
    if not package:
        return _by_short_name(short)
    if re.fullmatch(_PACKAGE, package):
        for candidate in _classes_of(package):
            if candidate.DESCRIPTOR.full_name == name:
                return candidate
    raise _unknown(name)


def named_in_header(proto_message: str | None, proto_file: str | None) -> str:
    """Returns the full name of the message that a file's header asks for.

    Args:
        proto_message: What follows `# proto-message:`, a full name or one within the package of the file.
        proto_file: What follows `# proto-file:`.

    Raises:
        MistakeError: The header names a file outside the spec.
    """
    package = "rankspec.recap.v1"
    if proto_file is not None:
        match = re.fullmatch(_PROTO_FILE, proto_file)
        if match is None:
            raise MistakeError(
                _UNKNOWN,
                f"`{proto_file}` is no file of the spec",
                "write `# proto-file: rankspec/recap/v1/recap.proto`",
            )
        package = match[1].replace("/", ".")
    if proto_message is None:
        return _main_message(package)
    return proto_message if "." in proto_message else f"{package}.{proto_message}"


def _main_message(package: str) -> str:
    for name in _MODULES:
        if name.rpartition(".")[0] == package:
            return name
    raise MistakeError(
        _UNKNOWN,
        f"the header does not say which message of {package} the file holds",
        "add a line `# proto-message: NAME`",
    )


def _by_short_name(short: str) -> type[Message]:
    found = [candidate for candidate in all_classes() if candidate.DESCRIPTOR.name == short]
    preferred = [candidate for candidate in found if candidate.DESCRIPTOR.full_name in _MODULES] or found
    if len(preferred) == 1:
        return preferred[0]
    if not found:
        raise _unknown(short)
    names = " or ".join(f"`{candidate.DESCRIPTOR.full_name}`" for candidate in found)
    raise MistakeError(_UNKNOWN, f"several messages are called {short}", f"write {names}")


def _unknown(name: str) -> MistakeError:
    from rankspec.diagnostics.closest_name import closest

    classes = all_classes()
    match = closest(name, [c.DESCRIPTOR.full_name for c in classes]) if "." in name else None
    match = match or closest(name.rpartition(".")[2], [c.DESCRIPTOR.name for c in classes])
    suggestion = f"did you mean `{match}`?" if match else f"a config is usually a `{DEFAULT_MESSAGE}`"
    return MistakeError(_UNKNOWN, f"there is no message `{name}`", suggestion)


def all_classes() -> list[type[Message]]:
    """Returns the classes of all message types of the spec, in the order of their full names."""
    classes = [c for package in _packages() for c in _classes_of(package)]
    return sorted(classes, key=lambda c: str(c.DESCRIPTOR.full_name))


def _packages() -> list[str]:
    """Finds the packages of generated modules: namespace folders, which have no `__init__`."""
    from pathlib import Path

    import rankspec

    folders = {version for root in rankspec.__path__ for version in Path(root).glob("*/v[0-9]*")}
    return sorted({f"rankspec.{folder.parent.name}.{folder.name}" for folder in folders})


def _classes_of(package: str) -> list[type[Message]]:
    from pkgutil import iter_modules

    from google.protobuf.message import Message

    try:
        path = import_module(package).__path__
    except ModuleNotFoundError:
        return []
    modules = [import_module(f"{package}.{m.name}") for m in iter_modules(path) if m.name.endswith("_pb2")]
    return [
        member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Message)
    ]
