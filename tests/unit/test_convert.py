"""Configurations in the form of the public reference trainer become configs."""

import os
import re
from pathlib import Path
from string import Template

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from rankspec.recap.v1 import recap_pb2
from rankspec.twhin.v1 import twhin_pb2

from rankspec.cli import main
from rankspec.composition.compose import compose
from rankspec.composition.environment import substitute
from rankspec.convert.inert import DROPPED, INERT
from rankspec.convert.reference import Conversion, convert
from rankspec.convert.variables import with_our_variables
from rankspec.diagnostics.diagnostic import has_errors
from rankspec.formats.origins import Origins
from rankspec.formats.reading import read
from rankspec.formats.writing import write_with_variables
from rankspec.schema.descriptors import descriptor_of
from rankspec.schema.field_paths import path_of
from rankspec.schema.message_types import all_classes, message_class
from rankspec.schema.rules import cel_rules

RANKER = """\
training:
  save_dir: $SCRATCH/runs/${RUN}
  num_train_steps: 1_000
  initial_checkpoint_dir: null
model:
  multi_task_type: share_all
  large_embeddings: null
  featurization_config:
    log1p_abs_config: null
    double_norm_log_config: {clip_magnitude: 5}
  backbone: &small
    mlp_config:
      layer_sizes: [16, 8]
      final_layer_activation: yes
  tasks:
    liked: &tower
      mlp_config:
        layer_sizes: [8, 1]
    shared:
      <<: *tower
      pos_weight: 2
train_data: &data
  global_batch_size: 32
  dataset_service_compression: AUTO
  inputs: "$DATA/*.gz"
  seg_dense_schema:
    schema_path: "cost$$/schema.json"
    renamed_features: {continuous: c, binary: b}
  tasks: {liked: null, shared: {neg_downsampling_rate: 0.5}}
validation_data:
  test:
    <<: *data
    evaluation_tasks: [liked]
which_metrics: null
optimizer:
  adam: {beta_1: 0.9, epsilon: 1e-7}
  multi_task_learning_rates:
    backbone_learning_rate: {constant: 1e-3}
    tower_learning_rates:
      liked: {constant: null, linear_ramp_to_constant: {learning_rate: 0.001, num_ramp_steps: 10}}
      shared: {constant: 0.001}
"""
GRAPH = """\
runtime: {enable_amp: false}
training: {num_train_steps: 10, gradient_accumulation: 2}
model:
  translation_optimizer: {sgd: {lr: 0.05}, learning_rate: {constant: 0.05}}
  embeddings:
    tables:
      - {name: user, num_embeddings: 424_241, embedding_dim: 4, data_type: fp32, optimizer: {adagrad: {lr: 0.01}}}
  relations:
    - {name: follows, lhs: user, rhs: user, operator: translation}
train_data: &edges
  {data_root: "edges/*", per_replica_batch_size: 500, global_negatives: 0, in_batch_negatives: 10, limit: 9990}
validation_data:
  <<: *edges
  offset: 9990
"""
SHIPPED = {
    "projects/home/recap/config/local_prod.yaml": "rankspec.recap.v1.RecapConfig",
    "projects/twhin/config/local.yaml": "rankspec.twhin.v1.TwhinConfig",
}


def _ranker(old: str = "", new: str = "") -> Conversion:
    assert old in RANKER
    return convert(RANKER.replace(old, new, 1) if old else RANKER, "ranker.yaml")


def _config(conversion: Conversion) -> recap_pb2.RecapConfig:
    assert isinstance(conversion.document.message, recap_pb2.RecapConfig)
    return conversion.document.message


def _codes(conversion: Conversion) -> set[tuple[str, str]]:
    return {(note.code, note.path) for note in conversion.notes}


def test_file_in_the_reference_form_becomes_a_valid_config() -> None:
    conversion = _ranker()

    assert conversion.mistakes == []
    config = _config(conversion)
    assert config.training.num_train_steps == 1000
    assert not config.training.HasField("initial_checkpoint_dir")
    assert config.model.multi_task_type == 2
    assert config.model.backbone.mlp_config.final_layer_activation
    assert list(config.model.tasks["shared"].mlp_config.layer_sizes) == [8, 1]
    assert config.model.tasks["shared"].pos_weight == 2
    assert set(config.train_data.tasks) == {"liked", "shared"}
    assert config.validation_data["test"].global_batch_size == 32
    assert config.optimizer.adam.epsilon == 1e-7


