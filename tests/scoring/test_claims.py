"""The corpus has a bundle of all that is trained: what could not be exported would be seen there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rankspec.recap.v1.model_pb2 import ModelConfig, MultiTaskType
from rankspec.recap.v1.preprocess_pb2 import Preprocess
from tests.claims import claimed_fields
from tests.scoring.bundles import KINDS, Kind, config_of, make_bundle

import rankspec.families.recap.program.program  # noqa: F401 - claims count once their adapters are loaded
from rankspec import scoring
from rankspec.checking.check import check
from rankspec.schema.descriptors import is_map, map_value
from rankspec.schema.message_types import message_class
from rankspec.scoring.signature import dtype_of
from rankspec.trainer.data.step import Step
from rankspec.trainer.errors import TrainError

# Fields that make no other graph, and why.
_OF_NO_GRAPH = {
    "rankspec.recap.v1.ZScoreLogConfig.schema_path": "says what statistics are of",
    "rankspec.recap.v1.PositionDebiasConfig.position_feature_index": "another form of position_feature",
}
_USERS = 'tables { name: "user" num_embeddings: 20 embedding_dim: 4 feature { index: 0 } }'
# What makes rows or labels of training, and is left out of what is served.
_STEPS_OF_TRAINING = {"rectify_labels", "downsample_negatives"}


def _configs() -> dict[str, Any]:
    return {name: config_of(kind, Path("data"), Path("runs"), name) for name, kind in KINDS.items()}


def _set_fields(message: Any) -> Iterator[tuple[str, Any]]:
    for field, value in message.ListFields():
        yield field.full_name, value
        if (map_value(field) if is_map(field) else field).message_type is not None:
            for one in value.values() if is_map(field) else value if field.is_repeated else [value]:
                yield from _set_fields(one)


def _trained_fields(descriptor: Any, found: set[str]) -> set[str]:
    """Every field below a message that the trainer obeys."""
    claimed = claimed_fields(message_class(descriptor.full_name))
    for field in descriptor.fields:
        if field.name in claimed and field.full_name not in found:
            found.add(field.full_name)
            inner = (map_value(field) if is_map(field) else field).message_type
            if inner is not None:
                _trained_fields(inner, found)
    return found


def test_every_config_of_the_corpus_is_right() -> None:
    assert {name: check(config).diagnostics for name, config in _configs().items() if not check(config).ok} == {}


def test_every_field_of_a_model_that_is_trained_is_set_in_a_bundle_of_the_corpus() -> None:
    trained = _trained_fields(ModelConfig.DESCRIPTOR, set())
    exported = {field for config in _configs().values() for field, _value in _set_fields(config.model)}

    assert len(trained) > 50
    assert trained - exported - _OF_NO_GRAPH.keys() == set()


def test_every_way_of_sharing_is_in_the_corpus() -> None:
    exported = {config.model.multi_task_type for config in _configs().values()}

    assert exported == {number for number in MultiTaskType.values() if number}


def test_every_step_before_the_model_is_in_the_corpus() -> None:
    exported = {field for config in _configs().values() for field, _value in _set_fields(config.train_data.preprocess)}
    steps = {field.full_name for field in Preprocess.DESCRIPTOR.fields if field.name not in _STEPS_OF_TRAINING}

    assert steps - exported == set()


@pytest.mark.slow
@pytest.mark.parametrize("has_tables", [False, True], ids=["no table", "a table beside it"])
def test_the_position_is_no_input_of_a_bundle(tmp_path: Path, *, has_tables: bool) -> None:
    kind = KINDS["position"]
    if has_tables:
        kind = Kind(f"{kind.changes} model {{ small_embeddings {{ {_USERS} }} }}", is_named=True)
    config = config_of(kind, Path("data"), Path("runs"), "bundle")
    place = config.model.position_debias_config.position_feature.index

    make_bundle(kind, tmp_path / "bundle", tmp_path)

    with scoring.open(tmp_path / "bundle") as scorer:
        signature = scorer.manifest.signature
        inputs = {item.name: item for item in signature.inputs}
        # Of the table's input it is a position that the model does not look at, and nobody has to give.
        assert ("discrete" in inputs) is has_tables
        assert [table.position for table in signature.id_tables] == [0] * has_tables
        columns = {name: np.ones((2, item.width), dtype_of(item)) for name, item in inputs.items()}
        expected = scorer.score(columns, scorer.signature_hash)
        if has_tables:
            assert list(inputs["discrete"].unread_positions) == [place]
            columns["discrete"][:, place] = [0, 4]
            found = scorer.score(columns, scorer.signature_hash)
            assert all(np.array_equal(found[name], expected[name]) for name in expected)
            del columns["discrete"]
            found = scorer.score(columns | {"discrete/d/0": np.ones(2, np.int64)}, scorer.signature_hash)
            assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_step_without_a_form_in_a_graph_is_refused_by_name() -> None:
    from rankspec.families.recap.program.export.preprocessing import Preprocessing

    class Unheard(Step):
        def apply(self, chunk: object) -> None:
            """Does nothing."""

    with pytest.raises(TrainError, match="Unheard has no form in a bundle"):
        Preprocessing("continuous", [Unheard(formats={})])
