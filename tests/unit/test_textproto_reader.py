"""The textproto reader: every mistake at its place, and never more accepted than the official parser does."""

from __future__ import annotations

import time
from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.reader_schema import Root, fill

from rankspec.formats.document import Document
from rankspec.formats.textproto.reader import read_textproto


def read(text: str | bytes) -> Document[Any]:
    return read_textproto(text, Root, "spec.textproto")


def places(document: Document[Any]) -> list[tuple[str, int, int]]:
    found = []
    for diagnostic in document.diagnostics:
        assert diagnostic.position is not None
        found.append((diagnostic.code, diagnostic.position.line, diagnostic.position.column))
    return found


ACCEPTED = {
    "empty": "",
    "comment_only": "# nothing",
    "numbers": "real: 1.5 single: .5 small: -3 big: 0x1F natural: 4 large: 18446744073709551615 zigzag: -1",
    "number_spellings": "reals: [1, 1., .5, 1e3, 1E-3, 2.5f, -0.0, 1e400]",
    "not_finite": "reals: [nan, NaN, inf, -INF, infinity, Infinity, -Infinity]",
    "zeros_of_a_hexadecimal_number": f"small: -0x{'0' * 1000}1",
    "booleans": "flags: [true, false, t, f, True, False, 1, 0]",
    "enums": "color: COLOR_RED colors: [COLOR_BLUE, 1, 7, 0x2, -0x1] shape: SHAPE_SQUARE",
    "strings": "text: 'a' \"b\"\n  # between\n  'c' texts: [\"x\", 'y' \"z\"]",
    "escapes": r"""text: "\a\b\f\n\r\t\v\\\'\"\101\x41\x4g\u00e9\U0001F600\303\251" raw: "\377\x00" """,
    "non_ascii": 'text: "é€\N{GRINNING FACE} \\\\€"',
    "blocks": "leaf { size: 1 } nested < leaf: { rate: 2 } > left: {}",
    "separators": "small: 1, big: 2; leaf { size: 1, }; real: 1",
    "lists": "smalls: [] smalls: [1,2 , 3] smalls: 4 leaves: [{ size: 1 }, < size: 2 >] leaves { size: 3 }",
    "lists_without_colon": "leaves [{ size: 1 }, <>] leaves [] by_name [{ key: 'a' }]",
    "control_characters": "text: '\x01\t\v\f\r\x1b\x7f' # \0\x01\v\f\x1b\x7f\nsmall: 1",
    "list_with_comment": "smalls: [1, # one\n 2]",
    "maps": 'by_name { key: "a" value { size: 1 } } by_name: [{ value {} key: "b" }, {}]',
    "map_of_numbers": 'by_number { value: "x" key: -1 } weights { key: "w", value: 1.5 }',
    "map_of_bool": "by_flag { key: true value: 5 } by_flag { key: false }",
    "crlf": "small: 1\r\n# comment\r\nbig: 2\r\n",
    "value_on_next_line": "small\n:\n# here\n1",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_reads_what_the_official_parser_reads(text: str) -> None:
    document = read(text)
    assert document.diagnostics == []
    expected = text_format.Parse(text, Root())
    assert document.message.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


def test_absent_fields_stay_unset() -> None:
    message = read("leaf {}").message
    assert message.HasField("leaf")
    assert not message.leaf.HasField("rate")
    assert message.leaf.rate == 0.5


# Text, then code, line and column of the only mistake.
REFUSED = {
    "syntax/no_value": ("small:\nbig: 1", "parse.syntax", 1, 1),
    "syntax/no_value_at_end": ("big: 1\nsmall", "parse.syntax", 2, 1),
    "syntax/no_colon": ("small 1\nbig: 1", "parse.syntax", 1, 7),
    "syntax/no_colon_before_list": ("smalls [1]", "parse.syntax", 1, 8),
    "syntax/equals": ("small = 1", "parse.syntax", 1, 7),
    "syntax/replacement_character": ("small: 1 \ufffd", "parse.syntax", 1, 10),
    "syntax/garbage": ("@@ 5\nbig: 1", "parse.syntax", 1, 1),
    "syntax/stray_value": ("small: 1 2\nbig: 1", "parse.syntax", 1, 10),
    "syntax/bad_number": ("real: 1.5.2", "parse.syntax", 1, 7),
    "syntax/quoted_name": ('"small": 1', "parse.syntax", 1, 1),
    "syntax/field_number": ("3: 1", "parse.syntax", 1, 1),
    "syntax/extension": ("[some.extension]: 1 big: 2", "parse.syntax", 1, 1),
    "syntax/trailing_comma": ("smalls: [1, 2,]", "parse.syntax", 1, 14),
    "syntax/missing_comma": ("smalls: [1 2]", "parse.syntax", 1, 12),
    "syntax/missing_element": ("smalls: [1,, 2]", "parse.syntax", 1, 12),
    "syntax/missing_comma_between_messages": ("leaves: [{} {}]", "parse.syntax", 1, 13),
    "syntax/two_separators": ("small: 1,, big: 2", "parse.syntax", 1, 10),
    "syntax/wrong_closer": ("leaf { size: 1 >", "parse.syntax", 1, 16),
    "syntax/json_map": ('weights { "a": 1 }', "parse.syntax", 1, 11),
    "syntax/stray_brace": ("small: 1\n}\nbig: 2", "parse.syntax", 2, 1),
    "syntax/stray_brace_in_block": ("leaf {\n  size: 1\n  }\n  rate: 2\n}", "parse.syntax", 3, 3),
    "syntax/no_opening_brace": ("leaf\n  size: 1\n}\nsmall: 1", "parse.syntax", 1, 1),
    "syntax/two_closing_braces": ("leaf {\n  size: 1\n}}\nbig: 2", "parse.syntax", 3, 2),
    "syntax/two_closing_braces_inside": (
        "nested {\n  leaf {\n    size: 1\n  }}\n  big: 2\n}", "parse.syntax", 4, 4
    ),
    "unknown_field/typo": ("smal: 1", "parse.unknown_field", 1, 1),
    "unknown_field/nested": ("leaf { siez: 1 }", "parse.unknown_field", 1, 8),
    "unknown_field/block": ("nope {\n  any: 1 { }\n}", "parse.unknown_field", 1, 1),
    "wrong_type/string_for_number": ('small: "1"', "parse.wrong_type", 1, 8),
    "wrong_type/word_for_string": ("text: word", "parse.wrong_type", 1, 7),
    "wrong_type/path_without_quotes": ("text: gs://some/path # why\nsmall: 1", "parse.wrong_type", 1, 7),
    "wrong_type/no_opening_quote": ('text: some/path"\nsmall: 1', "parse.wrong_type", 1, 7),
    "wrong_type/absolute_path": ("leaf { label: /some/path }", "parse.wrong_type", 1, 15),
    "wrong_type/real_for_integer": ("small: 1.5", "parse.wrong_type", 1, 8),
    "wrong_type/word_for_bool": ("flag: yes", "parse.wrong_type", 1, 7),
    "wrong_type/block_for_scalar": ("small { size: 1 }", "parse.wrong_type", 1, 7),
    "wrong_type/scalar_for_block": ("leaf: 5", "parse.wrong_type", 1, 7),
    "wrong_type/list_for_singular": ("small: [1, 2]", "parse.wrong_type", 1, 8),
    "wrong_type/list_without_colon_for_singular": ("leaf [{}]", "parse.wrong_type", 1, 6),
    "wrong_type/element": ("smalls: [1, x, 3]", "parse.wrong_type", 1, 13),
    "wrong_type/scalar_element_of_messages": ("leaves: [{}, 5]", "parse.wrong_type", 1, 14),
    "out_of_range/int32": ("small: 2147483648", "parse.out_of_range", 1, 8),
    "out_of_range/uint32": ("natural: -1", "parse.out_of_range", 1, 10),
    "out_of_range/uint64": ("large: 18446744073709551616", "parse.out_of_range", 1, 8),
    "out_of_range/element": ("smalls: [1, 3000000000]", "parse.out_of_range", 1, 13),
    "out_of_range/many_digits": ("big: " + "9" * 5000, "parse.out_of_range", 1, 6),
    "out_of_range/many_hexadecimal_digits": ("big: 0x" + "f" * 5000, "parse.out_of_range", 1, 6),
    "out_of_range/enum_number": ("color: 4294967296", "parse.out_of_range", 1, 8),
    "duplicate_field/scalar": ("small: 1\nsmall: 2", "parse.duplicate_field", 2, 1),
    "duplicate_field/message": ("leaf {}\nleaf { size: 1 }", "parse.duplicate_field", 2, 1),
    "oneof_conflict": ("left {}\n  right: 5", "parse.oneof_conflict", 2, 3),
    "unknown_enum_value/name": ("color: COLOR_RDE", "parse.unknown_enum_value", 1, 8),
    "unknown_enum_value/closed_number": ("shape: 9", "parse.unknown_enum_value", 1, 8),
    "duplicate_key": ('weights { key: "a" }\nweights { key: "a" }', "parse.duplicate_key", 2, 16),
    "unterminated/string": ('text: "abc\nsmall: 1', "parse.unterminated", 1, 7),
    "unterminated/string_before_brace": ('leaf { label: "abc }\nsmall: 1', "parse.unterminated", 1, 15),
    "unterminated/brace": ("leaf {\n  size: 1\nsmall: 1", "parse.unterminated", 1, 6),
    "unterminated/inner_brace": ("nested {\n  leaf {\n    size: 1\n}\nsmall: 1\n", "parse.unterminated", 2, 8),
    "unterminated/list": ("smalls: [1, 2\nsmall: 1", "parse.unterminated", 1, 9),
    "not_portable/octal": ("small: 010", "parse.not_portable.number", 1, 8),
    "not_portable/leading_zero": ("real: 08", "parse.not_portable.number", 1, 7),
    "not_portable/capital_hexadecimal": ("small: 0X1F", "parse.not_portable.number", 1, 8),
    "not_portable/plus": ("real: +1", "parse.not_portable.number", 1, 7),
    "not_portable/underscore": ("small: 1_000", "parse.not_portable.number", 1, 8),
    "not_portable/plus_infinity": ("real: +Infinity", "parse.not_portable.number", 1, 7),
    "not_portable/negative_nan": ("real: -nan", "parse.not_portable.number", 1, 7),
    "not_portable/minus_zero_unsigned": ("natural: -0", "parse.not_portable.number", 1, 10),
    "not_portable/hexadecimal_real": ("real: 0x10", "parse.not_portable.number", 1, 7),
    "not_portable/capital_hexadecimal_enum": ("color: 0X1", "parse.not_portable.number", 1, 8),
    "not_portable/zero_one_bool": ("flag: 01", "parse.not_portable.bool", 1, 7),
    "not_portable/detached_sign": ("small: - 1", "parse.not_portable.sign", 1, 8),
    "not_portable/escape": (r'text: "a\q"', "parse.not_portable.escape", 1, 9),
    "not_portable/question_mark": (r'text: "\?"', "parse.not_portable.escape", 1, 8),
    "not_portable/large_octal_escape": (r'text: "\400"', "parse.not_portable.escape", 1, 8),
    "not_portable/surrogates": (r'text: "\ud83d\ude00"', "parse.not_portable.escape", 1, 8),
    "not_portable/bytes_in_string": (r'text: "\xff"', "parse.not_portable.utf8", 1, 7),
    "not_portable/raw_nul": ('text: "a\0b"', "parse.not_portable.control_character", 1, 9),
    "not_portable/no_break_space": ("small:\N{NO-BREAK SPACE}1", "parse.not_portable.white_space", 1, 7),
    "not_portable/form_feed": ("small: 1\f", "parse.not_portable.white_space", 1, 9),
    "not_portable/vertical_tab": ("\vsmall: 1", "parse.not_portable.white_space", 1, 1),
    "not_portable/byte_order_mark": ("\ufeffsmall: 1", "parse.not_portable.byte_order_mark", 1, 1),
    "not_portable/line_separator_in_comment": ("# a\u2028small: 1", "parse.not_portable.comment", 1, 4),
    "not_portable/carriage_return_in_comment": ("# a\rsmall: 1", "parse.not_portable.comment", 1, 4),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "column"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_is_reported_once_at_its_place(text: str, code: str, line: int, column: int) -> None:
    assert places(read(text)) == [(code, line, column)]


SUGGESTIONS = {
    "nearest_field": ("smal: 1", "did you mean `small`?"),
    "swapped_letters": ("laef {}", "did you mean `leaf`?"),
    "field_of_the_block_around": ("leaf { small: 1 }", "`small` is a field of Root: move it out of this block"),
    "field_of_a_block_below": ("rate: 1", "`rate` is a field of Leaf: write it inside of `leaf`"),
    "nearest_enum_value": ("color: COLOR_RDE", "did you mean `COLOR_RED`?"),
    "enum_name_in_quotes": ('color: "COLOR_RED"', "without quotes: `COLOR_RED`"),
    "nearest_number": ("small: 3000000000", "the nearest is 2147483647"),
    "octal": ("small: 010", "write `10`, or `8` if octal was meant"),
    "underscores": ("real: 1_000.5", "write `1000.5`"),
    "yes": ("flag: yes", "write `true`"),
    "quotes": ("text: word", 'in quotes: `"word"`'),
    "whole_number": ("small: 1e3", "write `1000`"),
    "field_number": ("3: 1", "write `small`"),
    "word_for_number": ("small: many", "write a whole number"),
    "default": ("leaf { rate: fast }", "write a number; the default is 0.5"),
    "variable_for_number": (
        'small: "${SIZE}"',
        "variables are replaced in strings only; `--set` lays a whole number over a file",
    ),
    "path_for_name": ("leaf.size: 1", "write `size` inside of `leaf`"),
    "oneof_for_a_member": ("choice: 1", "`choice` stands for one of `left`, `right`, `other`: write that"),
    "nothing_near": ("zzz: 1", "`rankspec explain reader_test.Root` lists its fields"),
    "letters_that_no_name_has": ("smäll: 1", "did you mean `small`?"),
    "enum_value_without_its_prefix": ("color: red", "did you mean `COLOR_RED`?"),
    "enum_values": ("color: x", "the values are `COLOR_RED`, `COLOR_BLUE`"),
    "foreign_comment": ("// why\nsmall: 1", "write `#`, once a line"),
    "foreign_block_comment": ("/* why\n so */ small: 1", "write `#`, once a line"),
}


@pytest.mark.parametrize(("text", "suggestion"), SUGGESTIONS.values(), ids=SUGGESTIONS.keys())
def test_suggests_what_was_meant(text: str, suggestion: str) -> None:
    assert [diagnostic.suggestion for diagnostic in read(text).diagnostics] == [suggestion]


def test_eight_mistakes_are_exactly_eight() -> None:
    text = """\
real: 1.5
smal: 3
leaf {
  rate: "fast"
  size: 3000000000
}
color: COLOR_GREEN
text: "no end
small: 1
small: 2
left { size: 1 }
right: 5
weights { key: "a" value: 1 }
weights { key: "a" value: 2 }
big: 7
"""
    assert places(read(text)) == [
        ("parse.unknown_field", 2, 1),
        ("parse.wrong_type", 4, 9),
        ("parse.out_of_range", 5, 9),
        ("parse.unknown_enum_value", 7, 8),
        ("parse.unterminated", 8, 7),
        ("parse.duplicate_field", 10, 1),
        ("parse.oneof_conflict", 12, 1),
        ("parse.duplicate_key", 14, 16),
    ]


def test_reads_on_behind_every_mistake() -> None:
    message = read("smal: 1 leaf { rate: x size: 2 } text: 'a\nbig: 7").message
    assert (message.leaf.size, message.big) == (2, 7)


def test_mistakes_inside_of_a_misspelled_block_are_found() -> None:
    assert places(read("laef {\n  size: x\n}")) == [("parse.unknown_field", 1, 1), ("parse.wrong_type", 2, 9)]


def test_both_places_of_a_duplicate_are_given() -> None:
    [diagnostic] = read("small: 1\nbig: 2\nsmall: 3").diagnostics
    assert [(place.line, place.column) for place in diagnostic.related] == [(1, 1)]


def test_the_first_of_two_members_of_a_oneof_stays() -> None:
    assert read("right: 5 left {}").message.WhichOneof("choice") == "right"


def test_paths_name_map_keys_and_list_indices() -> None:
    text = 'by_name { value { sizes: [1, x] } key: "a\\"b" } leaves {} leaves { size: x } by_number { key: 3 value: 4 }'
    assert [diagnostic.path for diagnostic in read(text).diagnostics] == [
        'by_name["a\\"b"].sizes[1]',
        "leaves[1].size",
        "by_number[3]",
    ]


class TestDamage:
    def test_a_damaged_field_is_listed_with_its_oneof(self) -> None:
        assert read("right: x").damaged == {"right", "choice"}

    def test_the_field_that_was_meant_is_damaged(self) -> None:
        assert read("leaf { siez: 1 }").damaged == {"leaf.size"}

    @pytest.mark.parametrize(
        ("path", "is_consequence"),
        [
            ("smalls[1]", True),
            ("smalls", True),
            ("smalls[0]", False),
            ("leaf", True),
            ("leaf.size", True),
            ("leaflet", False),
            ("text", False),
        ],
    )
    def test_consequences_are_told_from_mistakes(self, path: str, *, is_consequence: bool) -> None:
        assert read("smalls: [1, x] leaf: 5 text: 'a'").is_consequence(path) is is_consequence

    def test_a_rule_over_several_fields_can_ask_for_damage_below(self) -> None:
        document = read("nested { leaf { size: x } }")
        assert document.is_damaged_within("nested")
        assert document.is_damaged_within("")
        assert not document.is_damaged_within("leaf")


class TestOrigins:
    TEXT = """\
# head
leaf {
  rate: 1
  sizes: [10, 20]
}
by_name { key: "a" value { size: 3 } }
leaves: [{ size: 1 }, { size: 2 }]
texts: ["x", # one
        "y"]
texts: "z"
"""

    @pytest.mark.parametrize(
        ("path", "name", "value"),
        [
            ("leaf", (2, 1), (2, 6)),
            ("leaf.rate", (3, 3), (3, 9)),
            ("leaf.sizes", (4, 3), (4, 10)),
            ("leaf.sizes[1]", (4, 15), (4, 15)),
            ('by_name["a"]', (6, 16), (6, 26)),
            ('by_name["a"].size', (6, 28), (6, 34)),
            ("leaves[1]", (7, 23), (7, 23)),
            ("leaves[1].size", (7, 25), (7, 31)),
            ("texts", (8, 1), (8, 8)),
            ("texts[1]", (9, 9), (9, 9)),
            ("texts[2]", (10, 8), (10, 8)),
        ],
    )
    def test_every_value_has_its_place(self, path: str, name: tuple[int, int], value: tuple[int, int]) -> None:
        origins = read(self.TEXT).origins
        name_place, value_place = origins.name(path), origins.value(path)
        assert name_place is not None
        assert value_place is not None
        assert (name_place.line, name_place.column) == name
        assert (value_place.line, value_place.column) == value

    def test_the_nearest_place_of_an_unset_field_is_the_block_around(self) -> None:
        nearest = read(self.TEXT).origins.nearest("leaf.label")
        assert nearest is not None
        assert (nearest[0], nearest[1].line) == ("leaf", 2)

    def test_dots_in_a_key_are_no_borders(self) -> None:
        document = read('by_name { key: "a.b[0]" value { size: 1 } }')
        nearest = document.origins.nearest('by_name["a.b[0]"].rate')
        assert nearest is not None
        assert nearest[0] == 'by_name["a.b[0]"]'

    def test_an_overlay_wins_and_replaces(self) -> None:
        base = read("smalls: [1, 2, 3] small: 1").origins
        overlay = read_textproto("\nsmalls: 4", Root, "overlay").origins
        merged = base.merge(overlay, replaced=["smalls"])
        assert {path: (mark.value.file, mark.value.line) for path, mark in merged.marks.items()} == {
            "small": ("spec.textproto", 1),
            "smalls": ("overlay", 2),
            "smalls[0]": ("overlay", 2),
        }


def test_bytes_that_are_not_utf8_are_one_mistake_at_their_place() -> None:
    document = read('text: "é"\nsmall: 1 '.encode() + b"\xff\nbig: 2")
    assert places(document) == [("parse.not_portable.encoding", 2, 10)]
    assert document.message.big == 2


def test_a_hundred_nested_blocks_are_read_and_one_more_refused() -> None:
    deep = read("nested{" * 100 + "}" * 100)
    assert deep.ok
    assert Root.FromString(deep.message.SerializeToString()) == deep.message
    assert places(read("nested{" * 101 + "}" * 101)) == [("parse.too_deep", 1, 707)]


@pytest.mark.parametrize("text", ["nested {" * 100_000, "{" * 100_000, "smalls: " + "[" * 100_000, "@" * 100_000])
def test_absurd_texts_are_refused_quickly(text: str) -> None:
    start = time.monotonic()
    assert not read(text).ok
    assert time.monotonic() - start < 10


def test_a_huge_text_is_refused_unread() -> None:
    start = time.monotonic()
    document = read(" " * (16 * 1024 * 1024 + 1))
    assert [diagnostic.code for diagnostic in document.diagnostics] == ["parse.too_large"]
    assert time.monotonic() - start < 1


def test_reading_stops_at_a_thousand_mistakes() -> None:
    codes = [diagnostic.code for diagnostic in read("nope: 1\n" * 5000).diagnostics]
    assert (len(codes), codes[-1]) == (1001, "parse.too_many")


# What follows generates texts: fields with values that mostly fit them, printed in all forms, then mutated.

_LITERALS = {
    "real": ["1.5", "-1", "0", ".5", "1.", "1e3", "NaN", "-inf", "Infinity", "1f", "1e400", "-0", "01", "+1", "1_0"],
    "small": ["1", "-1", "0x1F", "2147483647", "2147483648", "010", "1.0", "- 1"],
    "large": ["1", "-0", "18446744073709551615", "18446744073709551616"],
    "flag": ["true", "false", "t", "f", "True", "1", "0", "yes", "01"],
    "text": ['"a"', "'b'", r'"\n\x41\101"', r'"\u00e9"', '"é"', '"a" "b"', r'"\q"', '"', r'"\\u0041"', r'"\303\251"'],
    "raw": ['"a"', r'"\377"', r'"\000"'],
    "color": ["COLOR_RED", "1", "7", "-1", "0x1", "COLOR_REDD"],
    "shape": ["SHAPE_ROUND", "2", "9"],
    "leaf": ["{ size: 1 }", "< rate: 2 >", "{}", "{ size: 1, label: 'x'; }", "{ nope: 1 }", "5"],
    "nested": ["{ real: 1 }", "{ nested { leaf {} } }"],
    "by_name": ['{ key: "a" value { size: 1 } }', '{ value {} key: "b" }', "{}"],
    "by_number": ['{ key: 1 value: "v" }', "[{ key: 2 }, { key: 3 }]"],
    "left": ["{}"],
    "right": ["1", "2"],
}  # fmt: skip
_LISTS = {"reals": "real", "smalls": "small", "texts": "text", "flags": "flag", "colors": "color", "leaves": "leaf"}
_ODD = ["}", "{", ">", "<", "]", "[", ":", ",", ";", "#", '"', "'", "-", "\\", "\0", "\xa0", "\n", "\r", "x", "1"]


@st.composite
def _fields(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*_LITERALS, *_LISTS]))
    colon = draw(st.sampled_from([": ", ":", " :\n", ": # c\n", " "]))
    if name in _LITERALS:
        return name + colon + draw(st.sampled_from(_LITERALS[name]))
    values = draw(st.lists(st.sampled_from(_LITERALS[_LISTS[name]]), max_size=4))
    return name + colon + "[" + draw(st.sampled_from([", ", ","])).join(values) + "]"