def test_variables_are_written_as_ours() -> None:
    config = _config(_ranker())

    assert config.training.save_dir == "${SCRATCH}/runs/${RUN}"
    assert config.train_data.inputs == "${DATA}/*.gz"
    assert config.train_data.seg_dense_schema.schema_path == "cost$/schema.json"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("$A$B", "12", id="side_by_side"),
        pytest.param("${A}b", "1b", id="braces"),
        pytest.param("$$A", "$A", id="escaped"),
        pytest.param("$${A}", "${A}", id="escaped_braces"),
        pytest.param("$$$A", "$1", id="dollar_before_variable"),
        pytest.param("a$$$$${A}", "a$$1", id="dollars_before_braces"),
        pytest.param("a$$b${B}", "a$b2", id="dollar_apart_from_variable"),
        pytest.param("$${A}$$$B$$", "${A}$2$", id="all_in_one"),
        pytest.param("$1 ${} $-", "$1 ${} $-", id="no_names"),
        pytest.param("${A:-x}", "${A:-x}", id="default_is_no_syntax_there"),
    ],
)
def test_text_with_dollars_means_what_it_meant(tmp_path: Path, text: str, value: str) -> None:
    config = _ranker("$SCRATCH/runs/${RUN}", text).document.message
    path = tmp_path / "config.textproto"
    path.write_bytes(write_with_variables(config, "textproto"))

    loaded = compose(path, environment={"A": "1", "B": "2", "DATA": "d"})

    assert loaded.diagnostics == []
    assert loaded.message.training.save_dir == value


@given(text=st.text(st.sampled_from("$$$${}AB_1-: é"), max_size=14))
@settings(max_examples=500, deadline=None)
def test_any_text_means_what_python_templates_make_of_it(text: str) -> None:
    variables = {name: f"<{name}>" for name in re.findall("(?=([A-Za-z_][A-Za-z0-9_]*))", text)}
    # Every beginning of a name is one.
    variables |= {name[:end]: f"<{name[:end]}>" for name in list(variables) for end in range(1, len(name))}
    message = twhin_pb2.TwhinConfig(training={"save_dir": with_our_variables(text)})

    replacement = substitute(message, variables, Origins())

    assert replacement.diagnostics == []
    assert message.training.save_dir == Template(text).safe_substitute(variables)


def test_key_is_what_it_was() -> None:
    conversion = _ranker(
        "renamed_features: {continuous: c, binary: b}", "renamed_features: {continuous: c, binary: b, a$$b: d}"
    )

    assert conversion.mistakes == []
    assert "a$b" in _config(conversion).train_data.seg_dense_schema.renamed_features


@pytest.mark.parametrize("name", ["train", "timing"])
def test_set_of_a_reserved_name_is_renamed_and_told(name: str) -> None:
    conversion = _ranker("  test:\n", f"  {name}_data: *data\n  {name}:\n")

    assert conversion.mistakes == []
    assert set(_config(conversion).validation_data) == {f"{name}_data", f"{name}_data_"}
    assert ("convert.other_effect", f'validation_data["{name}"]') in _codes(conversion)


def test_variable_in_a_key_is_told() -> None:
    notes = {(note.code, note.path) for note in _ranker("    liked: &tower", "    $TASK: &tower").notes}

    assert ("convert.other_effect", 'model.tasks["$TASK"]') in notes


def test_variable_that_the_reference_did_not_replace_is_told() -> None:
    conversion = convert(GRAPH.replace("edges/*", "$DATA/*"), "graph.yaml")

    config = conversion.document.message
    assert isinstance(config, twhin_pb2.TwhinConfig)
    assert config.train_data.data_root == "${DATA}/*"
    (note,) = [note for note in conversion.notes if note.path == "train_data.data_root"]
    assert (note.code, note.position.line if note.position else None) == ("convert.other_effect", 11)


def test_fields_without_effect_are_reported_at_their_places_once() -> None:
    notes = {note.path: note for note in _ranker().notes if note.code == "convert.no_effect"}

    assert set(notes) == {"train_data.dataset_service_compression", "validation_data"}
    position = notes["validation_data"].position
    assert position is not None
    assert (position.line, position.column) == (30, 1)


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        pytest.param("pos_weight: 2", "dcn_config: {poly_degree: 2}", "convert.failed", id="failure"),
        pytest.param(
            "num_train_steps", "gradient_accumulation: 3\n  num_train_steps", "convert.other_effect", id="other"
        ),
        pytest.param("initial_checkpoint_dir: null", "num_train_steps: 5", "convert.no_effect", id="overridden"),
        pytest.param("shared: {constant", "liked: {constant", "convert.no_effect", id="overridden_key"),
    ],
)
def test_kind_of_missing_effect_is_told(old: str, new: str, note: str) -> None:
    assert note in {code for code, path in _codes(_ranker(old, new)) if path != "validation_data"}


def test_last_of_equal_names_counts() -> None:
    config = _config(_ranker("initial_checkpoint_dir: null", "num_train_steps: 5"))

    assert config.training.num_train_steps == 5


