"""A fitted recipe as files: `_recipe.binpb`, the same as text, and a file for each vocabulary too large for it.

Their names begin with an underscore, which readers of folders of Parquet files pass over.
"""

from __future__ import annotations

import os
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from rankspec.data.v1 import recipe_pb2 as pb
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import Fitted

RECIPE = "_recipe.binpb"
RECIPE_TEXT = "_recipe.textproto"
_HEADER = "# proto-file: rankspec/data/v1/recipe.proto\n# proto-message: Recipe\n\n"
# Many times what a recipe of thousands of features takes.
_MOST_BYTES = 1 << 28


def files_of(fitted: Fitted) -> dict[str, bytes]:
    """The files of a fitted recipe, by name; the recipe itself comes last, so that half a folder has none."""
    text = _HEADER + text_format.MessageToString(fitted.recipe, as_utf8=True)
    return fitted.vocabularies | {
        RECIPE_TEXT: text.encode(),
        RECIPE: fitted.recipe.SerializeToString(deterministic=True),
    }


def write(fitted: Fitted, folder: Path) -> None:
    """Writes a recipe's files into a folder that has none, each beside and renamed.

    Raises:
        FileExistsError: one of them is there.
    """
    files = files_of(fitted)
    for name in files:
        if os.path.lexists(folder / name):
            raise FileExistsError(f"{folder / name} is there; name another folder, or move it away")
    for name, data in files.items():
        beside = folder / f"{name}.part"
        beside.write_bytes(data)
        beside.rename(folder / name)


def read(folder: Path) -> Fitted:
    """Reads a recipe and its vocabularies.

    Raises:
        EncodingError: the recipe is not there, or is damaged. Whether its vocabularies are there, and are the right
            ones, `Encoder` checks.
    """
    recipe = read_recipe(folder)
    names = vocabulary_files(recipe)
    return Fitted(recipe, {name: _bytes(folder / name) for name in names if (folder / name).is_file()}, [])


def read_recipe(folder: Path) -> pb.Recipe:
    """Reads a recipe without its vocabularies.

    Raises:
        EncodingError: it is not there, or is damaged.
    """
    path = folder / RECIPE
    if not path.is_file():
        raise EncodingError("recipe.damaged", f"{folder} has no {RECIPE}; `rankspec data import` writes one")
    try:
        return pb.Recipe.FromString(_bytes(path))
    except DecodeError:
        raise EncodingError("recipe.damaged", f"{path} is no recipe") from None


def vocabulary_files(recipe: pb.Recipe) -> list[str]:
    """The names of the files that a recipe needs beside it.

    Raises:
        EncodingError: a name leads out of the folder.
    """
    named = [feature.category.fitted.file for feature in recipe.features if feature.category.fitted.HasField("file")]
    for name in named:
        if name != os.path.basename(name) or name in {"", ".", ".."} or "\\" in name:  # noqa: PTH119 — no path is made
            raise EncodingError("recipe.damaged", f"the vocabulary's name {name!r} is no plain file name")
    return named


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES and path.name == RECIPE:
        raise EncodingError("recipe.damaged", f"{path} is too large for a recipe")
    return path.read_bytes()
