"""What a data set's schema file shows of a config's mistakes, and of what is legal and known to hurt.

`rankspec check` asks this where the file is there; nothing here reads rows. Training finds the same mistakes by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.families.recap.feature_refs import column_of, list_of, pointed_at, refuse_table_of_position
from rankspec.families.recap.input_signature import fixed_column, renamed_input
from rankspec.families.recap.schema_file import read_schema
from rankspec.formats.field_positions import place_of
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_ERROR
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded

# What may be warned of, each with a section in docs/warnings.md.
ADVICE = (
    "advice.tables_of_one_feature",
    "advice.table_of_no_ids",
    "advice.table_too_small",
    "advice.unread_ids",
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rankspec.composition.compose import LoadedConfig
    from rankspec.recap.v1.data_pb2 import RecapDataConfig
    from rankspec.recap.v1.model_pb2 import ModelConfig
    from rankspec.recap.v1.recap_pb2 import RecapConfig
    from rankspec.trainer.inputs import Column, Input

Answer = TypeVar("Answer")

_TABLES, _POSITION = "model.small_embeddings.tables", "model.position_debias_config"
_IDS = 'train_data.seg_dense_schema.renamed_features["discrete"]'
# Features that a warning names before it counts the rest.
_NAMED = 3


@dataclass(frozen=True)
class _Finding:
    """What is found at a field; advice is a warning, all else an error."""

    code: str
    path: str
    text: str
    remedy: str | None = None


def feature_diagnostics(loaded: LoadedConfig) -> list[Diagnostic]:
    """Judges a valid config by those of its schema files that are there.

    Args:
        loaded: the config, which breaks no rule.

    Returns:
        Mistakes that training would be refused for, and warnings.
    """
    return [_shown(one, loaded) for one in _findings(loaded.message)]


def _shown(one: _Finding, loaded: LoadedConfig) -> Diagnostic:
    position = place_of(one.path, loaded.document, loaded.file)
    is_advice = one.code.startswith("advice.")
    return Diagnostic(one.code, one.text, one.path, position, "warning" if is_advice else "error", one.remedy)


def _findings(config: RecapConfig) -> Iterator[_Finding]:
    sets = {"train_data": config.train_data}
    sets |= {at("validation_data", name): data for name, data in sorted(config.validation_data.items())}
    for path, data in sets.items():
        mistakes: list[_Finding] = []
        columns = _asked(mistakes, _schema, data, path)
        if columns:
            _check_columns(mistakes, data, columns, path)
        yield from mistakes
        if path == "train_data" and columns and not mistakes:
            inputs = {name: renamed_input(data, name, columns, path) for name in data.seg_dense_schema.renamed_features}
            if "discrete" in inputs:
                yield from _of_ids(config.model, inputs["discrete"], columns[inputs["discrete"].column])
            yield from _of_lists(config.model, inputs, columns)


def _asked(mistakes: list[_Finding], question: Callable[..., Answer], *arguments: object) -> Answer | None:
    """The answer to a question, or None, and a mistake more, if it is an error."""
    try:
        return question(*arguments)
    except DataError as error:
        text, _, remedy = error.message.partition("; ")
        mistakes.append(_Finding(error.code, error.path, text, remedy or None))
        return None


def _schema(data: RecapDataConfig, path: str) -> dict[str, Column]:
    """What a schema file says; nothing where there is no such file."""
    place = join(path, "seg_dense_schema.schema_path")
    if not Path(expanded(data.seg_dense_schema.schema_path, place)).is_file():
        return {}
    return read_schema(data.seg_dense_schema, path)


def _check_columns(mistakes: list[_Finding], data: RecapDataConfig, columns: dict[str, Column], path: str) -> None:
    """Looks for columns that the schema file does not have, or of another type."""
    schema = data.seg_dense_schema
    for name in sorted(schema.renamed_features):
        _asked(mistakes, renamed_input, data, name, columns, path)
    named = {at(join(path, "seg_dense_schema.features"), place): name for place, name in enumerate(schema.features)}
    named |= {at(join(path, "tasks"), task): task for task in sorted(data.tasks)}
    for place, name in named.items():
        _asked(mistakes, fixed_column, name, columns, place, schema.schema_path)


def _of_ids(model: ModelConfig, discrete: Input, column: Column) -> Iterator[_Finding]:
    """What reads the discrete features: whether they are there, and what is known of their ids."""
    tables = {path: table for path, table in _tables(model).items() if not table.HasField("list")}
    others: dict[str, Any] = {at("model.stratifiers", place): one for place, one in enumerate(model.stratifiers)}
    if model.HasField("position_debias_config"):
        others[_POSITION] = model.position_debias_config
    mistakes: list[_Finding] = []
    places = {
        path: _asked(mistakes, column_of, reader, discrete, path) for path, reader in {**tables, **others}.items()
    }
    found = {path: place for path, place in places.items() if place is not None}
    if _POSITION in found and not mistakes:
        _asked(mistakes, refuse_table_of_position, [found[path] for path in tables], found[_POSITION])
    yield from mistakes
    if not mistakes:
        yield from _advice_on_tables(tables, found, discrete, column)
        if "discrete" not in model.featurization_config.feature_names_to_concat:
            yield from _unread(set(found.values()), discrete, column)


def _of_lists(model: ModelConfig, inputs: dict[str, Input], columns: dict[str, Column]) -> Iterator[_Finding]:
    """What looks up lists: whether they are there, and what is known of their ids."""
    mistakes: list[_Finding] = []
    tables = {path: table for path, table in _tables(model).items() if table.HasField("list")}
    found = {path: _asked(mistakes, list_of, table, inputs, path) for path, table in tables.items()}
    yield from mistakes
    for path, item in found.items():
        if item is not None:
            yield from _too_small(tables[path], (columns[item.column].sizes or [None])[0], f'"{item.name}"', path)
    read = {item.name for item in found.values() if item is not None}
    for name, item in inputs.items():
        if item.is_list and name not in read and not mistakes:
            text = (
                f'no table of model.small_embeddings looks up the lists of "{name}": the model does not see these ids'
            )
            here = at("train_data.seg_dense_schema.renamed_features", name)
            yield _Finding("advice.unread_ids", here, text, "add a table, or leave it so if the model is to do without")


def _tables(model: ModelConfig) -> dict[str, Any]:
    return {at(_TABLES, place): one for place, one in enumerate(model.small_embeddings.tables)}


def _too_small(table: Any, size: int | None, feature: str, path: str) -> Iterator[_Finding]:
    """Advice on a table that has fewer rows than its feature has ids."""
    if size is not None and table.num_embeddings < size and table.out_of_range_ids == OUT_OF_RANGE_IDS_ERROR:
        text = f"{feature} has {size} ids by the schema file, and the first without a row ends the run"
        remedy = f"raise it to {size}, or write out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET"
        yield _Finding("advice.table_too_small", join(path, "num_embeddings"), text, remedy)


def _advice_on_tables(
    tables: dict[str, Any], columns: dict[str, int], discrete: Input, column: Column
) -> Iterator[_Finding]:
    first: dict[int, str] = {}
    for path, table in tables.items():
        place, here = columns[path], pointed_at(table, path).path
        feature = _called(discrete, place)
        if (other := first.setdefault(place, table.name)) != table.name:
            text = f'the table "{table.name}" looks up {feature}, as the table "{other}" does'
            yield _Finding("advice.tables_of_one_feature", here, text, "drop one of them, or correct what it looks up")
        if column.sizes is None:
            continue
        size = column.sizes[place]
        if size is None:
            text = f'the table "{table.name}" looks up {feature}, which holds no ids by the schema file'
            yield _Finding("advice.table_of_no_ids", here, text, "correct what it looks up, or give it a size there")
        else:
            yield from _too_small(table, size, feature, path)


def _unread(read: set[int], discrete: Input, column: Column) -> Iterator[_Finding]:
    ids = [place for place, size in enumerate(column.sizes or ()) if size is not None and place not in read]
    if not ids:
        return
    named = ", ".join(_called(discrete, place) for place in ids[:_NAMED])
    rest = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    text = f"no table of model.small_embeddings looks up {named}{rest}: the model does not see these ids"
    yield _Finding("advice.unread_ids", _IDS, text, "add tables, or leave it so if the model is to do without")


def _called(discrete: Input, place: int) -> str:
    return f'"{discrete.names[place]}"' if discrete.names else f"column {place} of discrete"
