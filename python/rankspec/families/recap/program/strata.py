"""Slices of the rows that metrics are reported for apart from the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of, pointed_at
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.tasks import TERMS
from rankspec.metrics.metric_name import parsed_name
from rankspec.recap.v1.embedding_pb2 import StratifierConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.trainer.inputs import Input
from rankspec.trainer.program import Columns, Reader

# The input that strata go by.
_INPUT = "discrete"


@dataclass(frozen=True, slots=True)
class Stratum:
    """The rows with one value in one column of the discrete features.

    Attributes:
        name: what its metrics are reported under.
        index: the column, from 0.
        value: what its rows have there.
    """

    name: str
    index: int
    value: int

    @property
    def column(self) -> str:
        """The column of the scored rows that says which are in the stratum, by a 1."""
        return f"stratum/{self.name}"

    @property
    def sum_names(self) -> tuple[str, ...]:
        """What is summed up over its rows in training; another value or column is another stratum."""
        return tuple(f"{name} of {self.index}={self.value}" for name in (*TERMS, "loss", "rows"))

    def contains(self, batch: RecapBatch) -> Tensor:
        """Which rows of a batch are in it, bool `[B]`."""
        assert batch.discrete is not None, "`with_strata_input` has the ids read"
        return batch.discrete[:, self.index] == self.value


class StratumRows:
    """Reads the rows of a stratum, as a `Reader`.

    Attributes:
        num_rows: rows read so far.
    """

    def __init__(self, read: Reader, stratum: Stratum) -> None:
        """Reads nothing yet; `read` gives the rows of the whole."""
        self._read = read
        self._stratum = stratum
        self.num_rows = 0

    def __call__(self, columns: Sequence[str]) -> Iterator[Columns]:
        """Gives columns by their names, `[N]` each, some rows at a time."""
        for chunk in self._read([*columns, self._stratum.column]):
            is_in = chunk[self._stratum.column] == 1
            self.num_rows += int(is_in.sum())
            yield {name: chunk[name][is_in] for name in columns}


@obeys(ModelConfig, "stratifiers")
@obeys(StratifierConfig, "name", "value")
def build_strata(config: ModelConfig, inputs: Sequence[Input]) -> tuple[Stratum, ...]:
    """The strata that a model's metrics are reported by.

    Args:
        config: the model.
        inputs: the data's inputs with their widths; the spec's rules make ids one of them where there are strata.

    Raises:
        DataError: if a stratum goes by a feature that there is not.
    """
    discrete = {item.name: item for item in inputs}.get(_INPUT)
    strata = []
    for place, one in enumerate(config.stratifiers):
        assert discrete is not None, "the spec's rules make ids one of the inputs"
        strata.append(Stratum(one.name, column_of(one, discrete, f"model.stratifiers[{place}]"), one.value))
    return tuple(strata)


@obeys(ModelConfig, "stratifiers")
@obeys(StratifierConfig, "name", "value")
def rows_of_stratum(config: ModelConfig, metric: str) -> str:
    """The rows that a metric is of, by column and value; empty for one of all rows.

    Args:
        config: the model.
        metric: the metric, as it is reported.
    """
    group = parsed_name(metric).group
    return next(
        (f"discrete {pointed_at(one, '').feature} is {one.value}" for one in config.stratifiers if one.name == group),
        "",
    )


def with_strata_input(read: Sequence[Input], inputs: Sequence[Input], strata: Sequence[Stratum]) -> tuple[Input, ...]:
    """The inputs to read of a data set: those that the model reads, and what strata go by.

    Args:
        read: those that the model reads.
        inputs: all that the data have, in their order.
        strata: of the model.
    """
    return tuple(item for item in inputs if item in read or (strata and item.name == _INPUT))
