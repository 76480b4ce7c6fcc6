"""Statistics of continuous features, read for the column and the places that a model reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import json_format
from numpy.typing import NDArray

from rankspec.checking.check import check
from rankspec.checking.validation import validate
from rankspec.claims.registry import obeys
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics, PlaceStatistics
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.families.recap.input_signature import fixed_column
from rankspec.families.recap.schema_file import schema_columns
from rankspec.formats.document import Document
from rankspec.formats.origins import Origins
from rankspec.metrics.feature_statistics import signed_log
from rankspec.recap.v1.featurization_pb2 import ZScoreLogConfig
from rankspec.schema.field_paths import join
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import Input, names_difference

_REMEDY = "`rankspec data statistics` computes them of this data"


@dataclass(frozen=True)
class LogMoments:
    """Moments of sign(x) * log(1 + |x|) over all rows, a value that is not finite counting as 0.

    Attributes:
        mean: float64 `[C]`.
        deviation: float64 `[C]`, divided by the rows; 0 for a feature that float32 does not tell from a constant.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


@obeys(ZScoreLogConfig, "analysis_path", "schema_path", "use_bq_stats")
def read_log_moments(config: ZScoreLogConfig, continuous: Input, path: str) -> LogMoments:
    """The moments of the continuous features that a model reads, in their order.

    Args:
        config: where the statistics are, and under which schema they were computed.
        continuous: the input.
        path: the config's place in the spec, for errors.

    Raises:
        DataError: the statistics or their schema cannot be read, or are not of this column and these places.
    """
    here = join(path, "analysis_path")
    if config.HasField("schema_path"):
        _check_schema(config.schema_path, continuous, join(path, "schema_path"))
    read = _of_parts if config.use_bq_stats else _of_file
    statistics = read(config.analysis_path, continuous, here)
    by = f"{config.analysis_path}{f', written by {statistics.generator},' if statistics.generator else ''}"
    column = _column(statistics, continuous, by, here)
    places = continuous.kept or tuple(range(continuous.width))
    return _log_moments(_chosen(column, places, by, here))


def _check_schema(schema_path: str, continuous: Input, path: str) -> None:
    """Makes sure that the column is the same in a schema as in the data's own."""
    column = fixed_column(continuous.column, schema_columns(schema_path, path), path, schema_path)
    then, now = (column.dtype, column.stored_length), (continuous.dtype, continuous.stored_length)
    if then != now:
        raise DataError(
            f'{schema_path} has {then[1]} {then[0]} values a row of "{continuous.column}", and the data\'s schema has '
            f"{now[1]} {now[0]} values: the statistics are of other features; {_REMEDY}",
            path,
        )
    if change := names_difference(column.names, continuous.names):
        raise DataError(f'the data\'s schema has "{continuous.column}" with {change} of {schema_path}; {_REMEDY}', path)


def _of_file(name: str, _continuous: Input, path: str) -> DataStatistics:
    if Path(expanded(name, path)).is_dir():
        raise DataError(
            f"{name} is a folder; name the file that `rankspec data statistics` wrote, or set use_bq_stats: true for "
            "a folder of exported JSON parts",
            path,
        )
    loaded = check(expanded(name, path), message=DataStatistics.DESCRIPTOR.full_name, environment={})
    _refuse(loaded.diagnostics, name, path)
    statistics = DataStatistics()
    statistics.CopyFrom(loaded.message)
    return statistics


def _of_parts(name: str, continuous: Input, path: str) -> DataStatistics:
    """The statistics of a column in a folder of JSON parts, which do not say how long its rows are."""
    column = ColumnStatistics(column=continuous.column, length=continuous.stored_length)
    for place, line in _lines(Path(expanded(name, path)), path):
        if line.pop("column", None) == continuous.column:
            _parse_place(line, column.places.add(), place, path)
    if not column.places:
        raise DataError(f'no part in {name} has a line whose column is "{continuous.column}"', path)
    statistics = DataStatistics(columns=[column])
    _refuse(validate(Document(statistics, Origins(), [], frozenset()), name), name, path)
    return statistics