@st.composite
def _texts(draw: st.DrawFn) -> str:
    separator = draw(st.sampled_from([" ", "\n", ", ", ";\n", " # c\n"]))
    text = separator.join(draw(st.lists(_fields(), max_size=5)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        removed = draw(st.integers(0, 3))
        text = text[:at] + draw(st.sampled_from(["", *_ODD])) + text[at + removed :]
    return text


def _official(text: str) -> Any:
    try:
        return text_format.Parse(text, Root())
    except (text_format.ParseError, ValueError):
        return None


# Where the reader is stricter than the official parser of Python: not portable, too much, or, for a map's key
# that is given twice, a mistake in which the last one would win silently.
_STRICTER = ("parse.not_portable.", "parse.too_", "parse.duplicate_key")


# Python's own complaint about an escape that the official parser keeps as it is.
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@settings(max_examples=500, deadline=None)
@given(_texts())
def test_agrees_with_the_official_parser(text: str) -> None:
    """Accepts only what it accepts, with the same message; refuses what it reads only in `_STRICTER`."""
    document = read(text)
    official = _official(text)
    if document.ok:
        assert official is not None
        assert document.message.SerializeToString(deterministic=True) == official.SerializeToString(deterministic=True)
    elif official is not None:
        assert any(diagnostic.code.startswith(_STRICTER) for diagnostic in document.diagnostics)


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*"{}[]<>:;,#\"'\\-+.01eExf \n\t\0\xa0é", "small", "leaf"]), max_size=60).map("".join))
def test_any_text_gets_a_verdict(text: str) -> None:
    document = read(text)
    assert document.ok == (not document.diagnostics)
    assert document.ok <= (_official(text) is not None)


