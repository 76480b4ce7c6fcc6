"""The files of what ids stand for, which a schema file names and a bundle carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rankspec.families.recap.schema_file import read_schema
from rankspec.recap.v1.data_pb2 import SegDenseSchema
from rankspec.schema.field_paths import join
from rankspec.serving.v1.bundle_pb2 import FeatureSignature
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import Input

_AT = join("train_data", "seg_dense_schema.schema_path")


def add_vocabularies(
    signature: FeatureSignature, schema: SegDenseSchema, inputs: Sequence[Input], recipe: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Names the vocabulary of each table that ids are looked up in, where the schema file does.

    Args:
        signature: what the bundle takes; its tables get their `vocabulary_file`.
        schema: of the training data.
        inputs: of the model.
        recipe: files of the recipe, by their names in the bundle; a vocabulary among them is not there twice.

    Returns:
        The other vocabularies, by their names in the bundle.

    Raises:
        DataError: a file that the schema file names cannot be read.
    """
    folder = Path(expanded(schema.schema_path, _AT)).parent
    columns = read_schema(schema, "train_data")
    column_of = {item.name: columns[item.column] for item in inputs}
    names: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for table in signature.id_tables:
        vocabularies = column_of[table.input].vocabularies
        if vocabularies is None or (file := vocabularies[table.position]) is None:
            continue
        if file not in names:
            # The recipe and its files lie beside the schema file, under the names that they have in the bundle.
            names[file] = file if file in recipe else f"vocabulary_{len(names)}"
            if file not in recipe:
                files[names[file]] = _read(folder / file)
        table.vocabulary_file = names[file]
    return files


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(
            f"the vocabulary {file} that the schema file names cannot be read: {error.strerror or error}; put it "
            "there, or null in its place",
            _AT,
        ) from error