def test_value_that_did_what_it_says_is_not_reported() -> None:
    conversion = convert(GRAPH, "graph.yaml")

    assert "training.gradient_accumulation" not in {note.path for note in conversion.notes}


def test_layer_norm_of_the_last_axis_did_what_it_says() -> None:
    old = "{clip_magnitude: 5}"

    assert _codes(_ranker(old, "{layer_norm_config: {axis: -1}}")) == _codes(_ranker())
    assert ("convert.failed" in {code for code, _ in _codes(_ranker(old, "{layer_norm_config: {axis: 1}}"))}) is True


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        pytest.param("", "", "train_data.dataset_service_compression", id="compression_without_service"),
        pytest.param(
            "  backbone: &small", "  backbone:\n    pos_weight: 2", "model.backbone.pos_weight", id="backbone_loss"
        ),
        pytest.param(
            "  backbone: &small", "  backbone:\n    affine_map: {}", "model.backbone.affine_map", id="backbone_logit"
        ),
        pytest.param(
            "layer_sizes: [8, 1]",
            "layer_sizes: [1]\n        dropout: {}",
            'model.tasks["liked"].mlp_config.dropout',
            id="dropout_of_no_hidden_layer",
        ),
    ],
)
def test_field_that_our_rules_refuse_as_without_effect_is_left_out(old: str, new: str, path: str) -> None:
    conversion = _ranker(old, new)

    assert ("convert.dropped", path) in _codes(conversion)
    assert conversion.mistakes == []


def test_rate_beside_a_schedule_is_left_out_and_told() -> None:
    conversion = convert(GRAPH, "graph.yaml")

    config = conversion.document.message
    assert isinstance(config, twhin_pb2.TwhinConfig)
    assert conversion.mistakes == []
    assert config.model.translation_optimizer.learning_rate.constant == 0.05
    assert not config.model.translation_optimizer.sgd.HasField("lr")
    (dropped,) = [note for note in conversion.notes if note.code == "convert.dropped"]
    assert "0.05" in dropped.message
    assert config.model.embeddings.tables[0].optimizer.adagrad.lr == 0.01


@pytest.mark.parametrize(
    ("text", "name"), [(RANKER, "rankspec.recap.v1.RecapConfig"), (GRAPH, "rankspec.twhin.v1.TwhinConfig")]
)
def test_message_is_chosen_by_the_content(text: str, name: str) -> None:
    assert convert(text, "x.yaml").document.message.DESCRIPTOR.full_name == name


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        pytest.param("share_all", "share_most", "model.multi_task_type", "parse.unknown_enum_value", id="enum"),
        pytest.param("num_train_steps", "num_steps", "training.num_steps", "parse.unknown_field", id="unknown"),
        pytest.param("1_000", "$STEPS", "training.num_train_steps", "parse.wrong_type", id="variable_as_number"),
        pytest.param("1_000", "0", "training.num_train_steps", "int64.gt", id="range"),
        pytest.param("[16, 8]", "16", "model.backbone.mlp_config.layer_sizes", "parse.wrong_type", id="list"),
        pytest.param("optimizer:", "optimizer: &o", "", "", id="nothing"),
    ],
)
def test_mistake_is_told_at_its_place(old: str, new: str, path: str, code: str) -> None:
    mistakes = _ranker(old, new).mistakes

    assert [(m.path, m.code) for m in mistakes] == ([(path, code)] if code else [])
    line = RANKER[: RANKER.index(old)].count("\n") + 1
    assert all(m.position is not None and m.position.line == line for m in mistakes)


def test_value_that_is_a_variable_is_not_judged() -> None:
    text = RANKER.replace('inputs: "$DATA/*.gz"', "explicit_date_inputs: {data_root: d, days: 1, end_date: $DAY}")

    assert convert(text, "x.yaml").mistakes == []


def test_aliases_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    text = "\n".join([*lines, "model: {stratifiers: [" + ", ".join(["*s"] * 9) + "]}"]).replace("*s", "*a8")

    assert convert(text, "x.yaml").mistakes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[1, 2]", id="list"),
        pytest.param("a: [", id="unterminated"),
        pytest.param("\x00", id="control_character"),
        pytest.param("5", id="scalar"),
        pytest.param("? {a: b}\n: c", id="name_that_is_no_string"),
        pytest.param(RANKER.replace("1_000", "1" * 5000), id="thousands_of_digits"),
        pytest.param(
            RANKER.replace("mlp_config:\n        layer_sizes: [8, 1]", "pos_weight: 3"), id="oneof_of_nothing"
        ),
        pytest.param(RANKER.replace("{continuous: c, binary: b}", "{}"), id="entry_that_is_not_there"),
    ],
)
def test_any_text_gives_mistakes_and_no_exception(text: str) -> None:
    assert has_errors(convert(text, "x.yaml").mistakes)


