"""Rule violations as diagnostics: codes and paths as protovalidate has them, places, words, and what is left out."""

from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check
from rankspec.diagnostics.diagnostic import Diagnostic

MULTI = """multi_task_learning_rates {
    tower_learning_rates { key: "liked" value { constant: 0.1 } }
  }"""


def _check(folder: Path, text: str) -> tuple[str, list[Diagnostic]]:
    errors = [d for d in check(write(folder, text)).diagnostics if d.severity == "error"]
    return text, errors


def _at(text: str, diagnostic: Diagnostic) -> str:
    """The source from the diagnostic's place to the end of its line."""
    assert diagnostic.position is not None
    return text.splitlines()[diagnostic.position.line - 1][diagnostic.position.column - 1 :]


@pytest.mark.parametrize(
    ("old", "new", "path", "code", "place"),
    [
        pytest.param(
            "global_batch_size: 32",
            "global_batch_size: -5",
            "train_data.global_batch_size",
            "int32.gt",
            "-5",
            id="scalar_at_its_value",
        ),
        pytest.param(
            "[8, 1]",
            "[8, 0, 1]",
            'model.tasks["liked"].mlp_config.layer_sizes[1]',
            "int32.gt",
            "0, 1] } }",
            id="list_element_at_its_value",
        ),
        pytest.param(
            "  global_batch_size: 32\n",
            "",
            "train_data.global_batch_size",
            "required",
            "train_data {",
            id="missing_at_its_block",
        ),
        pytest.param(
            "  adam {}\n", "", "optimizer.optimizer", "required", "optimizer {", id="empty_oneof_at_its_block"
        ),
        pytest.param(
            "mlp_config { layer_sizes: [8, 1] }",
            "mlp_config {}",
            'model.tasks["liked"].mlp_config',
            "message.oneof",
            "mlp_config {} }",
            id="empty_group_at_its_block",
        ),
        pytest.param(
            'tasks { key: "liked" value {} }',
            'tasks { key: "a b" value {} } tasks { key: "liked" value {} }',
            'train_data.tasks["a b"]',
            "string.pattern",
            '"a b" value {} } tasks { key: "liked" value {} }',
            id="map_key_at_the_key",
        ),
        pytest.param(
            '"schema.json"',
            '""',
            "train_data.seg_dense_schema.schema_path",
            "string.min_len",
            '""',
            id="empty_string",
        ),
        pytest.param(
            "[8, 1]",
            "[8, 2]",
            'model.tasks["liked"].mlp_config',
            "recap.model.tower_gives_one_logit",
            "mlp_config { layer_sizes: [8, 2] } }",
            id="rule_on_map_values",
        ),
        pytest.param(
            "  inputs:",
            '  evaluation_tasks: ["liked", "x"] evaluation_tasks: "x"\n  inputs:',
            "train_data.evaluation_tasks",
            "repeated.unique",
            '"x"',
            id="repetition_at_the_second",
        ),
    ],
)
def test_violation_is_reported_at_its_place(
    tmp_path: Path, old: str, new: str, path: str, code: str, place: str
) -> None:
    assert old in VALID
    text, errors = _check(tmp_path, VALID.replace(old, new))

    (error,) = [e for e in errors if e.code == code]
    assert error.path == path
    assert _at(text, error) == place
    assert error.suggestion


