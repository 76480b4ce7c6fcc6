"""Every single-field mutation of a config, made from the descriptors alone.

A config is laid out one value a line; a mutation changes, adds or removes what one field takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.formats.field_plans import INTEGER_RANGES
from rankspec.formats.writing import literal
from rankspec.schema.annotations import field_rules, inherits_from, is_required
from rankspec.schema.descriptors import descriptor_of, enum_of, fields_of, is_map, key_field, map_value
from rankspec.schema.field_paths import at, is_at_or_below, join
from rankspec.schema.leaves import in_schema_order
from rankspec.schema.rules import bounds, choices, exclusive_groups, value_rules

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

_INTEGERS = {
    "TYPE_INT32": "int32", "TYPE_INT64": "int64", "TYPE_UINT32": "uint32", "TYPE_UINT64": "uint64",
}  # fmt: skip
_MAX_DOUBLE = 1.7976931348623157e308


class Mutation(NamedTuple):
    """A config with one field changed.

    Attributes:
        kind: What was done, such as `nan` or `typo`.
        path: The field.
        text: The whole config.
        in_range: Whether the descriptors allow what was written, looking at this field alone.
    """

    kind: str
    path: str
    text: str
    in_range: bool


class _Site(NamedTuple):
    """A field that is set, and the lines that it takes.

    Attributes:
        field: The field; of a map's entry, the map.
        path: Its path.
        begin: Its first line.
        end: The line after its last.
        rules: The rules of its value.
        message: The message that it holds, if it holds one.
        in_entry: Whether it is the value inside of a map's entry.
    """

    field: FieldDescriptor
    path: str
    begin: int
    end: int
    rules: Any
    message: Message | None
    in_entry: bool


class Layout:
    """A config laid out one value a line.

    Attributes:
        lines: The lines.
        sites: The fields on them, outer before inner.
    """

    def __init__(self, config: Message) -> None:
        self.lines: list[str] = []
        self.sites: list[_Site] = []
        self._config = config
        self._heirs: list[str] = []
        self._message(config, "")

    @property
    def text(self) -> str:
        """The config as it is."""
        return "\n".join(self.lines)

    def blocks(self) -> Iterator[tuple[Message, str, int]]:
        """Yields every message with its path and the first line inside of it."""
        yield self._config, "", 0
        for site in self.sites:
            if site.message is not None:
                yield site.message, site.path, site.begin + 1

    def replaced(self, begin: int, end: int, new: list[str]) -> str:
        """Returns the config with other lines in place of some."""
        return "\n".join([*self.lines[:begin], *new, *self.lines[end:]])

    def without(self, paths: set[str]) -> str:
        """Returns the config without some fields, all elements of a list or map included."""
        gone = {
            index
            for site in self.sites
            if not site.in_entry and any(site.path == p or site.path.startswith(p + "[") for p in paths)
            for index in range(site.begin, site.end)
        }
        return "\n".join(line for index, line in enumerate(self.lines) if index not in gone)

    def inherits(self, path: str) -> bool:
        """Tells whether what is not set in a message is taken from elsewhere."""
        return any(is_at_or_below(path, heir) for heir in self._heirs)

    def _message(self, message: Message, path: str) -> None:
        for field, value in in_schema_order(message):
            here = join(path, field.name)
            if inherits_from(field) and value:
                self._heirs.append(path)
            if is_map(field):
                for key in sorted(value):
                    self._entry(field, key, value[key], at(here, key))
            elif field.is_repeated:
                for index, item in enumerate(value):
                    self._value(field, item, at(here, index), value_rules(field), in_entry=False)
            else:
                self._value(field, value, here, value_rules(field), in_entry=False)

    def _entry(self, field: FieldDescriptor, key: Any, value: Any, path: str) -> None:
        begin, place = len(self.lines), len(self.sites)
        self.lines += [f"{field.name} {{", f"key: {literal(key_field(field), key)}"]
        self._value(map_value(field), value, path, value_rules(field), in_entry=True)
        self.lines.append("}")
        self.sites.insert(place, _Site(field, path, begin, len(self.lines), None, None, in_entry=False))

    def _value(self, field: FieldDescriptor, value: Any, path: str, rules: Any, *, in_entry: bool) -> None:
        begin, place = len(self.lines), len(self.sites)
        message = value if field.message_type is not None else None
        if message is None:
            self.lines.append(f"{field.name}: {literal(field, value)}")
        else:
            self.lines.append(f"{field.name} {{")
            self._message(message, path)
            self.lines.append("}")
        self.sites.insert(place, _Site(field, path, begin, len(self.lines), rules, message, in_entry))


def mutations(config: Message) -> Iterator[Mutation]:
    """Yields every mutation of a config, whose variables need not be replaced."""
    laid_out = Layout(config)
    for site in laid_out.sites:
        yield from _of_what_is_set(laid_out, site)
    for message, path, begin in laid_out.blocks():
        yield from _of_what_is_not_set(laid_out, message, path, begin)
        yield from _of_choices(laid_out, message, path, begin)


def _of_what_is_set(laid_out: Layout, site: _Site) -> Iterator[Mutation]:
    first = laid_out.lines[site.begin]
    name = site.field.name
    if not site.in_entry:
        misspelled = [_misspelled(name, site.field) + first.removeprefix(name)]
        yield Mutation("typo", site.path, laid_out.replaced(site.begin, site.begin + 1, misspelled), in_range=False)
    if not site.field.is_repeated or is_map(site.field):
        twice = laid_out.replaced(site.begin, site.begin, laid_out.lines[site.begin : site.end])
        yield Mutation("duplicate", site.path, twice, in_range=False)
    if site.message is not None or is_map(site.field):
        yield Mutation("wrong_type", site.path, laid_out.replaced(site.begin, site.end, [f"{name}: 5"]), in_range=False)
        return
    for kind, value, in_range in values(site.field, site.rules):
        text = laid_out.replaced(site.begin, site.end, [f"{name}: {value}"])
        yield Mutation(kind, site.path, text, in_range)


def _of_what_is_not_set(laid_out: Layout, message: Message, path: str, begin: int) -> Iterator[Mutation]:
    """Writes what a scalar field must not hold where it is not set; members of oneofs are mutated as choices."""
    set_names = {field.name for field, _ in message.ListFields()}
    for field in fields_of(descriptor_of(message)):
        if field.message_type is None and field.containing_oneof is None and field.name not in set_names:
            for kind, value, in_range in values(field, value_rules(field)):
                text = laid_out.replaced(begin, begin, [f"{field.name}: {value}"])
                yield Mutation(kind, join(path, field.name), text, in_range)


def _of_choices(laid_out: Layout, message: Message, path: str, begin: int) -> Iterator[Mutation]:
    """Has two fields that exclude each other, or none where one is required, and not inherited."""
    set_names = {field.name for field, _ in message.ListFields()}
    for names, required in _choices_of(descriptor_of(message)):
        chosen = set_names & names.keys()
        for name in names.keys() - chosen if chosen else ():
            text = laid_out.replaced(begin, begin, [_some(names[name])])
            yield Mutation("both", join(path, name), text, in_range=False)
        if required and not laid_out.inherits(path):
            text = laid_out.without({join(path, name) for name in chosen})
            yield Mutation("none", join(path, "/".join(chosen)), text, in_range=False)


def _choices_of(descriptor: Descriptor) -> Iterator[tuple[dict[str, FieldDescriptor], bool]]:
    """Yields the fields of which a message takes one, and whether it needs one; a required field is such a choice."""
    for oneof in descriptor.oneofs:
        yield {field.name: field for field in oneof.fields}, is_required(oneof)
    for names, required in exclusive_groups(descriptor):
        yield {name: descriptor.fields_by_name[name] for name in names}, required
    for field in fields_of(descriptor):
        rules = field_rules(field)
        if rules.required or rules.repeated.min_items or rules.map.min_pairs:
            yield {field.name: field}, True


def _misspelled(name: str, field: FieldDescriptor) -> str:
    """Returns the name with two letters swapped, or the last one doubled, so that it is no field's."""
    holder: Any = field.containing_type
    swapped = [name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1)]
    return next(typo for typo in [*swapped, name + name[-1]] if typo not in holder.fields_by_name)


