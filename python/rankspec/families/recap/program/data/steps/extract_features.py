"""Copies single values of an input under names of their own, to travel with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of
from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1 import preprocess_pb2
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.preprocess_pb2 import ExtractFeaturesRow, Preprocess
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data_error import DataError


@dataclass(frozen=True)
class Extraction:
    """One value of an input, by its place, that becomes an input of its own."""

    name: str
    source: str
    index: int


@dataclass(frozen=True)
class ExtractFeatures(Step):
    """Makes inputs of single values."""

    extractions: Sequence[Extraction]

    def apply(self, chunk: Chunk) -> None:
        """Adds the new inputs."""
        for one in self.extractions:
            chunk.inputs[one.name] = chunk.inputs[one.source][:, one.index : one.index + 1]


@obeys(RecapDataConfig, "preprocess")
@obeys(Preprocess, "extract_features")
@obeys(preprocess_pb2.ExtractFeatures, "extract_feature_table")
@obeys(ExtractFeaturesRow, "name", "source_tensor")
def build_extract_features(data: RecapDataConfig, context: StepContext) -> ExtractFeatures | None:
    """The step.

    Raises:
        DataError: a new name is taken, or there is no such value.
    """
    formats: dict[str, Format] = {}
    extractions = []
    for number, row in enumerate(data.preprocess.extract_features.extract_feature_table):
        here = at(join(context.place("extract_features"), "extract_feature_table"), number)
        if row.name in formats:
            raise _taken(row.name, here)
        extractions.append(_extraction(context, row, here))
        formats[row.name] = Format(1, context.formats[row.source_tensor].dtype)
    return ExtractFeatures(extractions, formats=formats) if extractions else None


@obeys(ExtractFeaturesRow, "name", "source_tensor")
def _extraction(context: StepContext, row: ExtractFeaturesRow, path: str) -> Extraction:
    if row.name in context.formats or row.name in MODEL_INPUTS:
        raise _taken(row.name, path)
    source = next((item for item in context.inputs if item.name == row.source_tensor), None)
    if source is None:
        raise DataError(f'there is no input "{row.source_tensor}"', join(path, "source_tensor"))
    context.refuse_list(row.source_tensor, "which have no places", join(path, "source_tensor"))
    return Extraction(row.name, row.source_tensor, column_of(row, source, path))


def _taken(name: str, path: str) -> DataError:
    return DataError(f'"{name}" is the name of an input already', join(path, "name"))
