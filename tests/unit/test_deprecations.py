"""Fields that do nothing: the schema says why and what to set instead, and every tool passes it on."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from rankspec.options.v1 import options_pb2
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.example_configs import VALID, write

from rankspec.analysis.explanation import explain
from rankspec.analysis.fingerprint import fingerprint
from rankspec.analysis.json_schema import json_schema
from rankspec.checking.check import check
from rankspec.claims.registry import unclaimed_paths
from rankspec.schema.annotations import deprecation_of
from rankspec.schema.descriptors import descriptor_of, fields_of, message_of
from rankspec.schema.message_types import all_classes

MOST = 12
PAGE = Path(__file__).parents[2] / "docs" / "warnings.md"
SAMPLER = VALID.replace("train_data {", 'train_data {\n  sampler { name: "half" }')
HEIR = 'validation_data { key: "v" value { inherit_train_data: true } }\n'
FIELDS: list[FieldDescriptor] = [field for message in all_classes() for field in fields_of(descriptor_of(message))]
DEPRECATED = [field for field in FIELDS if field.GetOptions().deprecated]


def _said_of(field: FieldDescriptor) -> str:
    options: Any = field.GetOptions().Extensions
    reason, replacement = options[options_pb2.deprecation_reason], options[options_pb2.deprecation_replacement]
    return f"{reason}{replacement}"


def test_few_fields_are_deprecated() -> None:
    assert 0 < len(DEPRECATED) <= MOST


@pytest.mark.parametrize("field", DEPRECATED, ids=lambda field: field.full_name)
def test_deprecated_field_says_why_and_what_to_set_instead(field: FieldDescriptor) -> None:
    deprecation = deprecation_of(field)

    assert deprecation is not None
    assert deprecation.reason
    holder, found = field.containing_type, None
    for name in deprecation.replacement.split("."):
        assert holder is not None
        found = holder.fields_by_name[name]
        holder = message_of(found)
    assert found is not None
    assert not found.GetOptions().deprecated
    assert f"`{deprecation.replacement}`" in PAGE.read_text() or f".{deprecation.replacement}`" in PAGE.read_text()


def test_only_deprecated_fields_say_that_they_are() -> None:
    said = [field.full_name for field in FIELDS if _said_of(field)]

    assert said == [field.full_name for field in DEPRECATED]


def test_check_warns_at_the_field(tmp_path: Path) -> None:
    loaded = check(write(tmp_path, SAMPLER))

    (warning,) = loaded.diagnostics
    assert loaded.ok
    assert (warning.code, warning.path, warning.severity) == ("schema.deprecated", "train_data.sampler", "warning")
    assert warning.position is not None
    assert "sampler" in SAMPLER.splitlines()[warning.position.line - 1]
    assert "preprocess.downsample_negatives" in (warning.suggestion or "")


def test_inherited_field_is_warned_of_where_it_was_written(tmp_path: Path) -> None:
    paths = [d.path for d in check(write(tmp_path, SAMPLER + HEIR)).diagnostics]

    assert paths == ["train_data.sampler"]


def test_field_of_an_heir_is_warned_of_by_itself(tmp_path: Path) -> None:
    own = HEIR.replace("true", 'true sampler { name: "x" }')

    assert [d.path for d in check(write(tmp_path, VALID + own)).diagnostics] == ['validation_data["v"].sampler']


def test_config_without_deprecated_fields_is_not_warned_of(tmp_path: Path) -> None:
    assert check(write(tmp_path, VALID)).diagnostics == []


def test_deprecated_field_trains_the_same_function(tmp_path: Path) -> None:
    with_it, without = (check(write(tmp_path, text)).message for text in (SAMPLER, VALID))

    assert fingerprint(with_it).semantic == fingerprint(without).semantic


def test_deprecated_field_is_not_refused(tmp_path: Path) -> None:
    unclaimed = set(unclaimed_paths(check(write(tmp_path, SAMPLER)).message))

    assert not [path for path in unclaimed if "sampler" in path]


def test_explanation_says_so() -> None:
    explanation = explain("train_data.sampler") or ""

    assert "deprecated" in explanation
    assert "set preprocess.downsample_negatives instead" in " ".join(explanation.split())
    assert "deprecated" not in (explain("train_data.preprocess") or "")


def test_json_schema_marks_it() -> None:
    properties = json_schema(RecapConfig)["$defs"]["rankspec.recap.v1.RecapDataConfig.whole"]["properties"]

    assert properties["sampler"]["deprecated"] is True
    assert [name for name, schema in properties.items() if "deprecated" in schema] == ["sampler"]