def _parse_place(line: dict[str, Any], into: PlaceStatistics, place: str, path: str) -> None:
    known = into.DESCRIPTOR.fields_by_name
    if unknown := sorted(line.keys() - known.keys()):
        raise DataError(f'{place}: a line has no member "{unknown[0]}"; it has column, {", ".join(known)}', path)
    try:
        json_format.ParseDict(line, into)
    except json_format.ParseError as error:
        raise DataError(f"{place}: {error}", path) from error


def _lines(folder: Path, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects in all parts of a folder, in the order of the parts' names, each with its place."""
    parts = sorted(folder.glob("*.json"))
    if not parts:
        what = "is a folder without a *.json file" if folder.is_dir() else "is no folder"
        raise DataError(f"{folder} {what}; with use_bq_stats, name the folder of the exported JSON parts", path)
    for part in parts:
        try:
            for number, text in enumerate(part.read_text(encoding="utf-8").splitlines(), 1):
                if text.strip():
                    yield f"{part}, line {number}", _object(text, f"{part}, line {number}", path)
        except OSError as error:
            raise DataError(f"cannot read {part}: {error.strerror or error}", path) from error
        except UnicodeDecodeError as error:
            raise DataError(f"{part} is not UTF-8: {error.reason}; export it uncompressed", path) from error


def _object(text: str, place: str, path: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: {error}; every line is one JSON object", path) from error
    if not isinstance(found, dict):
        raise DataError(f"{place}: not an object; every line is one JSON object", path)
    return found


def _refuse(diagnostics: Sequence[Diagnostic], name: str, path: str) -> None:
    """Raises the first mistake of statistics, with the number of the others.

    What cannot be read goes first: rules object to what is missing for that reason alone.
    """
    mistakes = [one for one in diagnostics if one.severity == "error"]
    mistakes.sort(key=lambda one: not one.code.startswith("parse."))
    if not mistakes:
        return
    first, others = mistakes[0], len(mistakes) - 1
    place = first.position
    where = f"{name}:{place.line}:{place.column}" if place else name
    at = f" {first.path}:" if first.path else ""
    more = f" (and {others} more)" if others else ""
    raise DataError(f"{where}:{at} {first.message}{more}; {_REMEDY}", path)


def _column(statistics: DataStatistics, continuous: Input, by: str, path: str) -> ColumnStatistics:
    """The statistics of a column, whose rows are as long as they were."""
    columns = {column.column: column for column in statistics.columns}
    if continuous.column not in columns:
        names = ", ".join(f'"{name}"' for name in columns)
        raise DataError(f'{by} has statistics of {names} and none of "{continuous.column}"; {_REMEDY}', path)
    column = columns[continuous.column]
    if column.length != continuous.stored_length:
        raise DataError(
            f'{by} is of rows of {column.length} values in "{column.column}", and the data have '
            f"{continuous.stored_length}: another schema; {_REMEDY}",
            path,
        )
    return column


def _chosen(column: ColumnStatistics, places: Sequence[int], by: str, path: str) -> list[PlaceStatistics]:
    there = {place.place: place for place in column.places}
    if missing := [place for place in places if place not in there]:
        raise DataError(
            f'{by} has no statistics of place {missing[0]} of "{column.column}", one of {len(places)} that the model '
            f"reads; {_REMEDY}",
            path,
        )
    if empty := [place for place in places if there[place].num_finite + there[place].num_not_finite == 0]:
        raise DataError(f'{by} has seen no row at place {empty[0]} of "{column.column}"; {_REMEDY}', path)
    return [there[place] for place in places]


def _log_moments(places: Sequence[PlaceStatistics]) -> LogMoments:
    finite, other, mean, squares, lowest, highest = (
        np.array([getattr(place, name) for place in places], np.float64)
        for name in ("num_finite", "num_not_finite", "log_mean", "log_squares", "min", "max")
    )
    # Joined with so many zeros by the formula of Chan et al. (1979).
    rows = finite + other
    variance = (squares + mean**2 * finite * other / rows) / rows
    # The model's logarithm is float32: rounding makes a deviation of what is the same number there.
    has_one_value = (_log32(lowest) == _log32(highest)) & ((other == 0) | (_log32(lowest) == 0) | (finite == 0))
    deviation = np.sqrt(variance)
    is_constant = has_one_value | (deviation < np.finfo(np.float32).tiny)
    return LogMoments(mean * finite / rows, np.where(is_constant, 0.0, deviation))


def _log32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return signed_log(values).astype(np.float32)
