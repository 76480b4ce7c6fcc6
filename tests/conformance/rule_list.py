"""Every rule of the schema, and which of them a case breaks or keeps."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from conformance.v1 import conformance_pb2 as pb
from google.protobuf import text_format
from google.protobuf.message import Message

from rankspec.schema.annotations import field_rules, is_required, message_rules
from rankspec.schema.descriptors import descriptor_of, fields_of, message_of
from rankspec.schema.field_paths import FieldPath, as_path, path_of
from rankspec.schema.leaves import leaves
from rankspec.schema.message_types import all_classes, message_class


class Rule(NamedTuple):
    """A rule of the schema.

    Attributes:
        message: Full name of the message type that it stands in.
        member: The field or oneof that it judges; empty for a rule of the message itself.
        code: The id that a violation of it is reported under.
    """

    message: str
    member: str
    code: str


def all_rules() -> list[Rule]:
    """Lists every rule of the schema."""
    return sorted({rule for cls in all_classes() for rule in _rules(cls)})


def _rules(cls: type[Message]) -> Iterator[Rule]:
    descriptor = descriptor_of(cls)
    name = descriptor.full_name
    for field in fields_of(descriptor):
        yield from (Rule(name, field.name, code) for code in codes(field_rules(field)))
    for oneof in descriptor.oneofs:
        if is_required(oneof):
            yield Rule(name, oneof.name, "required")
    own = message_rules(descriptor)
    yield from (Rule(name, "", rule.id) for rule in own.cel)
    if own.oneof:
        yield Rule(name, "", "message.oneof")


def codes(rules: Any) -> Iterator[str]:
    """Yields the ids of what `FieldRules` ask for; those of keys, values and items like those of the field."""
    for holder, value in rules.ListFields():
        match holder.name:
            case "cel":
                yield from (rule.id for rule in value)
            case "required":
                yield "required"
            case "map" | "repeated":
                yield from _collection_codes(holder.name, value)
            case kind:
                yield from _scalar_codes(kind, value)


def _collection_codes(kind: str, rules: Any) -> Iterator[str]:
    for field, value in rules.ListFields():
        if field.name in {"keys", "values", "items"}:
            yield from codes(value)
        else:
            yield f"{kind}.{field.name}"


def _scalar_codes(kind: str, rules: Any) -> Iterator[str]:
    names = [field.name for field, _ in rules.ListFields()]
    # A lower and an upper bound are one rule to protovalidate.
    bounds = [name for name in ("gt", "gte", "lt", "lte") if name in names]
    if bounds:
        yield f"{kind}.{'_'.join(bounds)}"
    yield from (f"{kind}.{name}" for name in names if name not in bounds)


def broken_rules(case: pb.Case) -> set[Rule]:
    """Returns the rules that an invalid case expects to be broken."""
    root = descriptor_of(message_class(case.request.load.message))
    return {_rule_of(root, violation) for violation in case.expected.refusal.violations}


def _rule_of(root: Any, violation: pb.Violation) -> Rule:
    """Finds where a violation's rule stands: at the last field of its path, in the message that has it."""
    path, code = as_path(violation.path), violation.code
    if not path or code == "message.oneof":
        return Rule(_type_at(root, path).full_name, "", code)
    # The last step may be a oneof, which is no field.
    return Rule(_type_at(root, path.whole_field.around).full_name, path.name, code)


def _type_at(root: Any, path: FieldPath) -> Any:
    return message_of(path_of(path, root).fields[-1]) if path else root


def kept_rules(case: pb.Case, rules: dict[tuple[str, str], list[Rule]]) -> set[Rule]:
    """Returns the rules that a valid case keeps with something at hand: a field that is set, a message that is there.

    Args:
        case: A valid case.
        rules: All rules by message and member.
    """
    message = message_class(case.request.load.message)()
    _parse(case, message)
    present = [message, *(leaf.value for leaf in leaves(message) if isinstance(leaf.value, Message))]
    kept: set[Rule] = set()
    for inner in present:
        descriptor = descriptor_of(inner)
        members = {field.name for field, _ in inner.ListFields()} | {oneof.name for oneof in descriptor.oneofs} | {""}
        kept.update(rule for member in members for rule in rules.get((descriptor.full_name, member), ()))
    return kept


def _parse(case: pb.Case, message: Message) -> None:
    load = case.request.load
    if load.WhichOneof("source") == "text":
        text_format.Parse(load.text, message)
