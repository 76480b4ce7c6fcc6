"""Fits a recipe: counts over the rows of one part, in any pieces and any order, and the fitted recipe that follows."""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.data.v1 import recipe_pb2 as pb
from rankspec.encoding.counts import most_frequent
from rankspec.encoding.dividing import Divider
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.histogram import Histogram
from rankspec.encoding.rows import RowReader, Rows
from rankspec.encoding.trackers import DistinctTracker, NumberTracker, TextTracker, TimeTracker, Tracker
from rankspec.encoding.vocabulary import MOST_INLINE, packed
from rankspec.schema.defaults import resolve

# Distinct texts of a column that are held before they go to a file: with their table, about 200 MB at 20 bytes each.
_MOST_IN_MEMORY = 1_000_000
# Above it, a bucket's sum of squares may take more than 64 bits.
_MOST_ROWS = 2**31
# Equal parts that the values of a number are divided into, for reports of drift.
_QUANTILES = 16

T = TypeVar("T", bound=Tracker)


@dataclass(frozen=True)
class Fitted:
    """A fitted recipe.

    Attributes:
        recipe: with every default filled in.
        vocabularies: the bytes of the files that it names, by name.
        left_out: optional features that it no longer has, as their columns have too many values, or none.
    """

    recipe: pb.Recipe
    vocabularies: dict[str, bytes]
    left_out: list[str]


def completed(recipe: pb.Recipe) -> pb.Recipe:
    """The recipe with every default filled in, as reading and fitting take it."""
    copy = deepcopy(recipe)
    copy.text.SetInParent()
    copy.output.SetInParent()
    return resolve(copy)


def divided_by_time(recipe: pb.Recipe, counted: TimeTracker) -> pb.Recipe:
    """The recipe with the starts of its parts, at which those before have at least their share of the rows.

    Args:
        recipe: one that splits by time.
        counted: all rows that have a time, by `round_to_micros`.

    Raises:
        EncodingError: there are too few times for so many parts.
    """
    split = recipe.split
    units = sorted(counted.rows)
    cumulated = np.cumsum([counted.rows[unit] for unit in units])
    shares = np.cumsum([part.per_mille for part in split.parts])[:-1]
    starts = []
    for share in shares.tolist():
        # The first unit before which the share is reached.
        place = int(np.searchsorted(cumulated * 1000, share * int(cumulated[-1]) if units else 0)) + (share > 0)
        starts.append(units[place] * split.time.round_to_micros if place < len(units) else None)
    if None in starts or any(a is not None and b is not None and a >= b for a, b in pairwise(starts)):
        raise EncodingError(
            "recipe.fitting",
            f"{len(split.parts)} parts do not come apart at whole multiples of {split.time.round_to_micros} "
            "microseconds; lower round_to_micros, or give start_micros",
            split.time.column,
        )
    divided = deepcopy(recipe)
    divided.split.time.start_micros[:] = [start for start in starts if start is not None]
    return divided