def test_negative_steps_missing_tower_rate_and_nan_are_all_reported_at_their_lines(tmp_path: Path) -> None:
    loved = '  tasks { key: "loved" value { mlp_config { layer_sizes: 1 } } }\n'
    text = VALID.replace("single_task_learning_rate { constant: 0.01 }", MULTI.replace("0.1", "nan"))
    text = text.replace("model {\n", "training { num_train_steps: -5 }\nmodel {\n" + loved)
    text = text.replace("train_data {\n", 'train_data {\n  tasks { key: "loved" value {} }\n')

    text, errors = _check(tmp_path, text)

    assert [(e.path, e.code, _at(text, e)) for e in errors] == [
        ("training.num_train_steps", "int64.gt", "-5 }"),
        (
            "optimizer.multi_task_learning_rates.tower_learning_rates",
            "recap.config.towers_have_rates",
            'tower_learning_rates { key: "liked" value { constant: nan } }',
        ),
        (
            'optimizer.multi_task_learning_rates.tower_learning_rates["liked"].constant',
            "double.finite",
            "nan } }",
        ),
    ]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_number_that_is_not_finite_is_reported_once(tmp_path: Path, number: str) -> None:
    _, errors = _check(tmp_path, VALID.replace("0.01", number))

    assert [e.code for e in errors] == ["double.finite"]


def test_rule_that_names_several_fields_gives_a_diagnostic_for_each(tmp_path: Path) -> None:
    masked = "".join(f'mask_mantissa_features {{ key: "{name}" value: 2 }}\n' for name in ("one", "other"))
    column = '    renamed_features { key: "continuous" value: "c" }\n'

    _, errors = _check(tmp_path, VALID.replace(column, column + masked))

    assert [(e.code, e.path) for e in errors] == [
        ("recap.seg_dense_schema.masked_inputs_exist", f'train_data.seg_dense_schema.mask_mantissa_features["{name}"]')
        for name in ("one", "other")
    ]


def test_what_a_rule_says_of_equal_items_is_told_once(tmp_path: Path) -> None:
    _, errors = _check(tmp_path, VALID.replace("inputs:", 'evaluation_tasks: ["x", "x"]\n  inputs:'))

    told = [(e.code, e.path, e.message) for e in errors]
    assert len(told) == len(set(told)) > 0


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        pytest.param(
            "global_batch_size: 32", "global_batch_size: -5", "int32.gt", ["greater than 0", "-5"], id="bound"
        ),
        pytest.param("adam {}", "adam { beta_1: 2 }", "double.gte_lt", ["at least 0", "less than 1", "2"], id="range"),
        pytest.param("constant: 0.01", "", "required", ["exactly one", "`constant`", "`lr`"], id="oneof"),
        pytest.param("  global_batch_size: 32\n", "", "required", ["`global_batch_size`"], id="missing"),
        pytest.param(
            "log1p_abs_config {}",
            'log1p_abs_config {} feature_names_to_concat: "binry"',
            "string.in",
            ["`binary`", "`discrete`", "`binry`"],
            id="choice",
        ),
        pytest.param(
            "model {",
            "downsampling_correction: DOWNSAMPLING_CORRECTION_UNSPECIFIED\nmodel {",
            "enum.not_in",
            ["DOWNSAMPLING_CORRECTION_CALIBRATION", "DOWNSAMPLING_CORRECTION_UNSPECIFIED"],
            id="enum",
        ),
    ],
)
def test_words_name_what_is_there_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, code: str, words: list[str]
) -> None:
    _, errors = _check(tmp_path, VALID.replace(old, new))

    (error,) = [e for e in errors if e.code == code]
    assert all(word in error.message for word in words)


@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        pytest.param("size: 32", "size: -5", "the nearest allowed value is 1", id="nearest/below"),
        pytest.param(
            "value {} }",
            "value { pos_downsampling_rate: 7 } }",
            "the nearest allowed value is 1",
            id="nearest/above",
        ),
        pytest.param("size: 32", 'size: 32 evaluation_tasks: "like"', "did you mean `liked`?", id="task"),
        pytest.param(
            "log1p_abs_config {}",
            'log1p_abs_config {} feature_names_to_concat: "binry"',
            "did you mean `binary`?",
            id="choice",
        ),
        pytest.param(
            'tasks { key: "liked" value {} }',
            'tasks { key: "li ked" value {} }',
            "did you mean `li_ked`?",
            id="name",
        ),
    ],
)
def test_suggestion_is_the_nearest_right_value(tmp_path: Path, old: str, new: str, suggestion: str) -> None:
    _, errors = _check(tmp_path, VALID.replace(old, new))

    assert suggestion in [error.suggestion for error in errors]


