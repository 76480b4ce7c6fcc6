"""The JSON, YAML and binary readers: the same verdicts, codes and places as the text format's."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reader_schema import Root

from rankspec.formats.binary import read_binary
from rankspec.formats.document import Document
from rankspec.formats.json_yaml.json_reader import read_json
from rankspec.formats.json_yaml.yaml_reader import read_yaml


def places(document: Document[Any]) -> list[tuple[str, int, int]]:
    found = []
    for diagnostic in document.diagnostics:
        assert diagnostic.position is not None
        found.append((diagnostic.code, diagnostic.position.line, diagnostic.position.column))
    return found


def from_json(text: str | bytes) -> Document[Any]:
    return read_json(text, Root, "spec.json")


def from_yaml(text: str | bytes) -> Document[Any]:
    return read_yaml(text, Root, "spec.yaml")


JSON_ACCEPTED = {
    "empty": "{}",
    "numbers": '{"real": 1.5, "single": -2e3, "small": 3, "big": "9007199254740993", "large": 18, "natural": 1.0}',
    "exact": '{"big": 9007199254740993, "large": 9007199254740991.0}',
    "numbers_in_quotes": '{"real": "1.5", "small": "3", "reals": ["NaN", "Infinity", "-Infinity"]}',
    "names": '{"byName": {"a": {"size": 1}}, "by_number": {"-3": "x"}, "byFlag": {"true": "5"}}',
    "enums": '{"color": "COLOR_RED", "colors": ["COLOR_BLUE", 1, 7], "shape": 2}',
    "strings": r'{"text": "a\"\\\/\b\f\n\r\té\ud83d\ude00 é", "raw": "AAEC/w=="}',
    "messages": '{"leaf": {"size": 1}, "nested": {"leaf": {}}, "leaves": [{}, {"rate": 2}], "left": {}}',
    "null_is_absent": '{"leaf": null, "small": null, "real": 1}',
}


@pytest.mark.parametrize("text", JSON_ACCEPTED.values(), ids=JSON_ACCEPTED.keys())
def test_json_reads_what_the_official_parser_reads(text: str) -> None:
    document = from_json(text)
    assert document.diagnostics == []
    assert document.message == json_format.Parse(text, Root()) or "NaN" in text


JSON_REFUSED = {
    "syntax/empty": ("", "parse.syntax", 1, 1),
    "syntax/second_document": ("{} {}", "parse.syntax", 1, 4),
    "syntax/missing_comma": ('{"small": 1\n "big": 2}', "parse.syntax", 2, 2),
    "syntax/missing_colon": ('{"small" 1}', "parse.syntax", 1, 10),
    "syntax/missing_value": ('{"small":, "big": 1}', "parse.syntax", 1, 10),
    "syntax/equals": ('{"small" = 1}', "parse.syntax", 1, 10),
    "syntax/word": ('{"flag": True}', "parse.syntax", 1, 10),
    "unterminated/object": ('{"leaf": {"size": 1}', "parse.unterminated", 1, 1),
    "unterminated/list": ('{"smalls": [1,\n 2', "parse.unterminated", 1, 12),
    "unterminated/string": ('{"text": "abc\n}', "parse.unterminated", 1, 14),
    "unterminated/last_string": ('{"text": "abc', "parse.unterminated", 1, 10),
    "syntax/other_bracket": ('{"smalls": [1, 2}', "parse.syntax", 1, 17),
    "unknown_field": ('{"leaf": {"siez": 1}}', "parse.unknown_field", 1, 11),
    "wrong_type/string": ('{"small": "x"}', "parse.wrong_type", 1, 11),
    "wrong_type/number_for_string": ('{"text": 5}', "parse.wrong_type", 1, 10),
    "wrong_type/bool_for_real": ('{"real": true}', "parse.wrong_type", 1, 10),
    "wrong_type/string_for_bool": ('{"flag": "true"}', "parse.wrong_type", 1, 10),
    "wrong_type/list_for_message": ('{"leaf": []}', "parse.wrong_type", 1, 10),
    "wrong_type/object_for_list": ('{"smalls": {}}', "parse.wrong_type", 1, 12),
    "wrong_type/null_element": ('{"smalls": [1, null]}', "parse.wrong_type", 1, 16),
    "wrong_type/fraction": ('{"small": 1.5}', "parse.wrong_type", 1, 11),
    "wrong_type/map_key": ('{"byNumber": {"01": "x"}}', "parse.wrong_type", 1, 15),
    "wrong_type/base64": ('{"raw": "?"}', "parse.wrong_type", 1, 9),
    "wrong_type/document": ("[1]", "parse.wrong_type", 1, 1),
    "out_of_range/int32": ('{"small": 2147483648}', "parse.out_of_range", 1, 11),
    "out_of_range/double": ('{"real": 1e400}', "parse.out_of_range", 1, 10),
    "out_of_range/float": ('{"single": 1e39}', "parse.out_of_range", 1, 12),
    "duplicate_field": ('{"small": 1,\n "small": 2}', "parse.duplicate_field", 2, 2),
    "duplicate_field/both_names": ('{"byName": {}, "by_name": {}}', "parse.duplicate_field", 1, 16),
    "duplicate_key": ('{"byName": {"a": {}, "a": {}}}', "parse.duplicate_key", 1, 22),
    "oneof_conflict": ('{"left": {}, "right": 5}', "parse.oneof_conflict", 1, 14),
    "oneof_conflict/null": ('{"left": {}, "right": null}', "parse.oneof_conflict", 1, 14),
    "unknown_enum_value": ('{"color": "COLOR_RDE"}', "parse.unknown_enum_value", 1, 11),
    "syntax/comment": ('{ // why\n"small": 1}', "parse.syntax", 1, 3),
    "syntax/single_quotes": ("{'small': 1}", "parse.syntax", 1, 2),
    "syntax/bare_name": ("{small: 1}", "parse.syntax", 1, 2),
    "syntax/leading_zero": ('{"small": 01}', "parse.syntax", 1, 12),
    "syntax/leading_point": ('{"real": .5}', "parse.syntax", 1, 10),
    "syntax/hexadecimal": ('{"small": -0x11}', "parse.syntax", 1, 13),
    "syntax/escape": (r'{"text": "\q"}', "parse.syntax", 1, 11),
    "syntax/control": ('{"text": "a\tb"}', "parse.syntax", 1, 12),
    "not_portable/nan": ('{"real": NaN}', "parse.not_portable.number", 1, 10),
    "not_portable/minus_zero": ('{"real": -0}', "parse.not_portable.number", 1, 10),
    "not_portable/hexadecimal_in_quotes": ('{"small": "0x11"}', "parse.not_portable.number", 1, 11),
    "wrong_type/exponent_in_quotes": ('{"small": "1e3"}', "parse.wrong_type", 1, 11),
    "wrong_type/inexact": ('{"big": 9007199254740993.0}', "parse.wrong_type", 1, 9),
    "wrong_type/exponent": ('{"big": 1e999999999}', "parse.wrong_type", 1, 9),
    "out_of_range/exponent": ('{"small": 3e9}', "parse.out_of_range", 1, 11),
    "not_portable/inf": ('{"real": "inf"}', "parse.not_portable.number", 1, 10),
    "not_portable/lone_surrogate": (r'{"text": "\ud800"}', "parse.not_portable.escape", 1, 10),
    "not_portable/byte_order_mark": ("\ufeff{}", "parse.not_portable.byte_order_mark", 1, 1),
    "too_deep": ('{"nested":' * 101 + "{}" + "}" * 101, "parse.too_deep", 1, 1011),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "column"), JSON_REFUSED.values(), ids=JSON_REFUSED.keys())
def test_a_mistake_in_json_is_reported_once_at_its_place(text: str, code: str, line: int, column: int) -> None:
    assert places(from_json(text)) == [(code, line, column)]


def test_a_comma_before_the_end_is_no_json() -> None:
    # Versions of Python differ in whether they name the comma or what follows.
    assert places(from_json('{"small": 1,}')) in ([("parse.syntax", 1, 12)], [("parse.syntax", 1, 13)])


def test_what_stands_before_an_error_of_json_is_checked_too() -> None:
    document = from_json('{"smal": 1, "big": 7,\n "leaf": {"size": 1 "rate": 2}}')
    assert places(document) == [("parse.unknown_field", 1, 2), ("parse.syntax", 2, 21)]
    assert document.message.big == 7
    assert document.damaged == {"", "small"}


def test_every_mistake_in_json_is_reported_in_one_run() -> None:
    document = from_json('{"smal": 1,\n "leaf": {"size": "x"},\n "smalls": [1, 2.5],\n "big": 7}')
    assert places(document) == [
        ("parse.unknown_field", 1, 2),
        ("parse.wrong_type", 2, 19),
        ("parse.wrong_type", 3, 16),
    ]
    assert document.message.big == 7
    assert document.damaged == {"small", "leaf.size", "smalls[1]"}


def test_json_values_have_their_places() -> None:
    document = from_json('{"byName": {\n  "a": {"sizes": [1, 2]}},\n "leaves": [{"size": 1}]}')
    found = {path: (mark.value.line, mark.value.column) for path, mark in document.origins.marks.items()}
    assert found == {
        "by_name": (1, 12),
        'by_name["a"]': (2, 8),
        'by_name["a"].sizes': (2, 18),
        'by_name["a"].sizes[0]': (2, 19),
        'by_name["a"].sizes[1]': (2, 22),
        "leaves": (3, 13),
        "leaves[0]": (3, 13),
        "leaves[0].size": (3, 22),
    }
    name = document.origins.name('by_name["a"]')
    assert name is not None
    assert (name.line, name.column) == (2, 3)


YAML = """\
# numbers as people write them
real: 1e-4
single: 2
small: 3
texts: [plain, 'quoted', 2020-01-01]
reals: [.inf, -.inf, 1.5]
color: COLOR_RED
flag: true
leaf: &leaf
  rate: 0.25
  sizes: [1, 2]