@given(
    text=st.sampled_from([RANKER, GRAPH]),
    begin=st.integers(0, len(RANKER)),
    length=st.integers(0, 12),
    piece=st.sampled_from(["", "-", ": ", "null", "*small", "&x ", "{}", "[]", "1e999", ".nan", "\n", "$", "  "]),
)
@settings(max_examples=200, deadline=None)
def test_damaged_file_gives_mistakes_or_a_config(text: str, begin: int, length: int, piece: str) -> None:
    conversion = convert(text[:begin] + piece + text[begin + length :], "x.yaml")

    assert conversion.document.ok or has_errors(conversion.mistakes)


@pytest.mark.parametrize("form", ["textproto", "json", "binary"])
@pytest.mark.parametrize("text", [RANKER, GRAPH], ids=["ranker", "graph"])
def test_converted_file_reads_as_the_same_message(tmp_path: Path, text: str, form: str) -> None:
    _assert_round_trip(convert(text, "x.yaml").document.message, tmp_path, form)


def _assert_round_trip(message: Message, folder: Path, form: str) -> None:
    path = folder / f"config.{ {'textproto': 'textproto', 'json': 'json', 'binary': 'binpb'}[form] }"
    path.write_bytes(write_with_variables(message, form))

    document = read(str(path), message.DESCRIPTOR.full_name)

    assert document.diagnostics == []
    assert document.message == message


@pytest.mark.parametrize("name", SHIPPED)
def test_files_that_the_reference_ships(tmp_path: Path, name: str) -> None:
    checkout = os.environ.get("RANKSPEC_REFERENCE")
    if not checkout:
        pytest.skip("RANKSPEC_REFERENCE names no checkout of the reference")
    out = tmp_path / "config.textproto"

    conversion = convert((Path(checkout) / name).read_bytes(), name)

    assert conversion.document.message.DESCRIPTOR.full_name == SHIPPED[name]
    assert conversion.mistakes == []
    assert "convert.dropped" in {note.code for note in conversion.notes}
    _assert_round_trip(conversion.document.message, tmp_path, "textproto")
    assert main(["convert", str(Path(checkout) / name), "-o", str(out)]) == 0
    assert not has_errors(compose(out, environment={"HOME": "h", "TML_BASE": "t"}).diagnostics)


class TestCommand:
    def test_config_is_written_and_the_notes_go_to_the_standard_error(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source, out = tmp_path / "graph.yaml", tmp_path / "graph.textproto"
        source.write_text(GRAPH)

        assert main(["convert", str(source), "-o", str(out)]) == 0

        captured = capsys.readouterr()
        assert f"{source}:1:1: warning: `runtime` had no effect" in captured.err
        assert main(["check", str(out)]) == 0

    def test_config_that_breaks_a_rule_is_written_with_status_1(self, tmp_path: Path) -> None:
        source, out = tmp_path / "graph.yaml", tmp_path / "graph.textproto"
        source.write_text(GRAPH.replace("limit: 9990", "limit: 0"))

        assert main(["convert", str(source), "-o", str(out)]) == 1
        assert out.exists()

    def test_file_that_cannot_be_read_writes_nothing(self, tmp_path: Path) -> None:
        source, out = tmp_path / "graph.yaml", tmp_path / "graph.textproto"
        source.write_text(GRAPH.replace("limit", "limmit"))

        assert main(["convert", str(source), "-o", str(out)]) == 1
        assert not out.exists()

    @pytest.mark.parametrize(
        ("arguments", "status"),
        [
            pytest.param(["no.yaml"], 1, id="no_such_file"),
            pytest.param(["SOURCE", "-o", "x.toml"], 2, id="unknown_form"),
            pytest.param(["SOURCE", "--message", "Nothing"], 2, id="unknown_message"),
        ],
    )
    def test_wrong_usage_is_one_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
    ) -> None:
        source = tmp_path / "graph.yaml"
        source.write_text(GRAPH)

        assert main(["convert", *(str(source) if a == "SOURCE" else a for a in arguments)]) == status
        assert capsys.readouterr().err.startswith("rankspec convert: error: ")


@pytest.mark.parametrize("pattern", INERT)
def test_every_line_of_the_table_names_a_field(pattern: str) -> None:
    area, version, message, path = pattern.split(".", 3)

    assert path_of(path, descriptor_of(message_class(f"rankspec.{area}.{version}.{message}")))


def test_every_rule_of_the_table_exists() -> None:
    rules = {rule_id for cls in all_classes() for rule_id, _ in cel_rules(descriptor_of(cls))}

    assert set(DROPPED) <= rules
