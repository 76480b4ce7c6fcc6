"""The recipe that a bundle carries, where `rankspec data import` made the data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rankspec.encoding import folder as recipe_folder
from rankspec.encoding.errors import EncodingError
from rankspec.recap.v1.data_pb2 import SegDenseSchema
from rankspec.schema.field_paths import join
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import RECIPE_FILE
from rankspec.scoring.raw_rows import RawRows
from rankspec.scoring.reading import BundleFiles
from rankspec.serving.v1.bundle_pb2 import BundleManifest, FeatureSignature
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded

_AT = join("train_data", "seg_dense_schema.schema_path")


def recipe_files(schema: SegDenseSchema, signature: FeatureSignature) -> Mapping[str, bytes]:
    """The recipe beside a schema file, and its vocabularies, by their names in a bundle; none if there is no recipe.

    Args:
        schema: of the training data.
        signature: what the bundle takes.

    Raises:
        DataError: the recipe cannot be used, or makes something else than the bundle takes.
    """
    folder = Path(expanded(schema.schema_path, _AT)).parent
    if not (folder / recipe_folder.RECIPE).is_file():
        return {}
    try:
        fitted = recipe_folder.read(folder)
        recipe = fitted.recipe.SerializeToString(deterministic=True)
        files = {name: bytes(data) for name, data in fitted.vocabularies.items()} | {RECIPE_FILE: recipe}
        manifest = BundleManifest(recipe_file=RECIPE_FILE, signature=signature)
        RawRows(BundleFiles(manifest, "", {name: memoryview(data) for name, data in files.items()}))
    except (EncodingError, ScoringError) as error:
        raise DataError(
            f"the recipe {folder / recipe_folder.RECIPE} does not make what the model takes: {error}; move it away to "
            "export a bundle that takes no raw rows",
            _AT,
        ) from error
    return files
