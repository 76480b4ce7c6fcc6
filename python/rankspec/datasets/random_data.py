"""Random rows of the shape that the production ranker reads, with a signal in them that a model can learn.

Every row has a few hidden numbers. Features, ids and embeddings are noisy functions of them, and so are the chances
of the labels: what a model learns from any of the inputs helps it to predict the labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rankspec.datasets.feature_names import names_in_schema, names_metadata, schema_entry
from rankspec.datasets.ownership import claim
from rankspec.datasets.tfrecord import SUFFIX, tfrecord_writer
from rankspec.datasets.vectors import Vectors, list_column, list_type, vector_column, vector_type
from rankspec.encoding.lists import Lists

CONTINUOUS = "home_recap_2022_cont__segdense_vals"
BINARY = "home_recap_2022_binary__segdense_vals"
DISCRETE = "home_recap_2022_discrete__segdense_vals"
EMBEDDINGS = (
    "user.timelines.twhin_user_follow_embeddings.twhin_user_follow_embeddings",
    "user.timelines.twhin_user_engagement_embeddings.twhin_user_engagement_embeddings",
    "original_author.timelines.twhin_author_follow_embeddings.twhin_author_follow_embeddings",
)
LISTS = "user.topic_ids"
IDS = ("meta.author_id", "meta.user_id", "meta.tweet_id")
# The labels and about how often each is 1.
LABELS = {
    "recap.engagement.is_bookmarked": 0.05,
    "recap.engagement.is_favorited": 0.3,
    "recap.engagement.is_good_clicked_convo_desc_favorited_or_replied": 0.1,
    "recap.engagement.is_good_clicked_convo_desc_v2": 0.15,
    "recap.engagement.is_negative_feedback_v2": 0.08,
    "recap.engagement.is_profile_clicked_and_profile_engaged": 0.06,
    "recap.engagement.is_replied": 0.1,
    "recap.engagement.is_replied_reply_engaged_by_author": 0.05,
    "recap.engagement.is_report_tweet_clicked": 0.04,
    "recap.engagement.is_retweeted": 0.12,
    "recap.engagement.is_shared": 0.05,
    "recap.engagement.is_tweet_detail_dwelled_15_sec": 0.25,
    "recap.engagement.is_video_playback_50": 0.4,
}
SCHEMA_FILE = "schema.json"

_NUM_HIDDEN = 8
# Scale of the labels' logits: large enough that the best AUC is about 0.9.
_SIGNAL = 2.0
_ROW_GROUP_ROWS = 1000
_NUM_ENTITIES = 100_000


@dataclass(frozen=True)
class Widths:
    """Values in a row of each vector.

    Attributes:
        continuous: continuous features.
        binary: binary features.
        discrete: discrete features.
        embedding: each of the three embeddings.
        num_ids: the discrete features run from 0 to one less, and so do the ids of lists.
        list_length: mean length of a list of ids that rows have besides; 0 leaves the lists out.
    """

    continuous: int
    binary: int
    discrete: int
    embedding: int
    num_ids: int
    list_length: int = 0


PRODUCTION = Widths(continuous=6000, binary=512, discrete=320, embedding=200, num_ids=50)
SMALL = Widths(continuous=24, binary=7, discrete=5, embedding=8, num_ids=20)


def write(
    output: Path,
    *,
    num_rows: int,
    num_files: int = 1,
    seed: int = 0,
    widths: Widths = PRODUCTION,
    prefix: str = "part",
    vectors: Vectors = "bytes",
    form: Literal["parquet", "tfrecord"] = "parquet",
) -> list[Path]:
    """Writes Parquet or TFRecord files and their schema file, a row group at a time.

    Args:
        output: folder to write to; it is made if need be.
        num_rows: rows in all.
        num_files: files to spread them over; their sizes differ by at most one row.
        seed: same arguments, same rows. What features mean depends on the widths alone, so that data of
            one seed can be used to test what was learned from another's.
        widths: values in a row.
        prefix: files are called `<prefix>-00000.parquet` and so on, or `.tfrecord.gz`.
        vectors: how vectors are stored in Parquet.
        form: what is written; the rows are the same.

    Returns:
        The files of rows.

    Raises:
        ValueError: there are fewer rows than files, or no file; or lists are asked for in TFRecord.
        ForeignFilesError: the folder holds such files already, and they were not made here.
    """
    if num_files < 1 or num_rows < num_files:
        raise ValueError(f"{num_rows} rows cannot be spread over {num_files} files; give every file at least one")
    if form == "tfrecord" and widths.list_length:
        raise ValueError("lists of any length are read from Parquet alone; write that, or leave the lists out")
    suffix = ".parquet" if form == "parquet" else SUFFIX
    names = [f"{prefix}-{number:05d}{suffix}" for number in range(num_files)]
    claim(output, [*names, SCHEMA_FILE])
    schema_text = json.dumps(segdense_schema(widths), indent=2) + "\n"
    (output / SCHEMA_FILE).write_text(schema_text, encoding="utf-8")
    world = _World.of(widths)
    files = []
    for number, name in enumerate(names):
        file = output / name
        rows = num_rows * (number + 1) // num_files - num_rows * number // num_files
        if form == "parquet":
            _write_file(file, world, rows, (seed, number), vectors)
        else:
            _write_tfrecord(file, world, rows, (seed, number))
        files.append(file)
    return files


def segdense_schema(widths: Widths) -> dict[str, list[dict[str, Any]]]:
    """The content of the schema file: every column with its type and length, names of its features, numbers of ids."""
    ids = [widths.num_ids] * widths.discrete
    entries = [
        schema_entry(CONTINUOUS, "float_list", widths.continuous, _numbered("continuous", widths.continuous)),
        schema_entry(BINARY, "int64_list", widths.binary, _numbered("binary", widths.binary)),
        schema_entry(DISCRETE, "int64_list", widths.discrete, _numbered("discrete", widths.discrete), ids),
        *(schema_entry(name, "float_list", widths.embedding) for name in EMBEDDINGS),
        *([schema_entry(LISTS, "int64_list", -1, ["topic"], [widths.num_ids])] if widths.list_length else []),
        *(schema_entry(name, "int64_list", 1, sizes=[_NUM_ENTITIES]) for name in IDS),
        *(schema_entry(name, "int64_list", 1) for name in LABELS),
    ]
    return {"schema": entries}


def _numbered(name: str, number: int) -> list[str]:
    return [f"{name}_{place}" for place in range(number)]


@dataclass(frozen=True)
class _World:
    """How columns follow from the hidden numbers: one matrix `[hidden, width]` each."""

    widths: Widths
    loadings: dict[str, NDArray[np.float32]]

    @classmethod
    def of(cls, widths: Widths) -> _World:
        rng = np.random.default_rng([widths.continuous, widths.binary, widths.discrete, widths.embedding])
        sizes = {CONTINUOUS: widths.continuous, BINARY: widths.binary, DISCRETE: widths.discrete}
        sizes |= dict.fromkeys(EMBEDDINGS, widths.embedding) | {"labels": len(LABELS)}
        # Last, so that with and without lists all else is the same.
        sizes |= {LISTS: 1} if widths.list_length else {}
        loadings = {
            name: rng.standard_normal((_NUM_HIDDEN, size), dtype=np.float32) / np.sqrt(_NUM_HIDDEN)
            for name, size in sizes.items()
        }
        return cls(widths, {name: loading.astype(np.float32) for name, loading in loadings.items()})

    def rows(self, num_rows: int, rng: np.random.Generator, vectors: Vectors) -> pa.RecordBatch:
        """Draws rows."""
        hidden = rng.standard_normal((num_rows, _NUM_HIDDEN), dtype=np.float32)

        def noisy(name: str) -> NDArray[np.float32]:
            signal = hidden @ self.loadings[name]
            return signal + rng.standard_normal(signal.shape, dtype=np.float32)

        columns: dict[str, NDArray[np.float32] | NDArray[np.int64] | Lists] = {}
        # Heavy tails, as counts and ages have: what the model's logarithm is for.
        continuous = noisy(CONTINUOUS)
        columns[CONTINUOUS] = np.sign(continuous) * np.expm1(np.abs(continuous) * 2)
        columns[BINARY] = (noisy(BINARY) > 1).astype(np.int64)
        ids = np.floor((np.tanh(noisy(DISCRETE)) + 1) / 2 * self.widths.num_ids)
        columns[DISCRETE] = np.clip(ids, 0, self.widths.num_ids - 1).astype(np.int64)
        columns |= {name: noisy(name) for name in EMBEDDINGS}
        columns |= {name: rng.integers(0, _NUM_ENTITIES, num_rows) for name in IDS}
        rates = np.array(list(LABELS.values()))
        logits = hidden @ self.loadings["labels"] * _SIGNAL + np.log(rates / (1 - rates))
        labels = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int64)
        columns |= {name: labels[:, number] for number, name in enumerate(LABELS)}
        if self.widths.list_length:
            columns[LISTS] = self._lists(hidden, rng)
        schema = arrow_schema(self.widths, vectors)
        return pa.record_batch([_arrow(columns[name], vectors) for name in schema.names], schema=schema)

    def _lists(self, hidden: NDArray[np.float32], rng: np.random.Generator) -> Lists:
        """Ids that lie around what the hidden numbers say, as many as it comes: a list may be empty."""
        lengths = rng.poisson(self.widths.list_length, len(hidden))
        around = np.repeat((hidden @ self.loadings[LISTS])[:, 0], lengths)
        places = (np.tanh(around + rng.standard_normal(around.shape, dtype=np.float32)) + 1) / 2 * self.widths.num_ids
        return Lists.of(np.clip(places.astype(np.int64), 0, self.widths.num_ids - 1), lengths)


def arrow_schema(widths: Widths, vectors: Vectors) -> pa.Schema:
    """The recommended columns: vectors of fixed length and scalars, without nulls, which are read fastest."""
    types = {"float_list": pa.float32(), "int64_list": pa.int64()}
    fields = []
    for entry in segdense_schema(widths)["schema"]:
        values, length = types[str(entry["dtype"])], int(entry["length"])
        stored = values if length == 1 else list_type() if length == -1 else vector_type(values, length, vectors)
        fields.append(pa.field(str(entry["feature_name"]), stored, nullable=False))
    return pa.schema(fields)


def _arrow(values: NDArray[np.float32] | NDArray[np.int64] | Lists, vectors: Vectors) -> pa.Array:
    if isinstance(values, Lists):
        return list_column(values)
    return pa.array(values) if values.ndim == 1 else vector_column(values, vectors)


def _write_file(file: Path, world: _World, num_rows: int, key: tuple[int, ...], vectors: Vectors) -> None:
    schema = arrow_schema(world.widths, vectors)
    # Few different whole numbers are stored as short references; random mantissas and whole vectors do not get any
    # smaller.
    in_lists = [f"{name}.list.element" for name in (BINARY, DISCRETE)] if vectors == "lists" else []
    with pq.ParquetWriter(
        file, schema, compression="none", use_dictionary=[*in_lists, *LABELS], write_statistics=False
    ) as writer:
        for number, rows in enumerate(_row_group_sizes(num_rows)):
            batch = world.rows(rows, np.random.default_rng([*key, number]), vectors)
            writer.write_batch(batch, row_group_size=rows)
        writer.add_key_value_metadata(names_metadata(names_in_schema(segdense_schema(world.widths)["schema"])))


def _write_tfrecord(file: Path, world: _World, num_rows: int, key: tuple[int, ...]) -> None:
    with tfrecord_writer(file) as write_columns:
        for number, rows in enumerate(_row_group_sizes(num_rows)):
            batch = world.rows(rows, np.random.default_rng([*key, number]), "lists")
            columns = zip(batch.schema.names, batch.columns, strict=True)
            write_columns({name: _matrix(column) for name, column in columns})


def _matrix(column: pa.Array) -> NDArray[np.float32] | NDArray[np.int64]:
    """The values of a column, `[rows, length]`."""
    values = column.flatten() if pa.types.is_fixed_size_list(column.type) else column
    return values.to_numpy().reshape(len(column), -1)


def _row_group_sizes(num_rows: int) -> Iterator[int]:
    for start in range(0, num_rows, _ROW_GROUP_ROWS):
        yield min(_ROW_GROUP_ROWS, num_rows - start)