class Fit:
    """Counts what fitting a recipe needs.

    `close` removes the files that large vocabularies are held in.

    Attributes:
        reader: reads the rows that `add` takes.
        divider: divides them.
    """

    def __init__(self, recipe: pb.Recipe, folder: Path | None = None, most_in_memory: int = _MOST_IN_MEMORY) -> None:
        """Counts nothing yet.

        Args:
            recipe: an unfitted one, valid; a split by time needs its starts.
            folder: where files of large vocabularies go; the system's place for such if None.
            most_in_memory: distinct texts of a column that are held in memory.

        Raises:
            EncodingError: the recipe's semantics are none that are known.
        """
        self.recipe = completed(recipe)
        self.reader = RowReader(self.recipe)
        self.divider = Divider(self.recipe)
        self._folder = Path(tempfile.mkdtemp(prefix="rankspec-fit-", dir=folder))
        self._most_in_memory = most_in_memory
        self._num_rows = 0
        self._num_fit_rows = 0
        self._trackers: dict[str, Tracker] = {}
        self._of_feature = {feature.name: self._tracker_of(feature) for feature in self.recipe.features}

    def close(self) -> None:
        """Removes the files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, rows: Rows) -> NDArray[np.int64]:
        """Counts the rows of the part that is fitted to, and how many there are of others.

        Returns:
            The part of each row, as `Divider.parts` gives it.

        Raises:
            EncodingError: a column is absent or of another type, or a value cannot be read.
        """
        parts = self.divider.parts(rows)
        is_fit = parts == self.divider.fit_part
        fit_rows = rows if is_fit.all() else rows.where(is_fit)
        self._grow(len(rows), len(fit_rows))
        for tracker in self._trackers.values():
            tracker.add(fit_rows)
        return parts

    def state(self) -> bytes:
        """What was counted, for `merge` of another one of the same recipe, in another process perhaps."""
        head = {"rows": self._num_rows, "fit_rows": self._num_fit_rows, "trackers": {}}
        body = BytesIO()
        for name, tracker in self._trackers.items():
            start = body.tell()
            with pa.ipc.new_stream(body, tracker.schema) as writer:
                for table in tracker.tables():
                    writer.write_table(table)
            head["trackers"][name] = [tracker.totals.tolist(), body.tell() - start]  # type: ignore[index]
        packed = json.dumps(head).encode()
        return struct.pack("<Q", len(packed)) + packed + body.getvalue()

    def merge(self, states: Iterable[bytes]) -> None:
        """Adds what others have counted, in any order.

        Raises:
            EncodingError: a state is of another recipe.
        """
        for state in states:
            (length,) = struct.unpack_from("<Q", state)
            head = json.loads(state[8 : 8 + length])
            if head["trackers"].keys() != self._trackers.keys():
                raise EncodingError("recipe.fitting", "the state is of another recipe")
            self._grow(head["rows"], head["fit_rows"])
            start = 8 + length
            for name, (totals, size) in head["trackers"].items():
                self._trackers[name].totals += totals
                # Read as from a file, into buffers that are aligned.
                with pa.ipc.open_stream(BytesIO(state[start : start + size])) as tables:
                    self._trackers[name].add_table(tables.read_all())
                start += size

    def finish(self, generator: str = "") -> Fitted:
        """The fitted recipe; the same bytes for the same rows, whatever their order and pieces.

        Args:
            generator: what is fitting, with its version.

        Raises:
            EncodingError: a number that is to be an id by its distinct values has too many of them, or none.
        """
        recipe = deepcopy(self.recipe)
        recipe.fitted.SetInParent()
        if generator:
            recipe.fitted.generator = generator
        recipe.fitted.num_rows, recipe.fitted.num_fit_rows = self._num_rows, self._num_fit_rows
        fitted = Fitted(recipe, {}, [])
        del recipe.features[:]
        for place, feature in enumerate(self.recipe.features):
            self._finish(feature, place, fitted)
        return fitted

    def _grow(self, num_rows: int, num_fit_rows: int) -> None:
        self._num_rows += num_rows
        self._num_fit_rows += num_fit_rows
        if self._num_fit_rows > _MOST_ROWS:
            raise EncodingError("recipe.fitting", f"more than {_MOST_ROWS} rows cannot be fitted to; fit to a sample")

    def _tracker_of(self, feature: pb.Feature) -> Tracker | None:
        """What counts for a feature; features of the same column share it."""
        kind = feature.WhichOneof("kind")
        if kind in {None, "hashed", "flag"}:
            return None
        spec = getattr(feature, str(kind))
        if kind == "category":
            name = f"text {spec.column}"
        elif kind == "binned" and spec.HasField("distinct"):
            name = f"distinct {spec.distinct.max_values} {spec.column}"
        else:
            name = f"number {spec.column}"
        if name not in self._trackers:
            self._trackers[name] = self._new_tracker(name.split(maxsplit=1)[0], spec)
        return self._trackers[name]

    def _new_tracker(self, what: str, spec: pb.NumberFeature | pb.BinnedFeature | pb.CategoryFeature) -> Tracker:
        if isinstance(spec, pb.CategoryFeature):
            return TextTracker(
                spec.column,
                lists=spec.HasField("list"),
                folder=self._folder,
                name=str(len(self._trackers)),
                most_in_memory=self._most_in_memory,
            )
        if isinstance(spec, pb.BinnedFeature) and what == "distinct":
            return DistinctTracker(spec.column, spec.distinct.max_values)
        return NumberTracker(spec.column)

    def _finish(self, feature: pb.Feature, place: int, fitted: Fitted) -> None:
        """Adds a feature to the fitted recipe, or to what is left out of it."""
        new = deepcopy(feature)
        tracker = self._of_feature[feature.name]
        kind = feature.WhichOneof("kind")
        if kind == "number":
            _fit_number(new.number, _of(NumberTracker, tracker))
        elif kind == "binned" and not _fit_binned(new, tracker):
            fitted.left_out.append(feature.name)
            return
        elif kind == "category":
            _fit_category(new.category, _of(TextTracker, tracker), f"_vocabulary-{place:04d}", fitted.vocabularies)
        fitted.recipe.features.append(new)


def _of(kind: type[T], tracker: Tracker | None) -> T:
    assert isinstance(tracker, kind)
    return tracker


def _fit_number(feature: pb.NumberFeature, tracker: NumberTracker) -> None:
    histogram = Histogram(tracker.histogram)
    fitted = feature.fitted
    fitted.SetInParent()
    fitted.num_values, fitted.num_missing, fitted.num_not_finite = map(int, tracker.totals)
    bounds = -np.inf, np.inf
    if feature.HasField("clip") and histogram.count:
        bounds = histogram.bounds(feature.clip.low_quantile, feature.clip.high_quantile)
        fitted.low, fitted.high = bounds
    fitted.mean, fitted.inverse_deviation = histogram.moments(*bounds)
    fitted.fill = _fill(feature, histogram)
    fitted.quantiles.extend(histogram.quantiles(_QUANTILES))


def _fill(feature: pb.NumberFeature, histogram: Histogram) -> float:
    fill = feature.WhichOneof("fill")
    if fill == "fill_constant":
        return feature.fill_constant
    if fill == "fill_figure" and feature.fill_figure == pb.FILL_FIGURE_MEDIAN and histogram.count:
        return histogram.value_at((histogram.count - 1) // 2)
    return feature.fitted.mean


def _fit_binned(feature: pb.Feature, tracker: Tracker | None) -> bool:
    """Fits a number as an id; False if it is to be left out."""
    spec = feature.binned
    if isinstance(tracker, NumberTracker):
        edges = Histogram(tracker.histogram).edges(spec.quantiles.num_bins)
        num_missing = int(tracker.totals[1] + tracker.totals[2])
    else:
        distinct = _of(DistinctTracker, tracker)
        num_missing = int(distinct.totals[1])
        if not 0 < len(distinct.values) <= distinct.most:
            if spec.distinct.optional:
                return False
            raise EncodingError(
                "recipe.fitting",
                f"{feature.name} has {f'more than {distinct.most}' if len(distinct.values) else 'no'} distinct values; "
                "let quantiles divide them, make it optional, or leave it out",
                spec.column,
            )
        edges = [midway(low, high) for low, high in pairwise(distinct.values.tolist())]
    assert tracker is not None
    spec.fitted.SetInParent()
    spec.fitted.edges.extend(edges)
    spec.fitted.num_values, spec.fitted.num_missing = int(tracker.totals[0]), num_missing
    return True


def midway(low: float, high: float) -> float:
    """A number between two, not below the lower and below the higher."""
    middle = low / 2 + high / 2
    return middle if low <= middle < high else low


def _fit_category(feature: pb.CategoryFeature, tracker: TextTracker, file: str, files: dict[str, bytes]) -> None:
    values, num_rare = most_frequent(tracker.counts.tables(), feature.min_count, feature.max_values)
    fitted = feature.fitted
    fitted.SetInParent()
    fitted.num_values, fitted.num_missing, fitted.num_rare = len(values), int(tracker.totals[0]), num_rare
    if len(values) <= MOST_INLINE:
        fitted.values.extend(values)
        return
    files[file] = packed(values)
    fitted.file, fitted.sha256 = file, sha256(files[file]).hexdigest()