def test_misspelled_tower_rate_is_matched_with_its_task(tmp_path: Path) -> None:
    rates = MULTI.replace('"liked"', '"like"')
    _, errors = _check(tmp_path, VALID.replace("single_task_learning_rate { constant: 0.01 }", rates))

    assert {e.code: e.suggestion for e in errors} == {
        "recap.config.towers_have_rates": "rename `like` to `liked`, if that is what it stands for",
        "recap.config.rates_have_towers": "did you mean `liked`?",
    }


def test_both_places_of_a_cross_field_rule_are_named(tmp_path: Path) -> None:
    ramp = """single_task_learning_rate {
    linear_ramp_to_cosine {
      learning_rate: 0.1
      final_learning_rate: 0.01
      num_ramp_steps: 10
      final_num_steps: 10
    }
  }"""
    text, errors = _check(tmp_path, VALID.replace("single_task_learning_rate { constant: 0.01 }", ramp))

    (error,) = errors
    assert _at(text, error) == "10"
    assert [text.splitlines()[p.line - 1].strip() for p in error.related] == ["final_num_steps: 10"]


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        pytest.param("global_batch_size: 32", "global_batch_size: many", ["parse.wrong_type"], id="unreadable_value"),
        pytest.param("adam {}", "adm {}", ["parse.unknown_field"], id="misspelled_block"),
        pytest.param("[8, 1]", "[8, x]", ["parse.wrong_type"], id="unreadable_element"),
    ],
)
def test_what_follows_from_a_mistake_of_the_text_is_not_reported(
    tmp_path: Path, old: str, new: str, codes: list[str]
) -> None:
    _, errors = _check(tmp_path, VALID.replace(old, new))

    assert [e.code for e in errors] == codes


def test_rule_over_several_fields_waits_until_its_message_can_be_read(tmp_path: Path) -> None:
    rates = MULTI.replace('"liked"', '"other"')
    text = VALID.replace("single_task_learning_rate { constant: 0.01 }", rates)
    told = [{error.code for error in _check(tmp_path, t)[1]} for t in (text.replace("[8, 1]", "[8, x]"), text)]

    assert told == [{"parse.wrong_type"}, {"recap.config.towers_have_rates", "recap.config.rates_have_towers"}]


def test_damage_in_another_message_does_not_hide_a_rule(tmp_path: Path) -> None:
    ramp = "linear_ramp_to_cosine { learning_rate: 1 final_learning_rate: 0.1 num_ramp_steps: 9 final_num_steps: 9 }"
    text = VALID.replace("constant: 0.01", ramp).replace("[8, 1]", "[8, x] dropout { rate: 2 }")

    _, errors = _check(tmp_path, text)

    assert {e.code for e in errors} == {
        "parse.wrong_type",
        "double.gt_lt",
        "optim.linear_ramp_to_cosine.ramp_before_final",
    }


def test_empty_file_lacks_its_required_fields_at_its_start(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    diagnostics = check(path).diagnostics

    assert [(d.path, d.code, str(d.position)) for d in diagnostics if d.code == "required"] == [
        (name, "required", f"{path}:1:1") for name in ("model", "train_data", "optimizer")
    ]


@pytest.mark.parametrize("key", [r"a\nb", r"a\"b", "a: b", "a]", ""])
def test_odd_map_key_is_reported_and_breaks_nothing(tmp_path: Path, key: str) -> None:
    rates = MULTI.replace('"liked"', f'"{key}"')
    _, errors = _check(tmp_path, VALID.replace("single_task_learning_rate { constant: 0.01 }", rates))

    assert {"string.pattern", "recap.config.rates_have_towers"} <= {error.code for error in errors}
    assert all(error.position and error.message for error in errors)