_unicode = st.text(max_size=20, alphabet=st.characters(exclude_categories=["Cs"]))


@settings(max_examples=200, deadline=None)
@given(
    message=st.builds(
        Root,
        real=st.floats(),
        single=st.floats(width=32),
        small=st.integers(-(2**31), 2**31 - 1),
        large=st.integers(0, 2**64 - 1),
        text=_unicode,
        raw=st.binary(),
        smalls=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
        reals=st.lists(st.floats(), max_size=4),
        weights=st.dictionaries(_unicode, st.floats(), max_size=3),
    ),
    form=st.sampled_from([{}, {"as_one_line": True}, {"as_utf8": False}, {"use_short_repeated_primitives": True}]),
)
def test_reads_what_the_official_printer_prints(message: Any, form: dict[str, Any]) -> None:
    text = text_format.MessageToString(message, **form)
    document = read(text)
    assert document.diagnostics == []
    # Not the message itself: a NaN's sign and payload are not printed.
    official = text_format.Parse(text, Root())
    assert document.message.SerializeToString(deterministic=True) == official.SerializeToString(deterministic=True)


class TestRecapConfig:
    """The schema that people write, with every field set once."""

    @pytest.mark.parametrize("character", ["}", ":", "{", '"'])
    def test_one_missing_character_is_one_mistake_or_two(self, character: str) -> None:
        text = self.text()
        places_of = [at for at, found in enumerate(text) if found == character][::5]
        for at in places_of:
            broken = read_textproto(text[:at] + text[at + 1 :], RecapConfig, "recap.textproto")
            assert 1 <= len(broken.diagnostics) <= 2

    @staticmethod
    def text() -> str:
        message = RecapConfig()
        fill(message)
        return text_format.MessageToString(message)

    def test_every_field_is_read_and_has_a_place(self) -> None:
        text = self.text()
        document = read_textproto(text, RecapConfig, "recap.textproto")
        assert document.diagnostics == []
        assert document.message == text_format.Parse(text, RecapConfig())
        lines = {mark.value.line for mark in document.origins.marks.values()}
        # A map entry's value is where its value is written; its key only gives the place of its name.
        written = {n for n, line in enumerate(text.splitlines(), 1) if ": " in line and "key: " not in line}
        assert written <= lines

    @pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def test_mutations_are_judged_as_by_the_official_parser(self, data: st.DataObject) -> None:
        text = self.text()
        at = data.draw(st.integers(0, len(text)))
        removed = data.draw(st.integers(0, 30))
        text = (
            text[:at]
            + data.draw(st.sampled_from(["", "1", "x", "}", "{", ":", "[", '"', "\n", ","]))
            + text[at + removed :]
        )
        document = read_textproto(text, RecapConfig, "recap.textproto")
        try:
            official = text_format.Parse(text, RecapConfig())
        except (text_format.ParseError, ValueError):
            assert not document.ok
            return
        if document.ok:
            assert document.message == official
        else:
            assert any(diagnostic.code.startswith(_STRICTER) for diagnostic in document.diagnostics)


def test_list_of_any_length_is_read_alike() -> None:
    for count in (1000, 1001, 1002, 3000):
        numbers = [str(number) for number in range(count)]
        document = read(f"smalls: [{', '.join(numbers)}]")
        assert document.diagnostics == []
        assert [str(number) for number in document.message.smalls] == numbers
