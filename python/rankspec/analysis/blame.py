"""Says where each value of a resolved config came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rankspec.composition.overrides import OVERRIDE
from rankspec.schema.leaves import leaves

if TYPE_CHECKING:
    from rankspec.composition.compose import LoadedConfig


def blame(loaded: LoadedConfig) -> Callable[[str], str]:
    """Returns what to say of a path of the resolved config.

    Its answers are `file:line:column`, `--set`, the file's name for a form without places, `message` for what was built
    in code, or `default`; the variables that a value is made of follow.
    """
    given = {leaf.path for leaf in leaves(loaded.message)}
    # A list is told as a whole.
    given |= {path.whole_field for path in given}
    variables: dict[str, tuple[str, ...]] = {
        place: names for path, names in loaded.variables.items() for place in (path.whole_field, path)
    }

    def origin(path: str) -> str:
        if path not in given:
            return "default"
        position = loaded.origins.value(path)
        if position is None:
            place = loaded.file or "message"
        elif position.file.startswith(f"{OVERRIDE} "):
            place = OVERRIDE
        else:
            place = str(position)
        return " ".join([place, *(f"${{{name}}}" for name in variables.get(path, ()))])

    return origin
