"""What a bundle of a ranking model says of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of, list_of
from rankspec.families.recap.program.export.preprocessing import allowed_values
from rankspec.recap.v1.architecture_pb2 import TASK_KIND_REGRESSION, TaskModel
from rankspec.recap.v1.embedding_pb2 import SmallEmbeddingBagConfig, SmallEmbeddingsConfig
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.scoring.signature import signature_hash
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import FeatureSignature, IdTable, ServedInput, ServedOutput
from rankspec.trainer.data.step import Step
from rankspec.trainer.inputs import Input

_TYPES = {"float32": bundle_pb2.VALUE_TYPE_FLOAT32, "int64": bundle_pb2.VALUE_TYPE_INT64}
# As the bound in the spec. Of more positions nothing is said of single ones.
_MOST_POSITIONS = 8192


def served_signature(config: ModelConfig, inputs: Sequence[Input], steps: Sequence[Step]) -> FeatureSignature:
    """The signature of a model.

    Args:
        config: the model.
        inputs: what it reads when it serves.
        steps: what is done to stored rows before.
    """
    tables = id_tables(config, inputs)
    read = {table.position for table in tables if table.input == "discrete"} if not _reads_all_ids(config) else None
    served = [_input(item, steps, read if item.name == "discrete" else None) for item in inputs]
    return FeatureSignature(inputs=served, id_tables=tables, hash=signature_hash(served))


@obeys(ModelConfig, "featurization_config")
@obeys(FeaturizationConfig, "feature_names_to_concat")
def _reads_all_ids(config: ModelConfig) -> bool:
    return "discrete" in config.featurization_config.feature_names_to_concat


def _input(item: Input, steps: Sequence[Step], read: set[int] | None) -> ServedInput:
    if item.is_list:
        return ServedInput(name=item.name, type=_TYPES[item.dtype], width=1, feature_names=item.names or (), list=True)
    kept = set(item.kept if item.kept is not None else range(item.width))
    read = kept if read is None else read
    unread = [position for position in range(item.stored_length) if position not in read]
    served = ServedInput(name=item.name, type=_TYPES[item.dtype], width=item.stored_length)
    if item.stored_length <= _MOST_POSITIONS:
        served.feature_names.extend(item.names or ())
        served.unread_positions.extend(unread)
    if item.dtype == "float32":
        served.non_finite_value = 0
    if (allowed := allowed_values(item.name, steps)) is not None:
        served.allowed_values.CopyFrom(allowed)
    return served


@obeys(ModelConfig, "small_embeddings")
@obeys(SmallEmbeddingsConfig, "tables")
@obeys(SmallEmbeddingBagConfig, "name", "num_embeddings", "out_of_range_ids")
def id_tables(config: ModelConfig, inputs: Sequence[Input]) -> list[IdTable]:
    """The tables that ids are looked up in, with the positions of the ids in stored rows."""
    by_name = {item.name: item for item in inputs}
    tables: list[Any] = list(config.small_embeddings.tables)
    found = []
    for place, table in enumerate(tables):
        name, position = _looked_up(table, by_name, f"model.small_embeddings.tables[{place}]")
        found.append(
            IdTable(
                name=table.name,
                input=name,
                position=position,
                num_ids=table.num_embeddings,
                out_of_range_ids=table.out_of_range_ids,
            )
        )
    return found


@obeys(SmallEmbeddingBagConfig, "list")
def _looked_up(table: SmallEmbeddingBagConfig, inputs: Mapping[str, Input], path: str) -> tuple[str, int]:
    """The input that holds a table's ids, and their position in its stored rows."""
    if table.HasField("list"):
        return list_of(table, inputs, path).name, 0
    item = inputs["discrete"]
    column = column_of(table, item, path)
    return item.name, column if item.kept is None else item.kept[column]


@obeys(ModelConfig, "tasks")
@obeys(TaskModel, "kind")
def served_outputs(config: ModelConfig) -> list[ServedOutput]:
    """The outputs of a model."""
    return [
        ServedOutput(
            name=name,
            kind=bundle_pb2.OUTPUT_KIND_VALUE
            if config.tasks[name].kind == TASK_KIND_REGRESSION
            else bundle_pb2.OUTPUT_KIND_PROBABILITY,
        )
        for name in sorted(config.tasks, key=str.encode)
    ]
