"""What holds for every message of the schema: options, comments, inventory, and texts of its rules."""

import re
from pathlib import Path
from typing import Any

import pytest
from conformance.v1 import conformance_pb2 as pb
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from rankspec.options.v1 import options_pb2
from tests.conformance.corpus import all_cases, verdict_of

from rankspec.analysis.explanation import type_of
from rankspec.checking.rule_fields import FIELDS as FIELDS_OF_RULES
from rankspec.checking.validation import find
from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.textproto.reader import read_textproto
from rankspec.formats.writing import literal
from rankspec.schema.annotations import field_rules, inherits_from
from rankspec.schema.comments import all_comments
from rankspec.schema.defaults import default_items, resolve
from rankspec.schema.descriptors import descriptor_of, fields_of, message_of
from rankspec.schema.field_paths import is_below, path_of
from rankspec.schema.message_types import all_classes, message_class
from rankspec.schema.rules import cel_rules

HERE = Path(__file__).parent
MESSAGES = [descriptor_of(message) for message in all_classes()]
FIELDS = [field for message in MESSAGES for field in fields_of(message)]


def _named(thing: Descriptor | FieldDescriptor) -> str:
    return str(thing.full_name)


@pytest.mark.parametrize("field", FIELDS, ids=_named)
def test_every_field_states_effect_and_resume(field: FieldDescriptor) -> None:
    options: Any = field.GetOptions().Extensions

    assert options[options_pb2.effect] in {options_pb2.EFFECT_SEMANTIC, options_pb2.EFFECT_OPERATIONAL}
    assert options[options_pb2.resume] in {
        options_pb2.RESUME_FREE,
        options_pb2.RESUME_WARN,
        options_pb2.RESUME_FORBIDDEN,
    }


def test_everything_has_a_comment() -> None:
    uncommented = [name for name, comment in all_comments().items() if not comment]

    assert uncommented == []


def test_comments_are_those_of_this_schema() -> None:
    commented = all_comments().keys()
    names = {message.full_name for message in MESSAGES} | {field.full_name for field in FIELDS}
    oneofs = {oneof.full_name for message in MESSAGES for oneof in message.oneofs}

    assert (names | oneofs) - commented == set(), "run `make generate`"


@pytest.mark.parametrize("line", [line for line in (HERE / "inventory.txt").read_text().splitlines() if line[0] != "#"])
def test_inventory_is_in_the_schema_with_its_types_and_defaults(line: str) -> None:
    name, expected_type, expected_default = line.split(" ", 2)
    field = next(field for field in FIELDS if field.full_name == name)

    items = [] if field.message_type is not None or not field.is_repeated else default_items(field)
    if field_rules(field).required:
        default = "required"
    elif items:
        default = f"[{', '.join(literal(field, item) for item in items)}]"
    else:
        default = literal(field, field.default_value) if field.has_default_value else "-"
    assert (type_of(field).replace(" ", "_"), default) == (expected_type, expected_default)


@pytest.mark.parametrize("field", FIELDS, ids=_named)
def test_required_field_has_no_default(field: FieldDescriptor) -> None:
    assert not (field_rules(field).required and field.has_default_value)


@pytest.mark.parametrize("message", MESSAGES, ids=_named)
def test_defaults_keep_the_rules_of_their_fields(message: Descriptor) -> None:
    empty = next(c for c in all_classes() if descriptor_of(c) is message)()
    before = {(finding.path, finding.code) for finding in find(empty)}

    after = {(finding.path, finding.code) for finding in find(resolve(empty))}

    assert after <= before


@pytest.mark.parametrize("toggle", [field for field in FIELDS if inherits_from(field)], ids=_named)
def test_config_has_what_is_inherited_from(toggle: FieldDescriptor) -> None:
    holders = [m for m in MESSAGES if any(message_of(f) is toggle.containing_type for f in fields_of(m))]

    assert toggle.type == toggle.TYPE_BOOL
    assert not toggle.has_default_value
    for holder in holders:
        base = holder.fields_by_name[inherits_from(toggle)]
        assert base.message_type is toggle.containing_type
        assert not base.is_repeated


def _rule_ids() -> list[str]:
    return [rule for message in MESSAGES for rule, _ in cel_rules(message)]


def test_rule_ids_are_unique() -> None:
    assert len(set(_rule_ids())) == len(_rule_ids())


@pytest.mark.parametrize("rule", _rule_ids())
def test_rule_id_begins_with_the_area_of_its_message(rule: str) -> None:
    (message,) = [m for m in MESSAGES if rule in dict(cel_rules(m))]

    assert rule.split(".", maxsplit=1)[0] == message.full_name.split(".")[1]
    assert len(rule.split(".")) == 3


def _fields_of(expression: str, message: Descriptor) -> list[str]:
    """What a rule's expression says of the message that it stands at, the functions that it calls left out."""
    found: dict[str, None] = {}
    for said in re.findall(r"\bthis((?:\.[a-z][a-z0-9_]*)+)", expression):
        path = said.removeprefix(".")
        while path:
            try:
                found[path_of(path, message)] = None
                break
            except MistakeError:
                path = path.rpartition(".")[0]
    return list(found)


def test_rules_over_several_fields_say_which_they_look_at() -> None:
    looked_at = {rule: _fields_of(expression, m) for m in MESSAGES for rule, expression in cel_rules(m)}

    assert {rule: list(fields) for rule, fields in FIELDS_OF_RULES.items()} == {
        rule: fields for rule, fields in looked_at.items() if len(fields) > 1
    }


@pytest.mark.parametrize(
    "case",
    [case for case in all_cases() if case.id.startswith("rules/") and verdict_of(case) == "invalid"],
    ids=lambda c: c.id,
)
def test_text_of_a_message_rule_begins_with_an_existing_field(case: pb.Case) -> None:
    load = case.request.load
    message = read_textproto(load.text, message_class(load.message), "case").message
    for finding in (found for found in find(message) if found.text is not None):
        # The rule of a field stands there already, that of a message somewhere above.
        assert finding.path.field is not None
        assert is_below(finding.path, finding.site) or finding.path == finding.site
        assert finding.text
