"""Field paths: reading them, following them through the schema, and saying what is wrong with them."""

import pytest
from rankspec.recap.v1 import recap_pb2

from rankspec.schema.descriptors import descriptor_of
from rankspec.schema.field_paths import PathError, Step, fields_along, parse

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
    assert parse(path) == steps


@pytest.mark.parametrize("path", ["a.", ".a", "a..b", "a[", "a[x]", "a b", 'a["x]', "a[0]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        parse(path)


def test_path_leads_to_the_field_of_each_step() -> None:
    fields = fields_along(CONFIG, parse('model.tasks["like"].mlp_config.layer_sizes[1]'))

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
    with pytest.raises(PathError) as caught:
        fields_along(CONFIG, parse(path))

    assert suggestion in (caught.value.suggestion or "")


@pytest.mark.parametrize("path", ["training.save_dir.x", 'model.backbone.mlp_config.layer_sizes["a"]'])
def test_step_into_a_scalar_and_key_of_a_list_are_refused(path: str) -> None:
    with pytest.raises(PathError):
        fields_along(CONFIG, parse(path))
