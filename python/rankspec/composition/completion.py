"""What makes a config of what was read: variables, then inheritance, in the one order that all judge by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from rankspec.composition.inheritance import Copy, inherit

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.diagnostics.diagnostic import Diagnostic
    from rankspec.formats.document import Document
    from rankspec.schema.field_paths import FieldPath


class Completion(NamedTuple):
    """What was filled in.

    Attributes:
        diagnostics: What is wrong with variables.
        variables: The variables that each path's value was made of.
        copies: What one part of the config took from another.
    """

    diagnostics: list[Diagnostic]
    variables: dict[FieldPath, tuple[str, ...]]
    copies: list[Copy]


def complete(
    document: Document[Message], environment: Mapping[str, str] | None, texts: Iterable[str | None]
) -> Completion:
    """Replaces variables and fills in what is inherited, in a document's message, in place.

    Args:
        document: What was read. Values whose variables are wrong count as damaged.
        environment: The variables that `${VAR}` stands for; None takes the process's, as UTF-8 in every locale.
        texts: The texts that the message was read from.
    """
    diagnostics: list[Diagnostic] = []
    variables: dict[FieldPath, tuple[str, ...]] = {}
    if _may_have_variables(document, texts):
        from rankspec.composition.environment import process_environment, substitute

        values = process_environment() if environment is None else environment
        diagnostics, variables = substitute(document.message, values, document.origins)
        document.damaged |= {diagnostic.path for diagnostic in diagnostics}
    return Completion(diagnostics, variables, inherit(document))


def _may_have_variables(document: Document[Message], texts: Iterable[str | None]) -> bool:
    """Tells whether it is worth looking through the message: few configs have variables, and texts are quicker.

    A `$` may also be written as an escape. The binary form has no text to look through.
    """
    return document.text is None or any("$" in text or "\\" in text for text in texts if text is not None)
