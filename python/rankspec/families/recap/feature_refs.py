"""Where a config points at a feature, and which column of its input that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rankspec.claims.registry import obeys
from rankspec.diagnostics.closest_name import closest
from rankspec.recap.v1.architecture_pb2 import PositionDebiasConfig
from rankspec.recap.v1.embedding_pb2 import (
    IdListConfig,
    SmallEmbeddingBagConfig,
    SmallEmbeddingsConfig,
    StratifierConfig,
)
from rankspec.recap.v1.feature_pb2 import FeatureRef
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.preprocess_pb2 import ExtractFeaturesRow
from rankspec.schema.field_paths import join
from rankspec.trainer.data_error import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rankspec.trainer.inputs import Input

# The fields of a message that point at a feature: by its column, and as a FeatureRef.
_FIELDS = {
    SmallEmbeddingBagConfig.DESCRIPTOR.full_name: ("index", "feature"),
    StratifierConfig.DESCRIPTOR.full_name: ("index", "feature"),
    PositionDebiasConfig.DESCRIPTOR.full_name: ("position_feature_index", "position_feature"),
    ExtractFeaturesRow.DESCRIPTOR.full_name: ("index", "feature"),
}
_MOST_LISTED = 8


@dataclass(frozen=True)
class PointedAt:
    """What a config says of a feature.

    Attributes:
        feature: its name, or its column from 0.
        path: the field that says it.
    """

    feature: str | int
    path: str


@obeys(SmallEmbeddingBagConfig, "index", "feature")
@obeys(StratifierConfig, "index", "feature")
@obeys(PositionDebiasConfig, "position_feature_index", "position_feature")
@obeys(ExtractFeaturesRow, "index", "feature")
@obeys(FeatureRef, "name", "index")
def pointed_at(message: Any, path: str) -> PointedAt:
    """What a message that points at a feature says of it.

    Args:
        message: one of those named above; its rules ask for one of the two fields.
        path: its place in the spec.
    """
    index, reference = _FIELDS[message.DESCRIPTOR.full_name]
    if not message.HasField(reference):
        return PointedAt(getattr(message, index), join(path, index))
    feature = getattr(message, reference)
    chosen = feature.WhichOneof("feature")
    assert chosen is not None, "the spec's rules ask for a name or an index"
    return PointedAt(getattr(feature, chosen), join(path, f"{reference}.{chosen}"))


def column_of(message: Any, item: Input, path: str) -> int:
    """The column of an input that a message points at, from 0 and after truncation and masks.

    Args:
        message: as `pointed_at` takes it.
        item: the input.
        path: the message's place in the spec, for errors.

    Raises:
        DataError: there is no such column or name.
    """
    pointed, names = pointed_at(message, path), item.feature_names
    feature = pointed.feature
    if isinstance(feature, int):
        if feature >= item.width:
            columns = f"{item.width} column{'s' if item.width > 1 else ''}"
            raise DataError(
                f"there is no column {feature}: {item.name} has {columns}, from 0; give another", pointed.path
            )
        return feature
    if names is None:
        raise DataError(
            f'the schema file gives the columns of "{item.column}" no names, and "{feature}" is asked for; add names '
            "to its entry there, or give the column's index here",
            pointed.path,
        )
    if feature not in names:
        raise DataError(f'{item.name} has no feature "{feature}"; {_remedy(feature, names)}', pointed.path)
    return names.index(feature)


@obeys(SmallEmbeddingBagConfig, "list")
@obeys(IdListConfig, "input")
def list_of(table: SmallEmbeddingBagConfig, inputs: Mapping[str, Input], path: str) -> Input:
    """The input whose lists a table looks up.

    Args:
        table: such a table.
        inputs: the data's inputs, by name.
        path: the table's place in the spec, for errors.

    Raises:
        DataError: there is no such input, or its rows have all the same number of values.
    """
    item = inputs.get(table.list.input)
    if item is None or not item.is_list:
        raise DataError(
            f'the rows of "{table.list.input}" are no lists by the schema file; give its column the length -1 there if '
            "they are, or look up a column of discrete",
            join(path, "list.input"),
        )
    return item


@obeys(ModelConfig, "small_embeddings")
@obeys(SmallEmbeddingsConfig, "tables")
@obeys(SmallEmbeddingBagConfig, "list")
@obeys(IdListConfig, "input")
def lists_read(config: ModelConfig) -> set[str]:
    """The inputs whose lists tables look up."""
    return {table.list.input for table in config.small_embeddings.tables if table.HasField("list")}


@obeys(ModelConfig, "small_embeddings")
@obeys(SmallEmbeddingsConfig, "tables")
@obeys(SmallEmbeddingBagConfig, "list")
def looks_up_columns(config: ModelConfig) -> bool:
    """Whether a table looks up a column of the discrete features."""
    return any(not table.HasField("list") for table in config.small_embeddings.tables)


def without_unread(inputs: Sequence[Input], lists: Collection[str], *, reads_ids: bool) -> tuple[Input, ...]:
    """Inputs without the ids that nothing reads.

    Args:
        inputs: the data's.
        lists: the inputs of lists that are read.
        reads_ids: whether the discrete features are.
    """
    return tuple(i for i in inputs if (i.name in lists if i.is_list else reads_ids or i.name != "discrete"))


def refuse_table_of_position(columns: Sequence[int | None], position: int) -> None:
    """Makes sure that no table looks up the position, which a rule of the spec sees where both are given alike.

    Args:
        columns: what the small tables look up, in their order; None of lists.
        position: the column of the position.

    Raises:
        DataError: one does.
    """
    if position in columns:
        raise DataError(
            f"it looks up column {position}, the position, which position_debias_config keeps from what is served; "
            "drop the table, or correct what either reads",
            f"model.small_embeddings.tables[{columns.index(position)}]",
        )


def _remedy(name: str, names: Sequence[str]) -> str:
    if match := closest(name, names):
        return f'did you mean "{match}"?'
    rest = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"it has {', '.join(names[:_MOST_LISTED])}{rest}"
