"""Field paths: reading them, following them through the schema, and saying what is wrong with them."""

import pytest
from rankspec.recap.v1 import recap_pb2

from rankspec.diagnostics.mistake import MistakeError
from rankspec.schema.descriptors import descriptor_of
from rankspec.schema.field_paths import ROOT, Step, as_path, parents, path_of, steps_of

CONFIG = descriptor_of(recap_pb2.RecapConfig)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        pytest.param("training", (Step("training"),), id="field"),
        pytest.param("a.b", (Step("a"), Step("b")), id="nested"),
        pytest.param('tasks["a.b"].x', (Step("tasks", "a.b"), Step("x")), id="key_with_dot"),
        pytest.param(r'tasks["a\"\\b"]', (Step("tasks", 'a"\\b'),), id="escaped_key"),
        pytest.param("sizes[12]", (Step("sizes", 12),), id="index"),
        pytest.param("flags[true]", (Step("flags", True),), id="boolean_key"),
        pytest.param("", (), id="whole_message"),
    ],
)
def test_path_is_split_into_steps(path: str, steps: tuple[Step, ...]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize("path", ["a.", ".a", "a..b", "a[", "a[x]", "a b", 'a["x]', "a[0]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(MistakeError):
        steps_of(path)


def test_path_leads_to_the_field_of_each_step() -> None:
    fields = path_of('model.tasks["like"].mlp_config.layer_sizes[1]', CONFIG).fields

    assert [field.name for field in fields] == ["model", "tasks", "mlp_config", "layer_sizes"]


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        pytest.param("trainin.num_train_steps", "`training`", id="first_step"),
        pytest.param("training.num_train_step", "`training.num_train_steps`", id="last_step"),
        pytest.param("model.tasks.pos_weight", 'model.tasks["name"]', id="map_without_key"),
        pytest.param("training[0]", "`training`", id="index_of_a_block"),
        pytest.param("model.tasks[3]", 'tasks["3"]', id="number_as_text_key"),
    ],
)
def test_wrong_step_comes_with_a_suggestion(path: str, suggestion: str) -> None:
    with pytest.raises(MistakeError) as caught:
        path_of(path, CONFIG)

    assert suggestion in (caught.value.suggestion or "")


@pytest.mark.parametrize("path", ["training.save_dir.x", 'model.backbone.mlp_config.layer_sizes["a"]'])
def test_step_into_a_scalar_and_key_of_a_list_are_refused(path: str) -> None:
    with pytest.raises(MistakeError):
        path_of(path, CONFIG)


PATH = 'model.tasks["like"].mlp_config.layer_sizes[1]'


def test_path_says_what_contains_it() -> None:
    assert list(parents(path_of(PATH, CONFIG))) == [
        'model.tasks["like"].mlp_config.layer_sizes',
        'model.tasks["like"].mlp_config',
        'model.tasks["like"]',
        "model.tasks",
        "model",
    ]


def test_path_without_a_schema_has_the_same_steps() -> None:
    assert as_path(PATH) == PATH
    assert as_path(PATH).steps == path_of(PATH, CONFIG).steps


def test_what_is_not_written_like_a_path_is_one_step() -> None:
    assert as_path("a b[").steps == (Step("a b["),)


@pytest.mark.parametrize(
    ("path", "source", "to", "moved"),
    [
        pytest.param('train_data.tasks["a"].weight', "train_data", 'validation_data["v"]', None, id="block"),
        pytest.param('model.tasks["a"].pos_weight', "model.tasks", "train_data.tasks", None, id="key_comes_along"),
        pytest.param("training.save_dir", "training.save_dir", "training.initial_checkpoint_dir", None, id="itself"),
        pytest.param("training.save_dir", "", 'x["y"]', 'x["y"].training.save_dir', id="whole_message"),
    ],
)
def test_path_moves_with_what_contains_it(path: str, source: str, to: str, moved: str | None) -> None:
    found = as_path(path).moved(as_path(source), as_path(to))

    assert found == (to + path[len(source) :] if moved is None else moved)
    assert found.steps == as_path(found + "").steps


def test_whole_message_has_no_steps() -> None:
    assert ROOT.steps == ()
    assert path_of("", CONFIG) == ROOT