def values(field: FieldDescriptor, rules: Any) -> Iterator[tuple[str, str, bool]]:
    """Yields what a scalar field may be given: kind, literal, and whether the descriptors allow it."""
    if field.enum_type is not None:
        zero = enum_of(field).values[0]
        yield "zero", zero.name, zero.number not in rules.enum.not_in
        yield "wrong_enum", "NO_SUCH_VALUE", False
        yield "wrong_enum", str(max(value.number for value in enum_of(field).values) + 1), False
        yield "wrong_enum", enum_of(field).values[-1].name.lower(), False
        yield "wrong_type", '"text"', False
    elif field.type == field.TYPE_BOOL:
        for text in ("2", "-1", '"true"', "nan", "yes"):
            yield "wrong_type", text, False
    elif field.type in {field.TYPE_STRING, field.TYPE_BYTES}:
        yield "zero", '""', not rules.string.min_len and not rules.string.pattern and not choices(rules)
        for text in ("5", "true", "nan"):
            yield "wrong_type", text, False
        yield "wrong_type", '"\\xff"', False
    else:
        yield from _numbers(field, rules)


def _numbers(field: FieldDescriptor, rules: Any) -> Iterator[tuple[str, str, bool]]:
    kind = next((name for constant, name in _INTEGERS.items() if field.type == getattr(field, constant)), None)
    for special in ("nan", "inf", "-inf"):
        yield {"-inf": "minus_inf"}.get(special, special), special, kind is None and _allows(rules, float(special))
    yield "zero", "0", _allows(rules, 0)
    yield "minus_one", "-1", _allows(rules, -1)
    for text in ('"1"', "true", "{}"):
        yield "wrong_type", text, False
    if kind is None:
        yield "max", repr(_MAX_DOUBLE), _allows(rules, _MAX_DOUBLE)
        yield "overflow", "1e999", False
        yield "overflow", "-1e999", False
        return
    least, most = INTEGER_RANGES[kind]
    yield "max", str(most), _allows(rules, most)
    yield "overflow", str(most + 1), False
    yield "overflow", str(least - 1), False
    yield "wrong_type", "1.5", False


def _allows(rules: Any, value: float) -> bool:
    """Tells whether a number is inside the range that the descriptors give; what is not finite never is."""
    if not isfinite(value):
        return False
    allowed = choices(rules)
    if allowed:
        return value in allowed
    typed = getattr(rules, rules.WhichOneof("type")) if rules.WhichOneof("type") else None
    if typed is not None and value in typed.not_in:
        return False
    limits = bounds(rules)
    if limits is None:
        return True
    below = limits.lower is not None and (value < limits.lower or (value == limits.lower and not limits.lower_included))
    above = limits.upper is not None and (value > limits.upper or (value == limits.upper and not limits.upper_included))
    return not below and not above


def _some(field: FieldDescriptor) -> str:
    """Writes a field with any value of its type."""
    if field.message_type is not None:
        return f"{field.name} {{}}"
    if field.enum_type is not None:
        return f"{field.name}: {enum_of(field).values[-1].name}"
    if field.type == field.TYPE_STRING:
        return f'{field.name}: "x"'
    return f"{field.name}: {'true' if field.type == field.TYPE_BOOL else 1}"