leaves:
  - *leaf
  - <<: *leaf
    rate: 2
by_name:
  a: *leaf
by_number: {1: one}
nested:
"""


def test_yaml_is_mapped_as_json_is() -> None:
    document = from_yaml(YAML)
    assert document.diagnostics == []
    leaf = {"rate": 0.25, "sizes": [1, 2]}
    expected = {
        "real": 1e-4, "single": 2, "small": 3, "texts": ["plain", "quoted", "2020-01-01"], "color": "COLOR_RED",
        "reals": ["Infinity", "-Infinity", 1.5], "flag": True, "leaf": leaf, "leaves": [leaf, {**leaf, "rate": 2}],
        "by_name": {"a": leaf}, "by_number": {"1": "one"},
    }  # fmt: skip
    assert document.message == json_format.ParseDict(expected, Root())


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [("real", 2, 7), ("leaf.sizes[1]", 11, 14), ("leaves[1].rate", 15, 11), ("leaves[1].sizes", 11, 10)],
)
def test_yaml_values_have_their_places(path: str, line: int, column: int) -> None:
    place = from_yaml(YAML).origins.value(path)
    assert place is not None
    assert (place.line, place.column) == (line, column)


def test_columns_of_yaml_count_characters() -> None:
    assert places(from_yaml('{"text": "é€", small: x}')) == [("parse.wrong_type", 1, 23)]


YAML_REFUSED = {
    "syntax/tab": ("leaf:\n\tsize: 1", "parse.syntax", 2, 1),
    "syntax/second_document": ("small: 1\n---\nbig: 1", "parse.syntax", 2, 1),
    "syntax/unknown_alias": ("leaf: *none", "parse.syntax", 1, 7),
    "syntax/tag": ("small: !!python/none 1", "parse.syntax", 1, 8),
    "syntax/mapping_as_name": ("{{}: 1}", "parse.syntax", 1, 2),
    "unterminated": ('text: "abc', "parse.unterminated", 1, 7),
    "unknown_field": ("leaf:\n  siez: 1", "parse.unknown_field", 2, 3),
    "wrong_type/number_for_string": ("text: 5", "parse.wrong_type", 1, 7),
    "wrong_type/bool_for_string": ("text: no", "parse.wrong_type", 1, 7),
    "out_of_range": ("small: 3000000000", "parse.out_of_range", 1, 8),
    "duplicate_field": ("small: 1\nsmall: 2", "parse.duplicate_field", 2, 1),
    "duplicate_key": ("weights: {a: 1, a: 2}", "parse.duplicate_key", 1, 17),
    "oneof_conflict": ("left: {}\nright: 1", "parse.oneof_conflict", 2, 1),
    "unknown_enum_value": ("color: RED", "parse.unknown_enum_value", 1, 8),
    "not_portable/yes": ("flag: yes", "parse.not_portable.bool", 1, 7),
    "not_portable/hexadecimal_number": ("small: 0x10", "parse.not_portable.number", 1, 8),
    "not_portable/octal": ("small: 010", "parse.not_portable.number", 1, 8),
    "not_portable/underscore": ("small: 1_000", "parse.not_portable.number", 1, 8),
    "not_portable/control": ("text: \x01", "parse.not_portable.control_character", 1, 7),
    "not_portable/byte_order_mark": ("\ufeffsmall: 1", "parse.not_portable.byte_order_mark", 1, 1),
}


@pytest.mark.parametrize(("text", "code", "line", "column"), YAML_REFUSED.values(), ids=YAML_REFUSED.keys())
def test_a_mistake_in_yaml_is_reported_once_at_its_place(text: str, code: str, line: int, column: int) -> None:
    assert places(from_yaml(text)) == [(code, line, column)]


def test_what_stands_before_an_error_of_yaml_is_checked_too() -> None:
    assert places(from_yaml("smal: 1\ntext: 'a' 'b'\n")) == [
        ("parse.unknown_field", 1, 1),
        ("parse.syntax", 2, 11),
    ]


def test_an_empty_yaml_file_is_an_empty_config() -> None:
    assert from_yaml("# nothing\n").ok


def test_aliases_cannot_stand_for_a_tree_without_end() -> None:
    levels = ["nested: &n0 {leaf: {}}"]
    levels += [f"x{n}: &n{n} {{nested: *n{n - 1}, other: *n{n - 1}}}" for n in range(1, 60)]
    start = time.monotonic()
    codes = [diagnostic.code for diagnostic in from_yaml("\n".join([*levels, "other: *n59"])).diagnostics]
    assert "parse.too_large" in codes
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("read", [from_json, from_yaml], ids=["json", "yaml"])
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"nested":' * 100_000, "{" * 100_000], ids=["lists", "objects", "braces"]
)
def test_absurd_nesting_is_refused_quickly(read: Any, text: str) -> None:
    start = time.monotonic()
    codes = [diagnostic.code for diagnostic in read(text).diagnostics]
    assert "parse.too_deep" in codes or "parse.syntax" in codes
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("read", [from_json, from_yaml], ids=["json", "yaml"])
def test_bytes_that_are_not_utf8_are_refused(read: Any) -> None:
    assert ("parse.not_portable.encoding", 1, 11) in places(read(b'{"text": "\xff"}'))


_unicode = st.text(max_size=8, alphabet=st.characters(exclude_categories=["Cs"]))
_MESSAGES = st.builds(
    Root,
    real=st.floats(allow_nan=False).filter(lambda real: str(real) != "-0.0"),
    small=st.integers(-(2**31), 2**31 - 1),
    big=st.integers(-(2**63), 2**63 - 1),
    text=_unicode,
    raw=st.binary(max_size=8),
    smalls=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
    weights=st.dictionaries(_unicode, st.floats(0.5, 2), max_size=3),
    by_number=st.dictionaries(st.integers(-9, 9), _unicode, max_size=3),
    flag=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(_MESSAGES)
def test_json_reads_what_the_official_printer_prints(message: Any) -> None:
    document = from_json(json_format.MessageToJson(message))
    assert document.diagnostics == []
    assert document.message == message


@settings(max_examples=300, deadline=None)
@given(_MESSAGES, st.data())
def test_json_accepts_only_what_the_official_parser_accepts(message: Any, data: st.DataObject) -> None:
    text = json_format.MessageToJson(message, indent=None)
    at = data.draw(st.integers(0, len(text)))
    odd = data.draw(st.sampled_from(["", ",", "}", "]", '"', "1", "0", "-", " ", "\\", "null", "e", "."]))
    text = text[:at] + odd + text[at + data.draw(st.integers(0, 2)) :]
    document = from_json(text)
    if document.ok:
        assert document.message == json_format.Parse(text, Root())


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("{}[]:,\"'#&*!|>-?%@ \n\tabn1.\\\x01é\ufeff")), max_size=40))
def test_any_text_gets_a_verdict(text: str) -> None:
    for read in (from_json, from_yaml):
        document = read(text)
        assert document.ok == (not document.diagnostics)
        assert all(diagnostic.position is not None for diagnostic in document.diagnostics)


class TestBinary:
    def test_reads_a_serialized_message(self) -> None:
        message = Root(small=1, raw=base64.b64decode("AAEC"))
        document = read_binary(message.SerializeToString(), Root, "spec.binpb")
        assert document.ok
        assert document.message == message

    def test_lists_the_numbers_of_unknown_fields_with_their_path(self) -> None:
        message = Root()
        message.by_name["a"].size = 1
        data = message.SerializeToString() + b"\xf8\x3f\x01" + b"\xa0\x3f\x01"
        inner = Root()
        inner.leaves.add().MergeFromString(b"\xf8\x3f\x01")
        found = read_binary(data + inner.SerializeToString(), Root, "spec.binpb").diagnostics
        assert [(diagnostic.code, diagnostic.path) for diagnostic in found] == [
            ("parse.unknown_field", ""),
            ("parse.unknown_field", "leaves[0]"),
        ]
        assert "number 1012, number 1023" in found[0].message

    def test_refuses_what_is_no_message(self) -> None:
        document = read_binary(b"\xff\xff", Root, "spec.binpb")
        assert [diagnostic.code for diagnostic in document.diagnostics] == ["parse.syntax"]


def test_json_and_yaml_agree_on_json_text() -> None:
    text = json.dumps({"real": 1.5, "leaf": {"size": 1, "sizes": [1, 2]}, "texts": ["a", "1", "no"], "flag": True})
    assert from_json(text).message == from_yaml(text).message
