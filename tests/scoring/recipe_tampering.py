"""Bundles of imported tables whose recipe is wrong, and the code that raw rows are refused with."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from rankspec.data.v1 import recipe_pb2
from rankspec.data.v1.recipe_pb2 import Feature, RawColumn, Recipe
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tests.scoring.tampering import Tampering, edited, relisted

_RECIPE = "recipe.binpb"
_Spoil = Callable[[Path], object]


def vocabulary_of(folder: Path) -> Path:
    """The vocabulary file of a bundle or a data set."""
    return next(folder.glob("_vocabulary*"))


def _recipe(change: Callable[[Recipe], object]) -> _Spoil:
    def spoil(folder: Path) -> None:
        file = folder / _RECIPE
        recipe = Recipe.FromString(file.read_bytes())
        change(recipe)
        file.write_bytes(recipe.SerializeToString())

    return relisted(spoil)


def _feature(recipe: Recipe, kind: str) -> Any:
    return next(getattr(feature, kind) for feature in recipe.features if feature.HasField(kind))


def _column(recipe: Recipe, name: str) -> RawColumn:
    return next(column for column in recipe.columns if column.name == name)


def _in_file(recipe: Recipe) -> Any:
    """The fitting of the category whose vocabulary is a file."""
    return next(f.category.fitted for f in recipe.features if f.category.fitted.HasField("file"))


def _another_vocabulary(folder: Path) -> None:
    file = vocabulary_of(folder)
    file.write_bytes(file.read_bytes().replace(b"c1", b"d1", 1))


def _fitted_to(change: Callable[[bytes], bytes]) -> _Spoil:
    """Changes the vocabulary, and the digest that the recipe says too."""

    def spoil(folder: Path) -> None:
        file = vocabulary_of(folder)
        file.write_bytes(change(file.read_bytes()))
        digest = sha256(file.read_bytes()).hexdigest()
        _recipe(lambda recipe: setattr(_in_file(recipe), "sha256", digest))(folder)

    return spoil


def _without(*names: Callable[[Path], str]) -> _Spoil:
    """Takes files out of a bundle and out of its manifest."""

    def spoil(folder: Path) -> None:
        gone = [name(folder) for name in names]
        for name in gone:
            (folder / name).unlink()

        def unlist(manifest: BundleManifest) -> None:
            kept = [file for file in manifest.files if file.name not in gone]
            del manifest.files[:]
            manifest.files.extend(kept)
            if manifest.recipe_file in gone:
                manifest.ClearField("recipe_file")
            for table in manifest.signature.id_tables:
                if table.vocabulary_file in gone:
                    table.ClearField("vocabulary_file")

        edited(unlist)(folder)

    return spoil


def _vocabulary_name(folder: Path) -> str:
    return vocabulary_of(folder).name


def _another_column(recipe: Recipe) -> None:
    recipe.columns[0].name = "other"


def _of_column(kind: str, column: str) -> Callable[[Recipe], object]:
    """Has a feature read another column."""
    return lambda recipe: setattr(_feature(recipe, kind), "column", column)


def _without_buckets(recipe: Recipe) -> None:
    recipe.features[0].hashed.column = recipe.features[0].category.column


def _list(recipe: Recipe) -> Feature:
    return next(feature for feature in recipe.features if feature.category.HasField("list"))


def _set_width(recipe: Recipe, width: int) -> None:
    _list(recipe).category.list.width = width


def _of_no_unit(recipe: Recipe) -> None:
    column = _column(recipe, "income")
    column.kind, column.time_unit_micros = recipe_pb2.RAW_KIND_TIME, 0


_UNFITTED = bundle_pb2.ERROR_CODE_RECIPE_UNFITTED
_UNKNOWN = bundle_pb2.ERROR_CODE_RECIPE_UNKNOWN
_INVALID = bundle_pb2.ERROR_CODE_RECIPE_INVALID
_VOCABULARY = bundle_pb2.ERROR_CODE_VOCABULARY_INVALID


def _recipes() -> dict[str, Tampering]:
    """What the recipe alone gets wrong."""
    changes: dict[str, tuple[bundle_pb2.ErrorCode, Callable[[Recipe], object]]] = {
        "unfitted": (_UNFITTED, lambda recipe: recipe.ClearField("fitted")),
        "unfitted_category": (_UNFITTED, lambda recipe: _feature(recipe, "category").ClearField("fitted")),
        "unfitted_number": (_UNFITTED, lambda recipe: _feature(recipe, "number").ClearField("fitted")),
        "semantics_3": (_UNKNOWN, lambda recipe: setattr(recipe, "semantics", 3)),
        "semantics_0": (_UNKNOWN, lambda recipe: recipe.ClearField("semantics")),
        "semantics_before_fitting": (_UNKNOWN, lambda recipe: recipe.CopyFrom(Recipe(semantics=3))),
        "no_text_format": (_INVALID, lambda recipe: recipe.ClearField("text")),
        "a_feature_less": (_INVALID, lambda recipe: recipe.features.pop()),
        "a_feature_twice": (_INVALID, lambda recipe: recipe.features.append(recipe.features[0])),
        "another_order": (_INVALID, lambda recipe: recipe.features.reverse()),
        "another_name": (_INVALID, lambda recipe: setattr(recipe.features[0], "name", "other")),
        "a_feature_of_no_kind": (_INVALID, lambda recipe: recipe.features[0].ClearField("category")),
        "no_columns": (_INVALID, lambda recipe: recipe.ClearField("columns")),
        "a_column_not_listed": (_INVALID, _another_column),
        "a_column_twice": (_INVALID, lambda recipe: recipe.columns.append(recipe.columns[0])),
        "a_column_of_no_kind": (_INVALID, lambda recipe: recipe.columns[0].ClearField("kind")),
        "number_of_text": (_INVALID, _of_column("number", "city")),
        "number_of_flags": (_INVALID, _of_column("number", "member")),
        "category_of_numbers": (_INVALID, _of_column("category", "income")),
        "flag_of_text": (_INVALID, _of_column("flag", "city")),
        "hashed_without_buckets": (_INVALID, _without_buckets),
        "time_of_no_unit": (_INVALID, _of_no_unit),
        "separator_of_nothing": (_INVALID, lambda recipe: setattr(_column(recipe, "tags"), "separator", "")),
        "list_of_any_width": (_INVALID, lambda recipe: _set_width(recipe, 2**31 - 1)),
        "list_of_no_width": (_INVALID, lambda recipe: _set_width(recipe, 0)),
        "list_of_no_list": (_INVALID, lambda recipe: recipe.features[0].category.list.SetInParent()),
        "list_of_places": (_INVALID, lambda recipe: _set_width(recipe, 2)),
        "list_of_another_name": (_INVALID, lambda recipe: setattr(_list(recipe), "name", "other")),
        "list_of_semantics_1": (_INVALID, lambda recipe: setattr(recipe, "semantics", 1)),
        "more_values": (_INVALID, lambda recipe: setattr(_in_file(recipe), "num_values", 7)),
        "vocabulary_elsewhere": (_VOCABULARY, lambda recipe: setattr(_in_file(recipe), "file", "../vocabulary")),
        "vocabulary_of_another_name": (_VOCABULARY, lambda recipe: setattr(_in_file(recipe), "file", "golden.bin")),
        "another_digest": (_VOCABULARY, lambda recipe: setattr(_in_file(recipe), "sha256", "0" * 64)),
        "no_digest": (_VOCABULARY, lambda recipe: _in_file(recipe).ClearField("sha256")),
    }
    return {name: Tampering(code, _RECIPE, _recipe(change)) for name, (code, change) in changes.items()}


def _files() -> dict[str, Tampering]:
    """What is wrong with files beside the recipe, or with its bytes."""
    garbage = relisted(lambda folder: (folder / _RECIPE).write_bytes(b"\xff"))
    empty = relisted(lambda folder: (folder / _RECIPE).write_bytes(b""))
    return {
        "garbage_recipe": Tampering(_INVALID, _RECIPE, garbage),
        "empty_recipe": Tampering(_UNKNOWN, _RECIPE, empty),
        "another_vocabulary": Tampering(_VOCABULARY, _RECIPE, relisted(_another_vocabulary)),
        "cut_vocabulary": Tampering(_INVALID, _RECIPE, _fitted_to(lambda data: data[:-1])),
        "vocabulary_of_no_text": Tampering(_INVALID, _RECIPE, _fitted_to(lambda data: data[:-1] + b"\xff")),
        "no_vocabulary": Tampering(_VOCABULARY, _RECIPE, _without(_vocabulary_name)),
        "no_recipe": Tampering(
            bundle_pb2.ERROR_CODE_RECIPE_MISSING, "", _without(lambda _folder: _RECIPE, _vocabulary_name)
        ),
    }


# Of a bundle as `imported` of `imported.py` makes it. The bundle opens, and takes inputs as they are stored.
RECIPE_TAMPERINGS = {**_recipes(), **_files()}
