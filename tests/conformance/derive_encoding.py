"""Raw rows and recipes of which conformance cases are made; what is expected of them, `encoding_reference` computes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from conformance.v1 import conformance_pb2 as pb
from conformance.v1 import raw_rows_pb2
from google.protobuf import text_format
from rankspec.data.v1.recipe_pb2 import Recipe
from tests.conformance.encoding_reference import expected

_TEXT = """
text {
  missing: "" missing: "NA"
  true_values: "1" true_values: "true" true_values: "yes"
  false_values: "0" false_values: "false" false_values: "no"
}
"""
_NUMBER = """
  number {
    column: "x" missing_flag: true standardize: true
    fitted { fill: 2.5 low: -10 high: 442 mean: 0.1 inverse_deviation: 0.3333333333333333 num_values: 9 }
  }
"""
_PLAIN = 'number { column: "x" fitted { fill: 0 num_values: 1 } }'
_BINNED = 'binned { column: "x" distinct {} fitted { edges: -1 edges: 0 edges: 0.5 edges: 16777217 num_values: 5 } }'
_VALUES = ("b", "a", "", "NA", "null", "nan", "é", "e\u0301", "İ", "ß", "😀", "\ufffd", "a\0b", "1", "01", "x" * 300)


def encoding_suites() -> Iterator[tuple[str, list[pb.Case]]]:
    """Yields the name and the cases of each suite."""
    for name, cases in (
        ("numbers", _numbers()),
        ("ids", _ids()),
        ("lists", _lists()),
        ("times", _times()),
        ("refusals", _refusals()),
    ):
        yield f"encoding/{name}", [_completed(f"encoding/{name}", case, task) for case, task in cases]


def _completed(suite: str, name: str, task: pb.Encode) -> pb.Case:
    wanted = expected(task)
    verdict = "valid" if wanted.WhichOneof("verdict") == "encoded" else "invalid"
    return pb.Case(id=f"{suite}/{name}/{verdict}", request=pb.Request(encode=task), expected=wanted)


def recipe_of(columns: str, *features: str, fitted: bool = True) -> Recipe:
    """A recipe of columns, and features called f0, f1 and so on."""
    named = "".join(f'features {{ name: "f{place}" {feature} }}' for place, feature in enumerate(features))
    text = f"semantics: 1 {columns} {_TEXT} {named} {'fitted { num_rows: 9 }' if fitted else ''}"
    return text_format.Parse(text, Recipe())


def task_of(
    recipe: Recipe, columns: Mapping[str, Sequence[Any]], vocabularies: Mapping[str, bytes] | None = None
) -> pb.Encode:
    """A request for the rows of columns."""
    rows = zip(*columns.values(), strict=True)
    return pb.Encode(
        recipe=recipe,
        columns=columns,
        rows=[raw_rows_pb2.RawRow(values=map(raw_value, row)) for row in rows],
        vocabularies=vocabularies or {},
    )


def raw_value(value: Any) -> raw_rows_pb2.RawValue:
    """A value in its Python type."""
    match value:
        case None:
            return raw_rows_pb2.RawValue()
        case bool():
            return raw_rows_pb2.RawValue(flag=value)
        case str():
            return raw_rows_pb2.RawValue(text=value)
        case int():
            return raw_rows_pb2.RawValue(whole=value)
        case float():
            return raw_rows_pb2.RawValue(number=value)
    return raw_rows_pb2.RawValue(list=raw_rows_pb2.RawList(values=map(raw_value, value)))


def _numbers() -> Iterator[tuple[str, pb.Encode]]:
    of_text = ["1", "+1", "-2.50", "1.", ".5", "0", "1e3", "1E-3", "-0", "00012", "", "NA", "nan", "-Infinity", None]
    hard = ["442", "441.99999999999994", "442.00000000000006", "1e308", "1e400", "-1e400", "4.9e-324", "1e-400"]
    hard += ["3.4028235677973366e38", "3.4028235677973362e38", "16777217", "9007199254740993", "0.1", "1e23"]
    hard += ["123456789012345678901234567890", "2.2250738585072011e-308", "1.00000005960464477539062500000000001"]
    doubles = [0.0, -0.0, 1.5, math.nan, math.inf, -math.inf, None, 442.0, -10.0, 5e-324, 1e-45, 1e38, -1e308, 0.1]
    wholes = [0, -1, 16777217, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), None]
    floats = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', _NUMBER, _PLAIN, _BINNED)
    whole = recipe_of('columns { name: "x" kind: RAW_KIND_INT64 }', _NUMBER, _PLAIN, _BINNED)
    yield "doubles/text", task_of(floats, {"x": of_text})
    yield "doubles/hard_text", task_of(floats, {"x": hard})
    yield "doubles/doubles", task_of(floats, {"x": doubles})
    yield "doubles/wholes", task_of(floats, {"x": wholes})
    yield "doubles/all_missing", task_of(floats, {"x": [None, None]})
    yield "doubles/no_rows", task_of(floats, {"x": []})
    yield "wholes/text", task_of(whole, {"x": ["1", "1.0", "01", "-7", "+7", "7.", "9223372036854775807", "NA", None]})
    yield "wholes/wholes", task_of(whole, {"x": wholes})
    yield "wholes/doubles", task_of(whole, {"x": [1.0, -0.0, math.nan, math.inf, None, 2.0**53, -3.0]})
    overflowing = """number { column: "x" standardize: true
      fitted { fill: 1 mean: -1e30 inverse_deviation: 1e300 num_values: 2 } }"""
    constant = 'number { column: "x" standardize: true fitted { fill: 7 mean: 7 inverse_deviation: 0 num_values: 2 } }'
    edges = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', overflowing, constant)
    yield "beyond_float32", task_of(edges, {"x": [1e38, -1e38, -1e30, 0.0, 7.0, 8.0, 6.0, None]})
    comma = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', _NUMBER)
    comma.text.decimal_comma = True
    yield "decimal_comma", task_of(comma, {"x": ["1,5", "-,5", "2", "1e3", None]})
    flags = recipe_of('columns { name: "x" kind: RAW_KIND_BOOL }', 'flag { column: "x" missing_flag: true }')
    yield "flags/text", task_of(flags, {"x": ["1", "0", "yes", "no", "true", "NA", "", None]})
    yield "flags/flags", task_of(flags, {"x": [True, False, None]})
    yield "flags/wholes", task_of(flags, {"x": [1, 0, None]})
    yield "flags/doubles", task_of(flags, {"x": [1.0, 0.0, -0.0, math.nan, -math.inf, None]})


def _category(values: Sequence[str], extra: str = "") -> str:
    quoted = " ".join(f'values: "{_escaped(value)}"' for value in values)
    return f'category {{ column: "x" {extra} fitted {{ {quoted} num_values: {len(values)} }} }}'


def _escaped(value: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in value.encode())


def _ids() -> Iterator[tuple[str, pb.Encode]]:
    hashed = 'hashed { column: "x" num_buckets: 1000003 salt: "s" }'
    text = recipe_of('columns { name: "x" kind: RAW_KIND_TEXT }', _category(_VALUES), hashed)
    yield "text", task_of(text, {"x": [*_VALUES, None, "unseen", "É", "i", "ss", "NA ", " "]})
    whole = recipe_of('columns { name: "x" kind: RAW_KIND_INT64 }', _category(["1", "-5", str(2**63 - 1)]), hashed)
    yield "wholes", task_of(whole, {"x": [1, -5, 2**63 - 1, 0, None]})
    yield "wholes/text", task_of(whole, {"x": ["1", "1.0", "01", "+1", "-5", "", "-0", "2", None]})
    yield "wholes/doubles", task_of(whole, {"x": [1.0, -5.0, math.nan, None]})
    flags = recipe_of('columns { name: "x" kind: RAW_KIND_BOOL }', _category(["true", "false"]), hashed)
    yield "flags", task_of(flags, {"x": ["yes", "0", "NA"]})
    values = [f"v{place}" for place in range(300)]
    file = b"".join(bytes([len(value)]) + value.encode() for value in values)
    large = recipe_of(
        'columns { name: "x" kind: RAW_KIND_TEXT }',
        f'category {{ column: "x" fitted {{ file: "_v" sha256: "{sha256(file).hexdigest()}" num_values: 300 }} }}',
    )
    yield "file", task_of(large, {"x": ["v0", "v299", "v300", None]}, {"_v": file})
    yield "file/absent", task_of(large, {"x": ["v0"]})
    yield "file/another", task_of(large, {"x": ["v0"]}, {"_v": file + b"\0"})
    one = recipe_of('columns { name: "x" kind: RAW_KIND_TEXT }', 'hashed { column: "x" num_buckets: 1 }')
    yield "one_bucket", task_of(one, {"x": ["a", "", None]})
    many = recipe_of('columns { name: "x" kind: RAW_KIND_TEXT }', 'hashed { column: "x" num_buckets: 1000000000000 }')
    yield "many_buckets", task_of(many, {"x": [*_VALUES, None]})


def _lists() -> Iterator[tuple[str, pb.Encode]]:
    places = "list { width: 3 }"
    for separator in ("|", ".", "||", "[a]+"):
        recipe = recipe_of(
            f'columns {{ name: "x" kind: RAW_KIND_TEXT list: true separator: "{separator}" }}',
            _category(["b", "a", "é"], places),
            f'hashed {{ column: "x" num_buckets: 99 {places} }}',
        )
        texts = ["a", "a,b", "", ",", "a,", ",a", "a,b,c,d,e", "NA,a", "é,é", "a|b.c[a]+d", None]
        yield (
            f"separator_{separator.encode().hex()}",
            task_of(recipe, {"x": [t and t.replace(",", separator) for t in texts]}),
        )
    lists = recipe_of('columns { name: "x" kind: RAW_KIND_TEXT list: true }', _category(["b", "a", "NA"], places))
    yield "lists", task_of(lists, {"x": [["a"], ["b", None, "a", "b"], [], None, ["", "NA"], ["unseen"]]})
    wholes = recipe_of(
        'columns { name: "x" kind: RAW_KIND_INT64 list: true separator: " " }', _category(["7", "-1"], places)
    )
    yield from _whole_lists()
    yield "wholes/text", task_of(wholes, {"x": ["7 -1", "07  7.0", "", "NA 3", None]})
    yield "wholes/wholes", task_of(wholes, {"x": [[7, -1], [None], [], None, [3, 7, 7, 7]]})


def _whole_lists() -> Iterator[tuple[str, pb.Encode]]:
    recipe = recipe_of(
        'columns { name: "x" kind: RAW_KIND_TEXT list: true separator: "|" } columns { name: "y" kind: RAW_KIND_TEXT }',
        _category(["b", "a", "é"], "list {}"),
        'category { column: "y" fitted { values: "a" num_values: 1 } }',
        'hashed { column: "x" num_buckets: 99 list {} }',
        _category(["a"], "list { width: 2 }"),
    )
    recipe.semantics = 2
    texts = ["a", "a|b", "", "|", "a|", "|a", "a|b|c|d|e|f|g|h|i", "NA|a|a", None]
    yield "whole/text", task_of(recipe, {"x": texts, "y": ["a"] * len(texts)})
    lists = [["a"], ["b", None, "a", "b"], [], None, ["", "NA"], ["unseen"]]
    yield "whole/lists", task_of(recipe, {"x": lists, "y": [None] * len(lists)})
    wholes = recipe_of('columns { name: "x" kind: RAW_KIND_INT64 list: true }', _category(["7", "-1"], "list {}"))
    wholes.semantics = 2
    yield "whole/wholes", task_of(wholes, {"x": [[7, -1], [None], [], None, [3, 7, 7, 7]]})


BERLIN = """time_zone { name: "Europe/Berlin"
  offsets { local_micros: -9223372036854775808 offset_seconds: 3600 }
  offsets { local_micros: 1711854000000000 offset_seconds: 7200 }
  offsets { local_micros: 1729998000000000 offset_seconds: 3600 }
}"""


def _times() -> Iterator[tuple[str, pb.Encode]]:
    plain = 'number { column: "x" standardize: true fitted { mean: 1.7e15 inverse_deviation: 1e-12 num_values: 3 } }'
    column = 'columns { name: "x" kind: RAW_KIND_TIME '
    utc = recipe_of(column + "}", plain)
    zoned = ["2024-05-31T18:30:00Z", "2024-05-31 18:30:00Z", "2024-02-29T00:00:00Z", "1969-12-31T23:59:59Z", None]
    yield "usual", task_of(utc, {"x": zoned})
    others: list[str | None] = [
        "2024-05-31T18:30Z",
        "2024-05-31T18:30:00.5+02:00",
        "2024-05-31T18:30:00.123456789-0930",
    ]
    others += ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "", "NA", None]
    yield "unusual", task_of(utc, {"x": others})
    berlin = recipe_of(column + BERLIN + "}", plain)
    local = ["2024-03-31T01:59:59", "2024-03-31T02:00:00", "2024-03-31T02:30:00", "2024-03-31T03:00:00"]
    local += ["2024-10-27T01:59:59", "2024-10-27T02:30:00", "2024-10-27T02:59:59", "2024-10-27T03:00:00"]
    yield "zone", task_of(berlin, {"x": local})
    yield "zone/mixed", task_of(berlin, {"x": [*local, "2024-07-01", "2024-07-01T00:00:00Z", None]})
    unit = recipe_of(column + "time_unit_micros: 1000000 }", plain)
    yield "unit/wholes", task_of(unit, {"x": [0, -1, 1717180200, None]})
    yield "unit/doubles", task_of(unit, {"x": [0.0, -1.0, 1717180200.0, math.nan, math.inf, None]})
    yield "unit/text", task_of(unit, {"x": ["0", "-1", "+1717180200", "NA", "2024-05-31T18:30:00Z"]})


def _refusals() -> Iterator[tuple[str, pb.Encode]]:
    floats = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', _NUMBER)
    whole = recipe_of('columns { name: "x" kind: RAW_KIND_INT64 }', _NUMBER)
    flags = recipe_of('columns { name: "x" kind: RAW_KIND_BOOL }', 'flag { column: "x" }')
    text = recipe_of('columns { name: "x" kind: RAW_KIND_TEXT }', _category(["a"]))
    times = recipe_of('columns { name: "x" kind: RAW_KIND_TIME }', _PLAIN)
    unit = recipe_of('columns { name: "x" kind: RAW_KIND_TIME time_unit_micros: 1000000 }', _PLAIN)
    lists = recipe_of('columns { name: "x" kind: RAW_KIND_TEXT list: true }', _category(["a"], "list { width: 2 }"))
    wrong_doubles = [
        "1_000",
        "0x1F",
        "1d",
        "1,5",
        " 1",
        "1 ",
        "e5",
        ".",
        "-",
        "nan(ind)",
        "1e",
        "--1",
        "٣",
        "\u0131nf",
        "1\n",
    ]
    for place, value in enumerate(wrong_doubles):
        yield f"double_{place:02}", task_of(floats, {"x": ["1", "2.5", value, "bad"]})
    wrong_wholes = ["1.5", "1e3", "0x1F", "9223372036854775808", "-9223372036854775809", " 1", "1_0", "nan", "٣", ".0"]
    for place, value in enumerate(wrong_wholes):
        yield f"whole_{place:02}", task_of(whole, {"x": ["1", value]})
    yield "whole_of_double/fraction", task_of(whole, {"x": [1.0, 1.5]})
    yield "whole_of_double/large", task_of(whole, {"x": [2.0**53, 2.0**53 + 2]})
    wrong_times = ["2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-05-31T24:00:00Z", "2024-05-31T18:30:00"]
    wrong_times += ["2024-05-31", "1717180200", "2024-5-31T18:30:00Z", "2024-05-31T18:30:60Z", "2024-13-01T00:00:00Z"]
    wrong_times += ["2024-05-31T18:30:00+24:00", "2024-05-31T18:30:00.Z", "0000-01-01T00:00:00Z", "2024-05-31Z"]
    for place, value in enumerate(wrong_times):
        yield f"time_{place:02}", task_of(times, {"x": ["2024-05-31T18:30:00Z", value]})
    yield "time/wholes", task_of(times, {"x": [1717180200]})
    yield "time/overflow", task_of(unit, {"x": [1, 9223372036854775807]})
    yield "time/fraction", task_of(unit, {"x": [1.0, 1.5]})
    yield "time/overflow_of_double", task_of(unit, {"x": [2.0**53, 1.5]})
    yield "time/overflow_of_text", task_of(unit, {"x": ["1", "9223372036854775807"]})
    yield "flag/text", task_of(flags, {"x": ["yes", "TRUE"]})
    yield "flag/wholes", task_of(flags, {"x": [0, 2]})
    yield "flag/doubles", task_of(flags, {"x": [1.0, math.nan, 0.5]})
    wrong_types: list[tuple[str, Recipe, Any]] = [
        ("double/flag", floats, True),
        ("double/list", floats, [1.0]),
        ("whole/flag", whole, True),
        ("flag/list", flags, [True]),
        ("text/whole", text, 1),
        ("text/double", text, 1.5),
        ("time/double", times, 1.5),
        ("list/text", lists, "a"),
        ("list/whole", lists, 1),
        ("list/of_wholes", lists, [1]),
    ]
    for name, recipe, given in wrong_types:
        yield f"type/{name}", task_of(recipe, {"x": [given]})
    yield "column_absent", task_of(floats, {"y": ["1"]})
    unfitted = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', _NUMBER, fitted=False)
    yield "unfitted", task_of(unfitted, {"x": ["1"]})
    half = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', 'number { column: "x" }')
    yield "half_fitted", task_of(half, {"x": ["1"]})
    newer = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', _NUMBER)
    newer.semantics = 3
    yield "semantics", task_of(newer, {"x": ["1"]})
