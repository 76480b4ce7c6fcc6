"""`rankspec predict`: what a checkpoint says of rows, as a Parquet file.

Global batches are dealt out whole, so that every row is computed in the same company, and to the same bits, whatever
the number of processes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from rankspec.trainer.checkpoints import MANIFEST_FILE, Checkpoint, sha256
from rankspec.trainer.chosen_checkpoint import Which, choose_together
from rankspec.trainer.data.identity import identity_digest
from rankspec.trainer.errors import TrainError
from rankspec.trainer.evaluation import applying
from rankspec.trainer.memory import allocating
from rankspec.trainer.prediction.carried import Carried, carried_columns
from rankspec.trainer.prediction.parts import Parts, writing_predictions
from rankspec.trainer.prediction.ranked_lists import RANK, RankedLists, Ranking
from rankspec.trainer.program import OpenedRows, RowSource, Storing
from rankspec.trainer.setup import Job, Setup, set_up
from rankspec.trainer.trained_model import load_weights

# Rows of a part at most, which is a row group of the file.
_PART_ROWS = 2**17


@dataclass(frozen=True)
class Predictions:
    """What was predicted.

    Attributes:
        output: the file.
        num_rows: rows in it.
        step: steps that the checkpoint had been trained for.
    """

    output: Path
    num_rows: int
    step: int


def predict(
    job: Job,
    output: Path,
    *,
    source: RowSource | None = None,
    checkpoint: Which | None = None,
    carry: Sequence[str] | None = None,
    ranking: Ranking | None = None,
    is_kept: bool = True,
) -> Predictions:
    """Predicts rows by a checkpoint of the run, and writes the predictions as a Parquet file.

    What was interrupted goes on with the same call.

    Args:
        job: what to obey.
        output: the file to write; there must be none.
        source: the rows; None takes those of the only validation set.
        checkpoint: as `choose_checkpoint` takes it.
        carry: the columns of the rows to carry, as `carried_columns` takes them.
        ranking: writes the best rows of each group in place of all rows, in the order of their scores.
        is_kept: whether the file is the user's, who is told where it and its parts are.

    Raises:
        ConfigError: the config describes another model than the checkpoint's.
        TrainError: the file is there, there is no such checkpoint, or what is asked for is not there to rank by.
        DataError: the rows are not what the config says.
    """
    with set_up(job) as setup, ExitStack() as stack:
        setup.processes.of_first(lambda: _refuse_existing(output))
        chosen = choose_together(setup, checkpoint, stack)
        parts = Parts(output)
        setup.processes.of_first(lambda: stack.enter_context(parts.claimed()))
        if is_kept:
            stack.enter_context(_telling_of_parts(parts, setup))
        prediction = Prediction(setup, parts, source or RowSource(), chosen, carry=carry, ranking=ranking)
        made = prediction.run()
        place = f" in {output}" if is_kept else ""
        setup.console.say(f"{made.num_rows} rows{place}: {', '.join(setup.program.prediction_columns)}")
        return made


@contextmanager
def _telling_of_parts(parts: Parts, setup: Setup) -> Iterator[None]:
    """Says which parts stay to go on from, where the context ends with an error."""
    try:
        yield
    except BaseException:
        if parts.num_written:
            setup.console.say(
                f"{parts.num_written} parts stay in {parts.folder}: the same command goes on from them, unless you "
                "remove the folder"
            )
        raise


class Prediction:
    """One process's part of a prediction."""

    def __init__(
        self,
        setup: Setup,
        parts: Parts,
        source: RowSource,
        checkpoint: Checkpoint,
        *,
        carry: Sequence[str] | None,
        ranking: Ranking | None,
    ) -> None:
        """Opens the rows."""
        self._setup = setup
        self._processes = setup.processes
        self._program = setup.program
        self._parts = parts
        self._output = parts.output
        self._checkpoint = checkpoint
        self._ranking = ranking
        self._score = _ranked_column(setup, ranking)
        columns = (*(carry or ()), *((ranking.by,) if ranking else ()))
        storing = Storing(parts.output, parts.rows_folder, columns, checkpoint.state, setup.console.say)
        stored = self._processes.of_first(lambda: self._program.store_rows(source, storing))
        opened = setup.open_rows(stored, parts.output)
        self._dataset = opened.dataset
        self._batches_per_part = max(1, _PART_ROWS // self._dataset.rows_per_batch)
        self._num_parts = -(-self._dataset.num_batches_per_epoch // self._batches_per_part)
        self._carried = self._opened_carried(carry, opened)

    def _opened_carried(self, carry: Sequence[str] | None, opened: OpenedRows) -> Carried:
        names, by = carry, self._ranking.by if self._ranking else None
        taken = [*self._program.prediction_columns, *([RANK] if by is not None else [])]
        columns, notes = carried_columns(opened, names, taken=taken)
        for note in notes:
            self._setup.console.say(note)
        if by is not None and by not in [column.name for column in columns]:
            columns += carried_columns(opened, [by], taken=taken)[0]
        return Carried(self._dataset, columns)

    def run(self) -> Predictions:
        """Predicts all rows."""
        step = self._checkpoint.step
        if names := load_weights(self._checkpoint, self._setup):
            self._setup.console.say(f"checkpoint {step} predicts no numbers: its {names[0]} is not finite")
        there = self._processes.of_first(self._begin)
        if there:
            self._setup.console.say(f"going on: {there} of {self._num_parts} parts are predicted already")
        for number in range(self._processes.rank, self._num_parts, self._processes.world_size):
            if not self._parts.has(number):
                self._parts.write(number, self._part(number))
                self._setup.console.note(f"part {number + 1} of {self._num_parts}")
        self._processes.barrier()
        num_rows = self._processes.of_first(self._finish)
        return Predictions(self._output, num_rows, step)

    def _begin(self) -> int:
        """Leaves parts of nothing else, on the first process; returns how many there are already."""
        # What was made of other raw rows may end like this; it is read once more, as making it took much longer.
        made = sorted(self._parts.rows_folder.glob("*.parquet"))
        return self._parts.keep_only(
            {
                "checkpoint": sha256(self._checkpoint.folder / MANIFEST_FILE),
                "fingerprint": self._setup.job.fingerprint,
                "data": identity_digest(self._dataset.identity),
                "rows": [sha256(file) for file in made],
                "rows_per_part": self._batches_per_part * self._dataset.rows_per_batch,
                "columns": [f"{field.name}: {field.type}" for field in self._schema],
                "device": self._setup.runtime.device.type,
                "rankspec": version("rankspec"),
            }
        )

    @property
    def _schema(self) -> pa.Schema:
        predicted = [pa.field(name, pa.float32()) for name in self._program.prediction_columns]
        return pa.schema([*self._carried.schema, *predicted])

    def _part(self, number: int) -> pa.Table:
        """The rows of a part, computed."""
        first = number * self._batches_per_part
        with (
            torch.inference_mode(),
            allocating(self._dataset.place),
            applying(self._program, self._setup.runtime, self._program.predict) as predicted,
            self._dataset.batches(first, self._batches_per_part) as batches,
        ):
            columns = [
                {name: values.float().cpu().numpy() for name, values in predicted(batch).items()} for batch in batches
            ]
        start = first * self._dataset.rows_per_batch
        names = self._program.prediction_columns
        arrays = [np.concatenate([one[name] for one in columns]) for name in names]
        rows = self._carried.read(start, start + len(arrays[0]))
        return pa.table([*rows.columns, *(pa.array(values) for values in arrays)], schema=self._schema)

    def _finish(self) -> int:
        """Makes one file of the parts, on the first process; returns its rows."""
        beside = self._parts.folder / "whole.parquet"
        num_rows = self._write_lists(beside) if self._ranking else self._write_all(beside)
        _refuse_existing(self._output)
        with writing_predictions(self._output):
            beside.replace(self._output)
        self._parts.remove()
        return num_rows

    def _write_all(self, path: Path) -> int:
        schema = self._schema.with_metadata(self._metadata())
        num_rows, odd = 0, dict.fromkeys(self._program.prediction_columns, 0)
        with writing_predictions(path), pq.ParquetWriter(path, schema, write_page_checksum=True) as file:
            for number in range(self._num_parts):
                rows = self._parts.read(number)
                file.write_table(rows.replace_schema_metadata(schema.metadata), row_group_size=_PART_ROWS)
                num_rows += rows.num_rows
                for name in odd:
                    odd[name] += int((~np.isfinite(rows.column(name).to_numpy())).sum())
        for name, count in odd.items():
            if count:
                self._setup.console.say(f"{name} is no finite number in {count} of {num_rows} rows")
        return num_rows

    def _write_lists(self, path: Path) -> int:
        assert self._ranking is not None, "lists are asked for"
        lists = RankedLists(self._ranking.top, self._ranking.by, self._score)
        for number in range(self._num_parts):
            lists.add(self._parts.read(number))
        ranked = lists.lists()
        with writing_predictions(path):
            pq.write_table(
                ranked.replace_schema_metadata(self._metadata()),
                path,
                row_group_size=_PART_ROWS,
                write_page_checksum=True,
            )
        return int(ranked.num_rows)

    def _metadata(self) -> dict[str, str]:
        """What the file says of its making; nothing of where anything lies."""
        checkpoint, job = self._checkpoint, self._setup.job
        state = checkpoint.state
        facts = {
            "version": version("rankspec"),
            "checkpoint_step": str(checkpoint.step),
            "checkpoint_sha256": sha256(checkpoint.folder / MANIFEST_FILE),
            "checkpoint_fingerprint": str(state.get("fingerprint", "")),
            "checkpoint_semantic_fingerprint": str(state.get("semantic_fingerprint", "")),
            "fingerprint": job.fingerprint,
            "semantic_fingerprint": job.semantic_fingerprint,
            "feature_signature": self._setup.signature,
            "config_files": json.dumps(list(job.files)),
            "predictions": json.dumps(list(self._program.prediction_columns)),
        }
        if self._ranking is not None:
            facts["ranking"] = json.dumps(asdict(self._ranking) | {"score": self._score})
        return {f"rankspec.{name}": value for name, value in facts.items()}


def _refuse_existing(output: Path) -> None:
    if os.path.lexists(output):
        raise TrainError(f"{output} is there already; move it away, or name another file")


def _ranked_column(setup: Setup, ranking: Ranking | None) -> str:
    """The column that lists are ranked by; empty if none are asked for."""
    if ranking is None:
        return ""
    program = setup.program
    # Of one column there is no choice.
    sole = program.prediction_columns[0] if len(program.prediction_columns) == 1 else None
    chosen = ranking.score or program.combined_score or sole
    names = ", ".join(program.prediction_columns)
    if chosen is None:
        raise TrainError(
            f"there is no score to rank by; give tasks weights, or rank by one of {names}", "score_weights"
        )
    if chosen not in program.prediction_columns:
        raise TrainError(f'"{chosen}" is no column of the predictions, which rank by one of {names}')
    return chosen
