"""Shows adapters a message as it was before a change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from rankspec.claims.views import View

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.claims.views import Claims


@contextmanager
def views_showing(shown: Message, instead_of: Message) -> Iterator[None]:
    """Within it, a view of a message that is `instead_of`, or of a copy of it, shows another message."""
    constructor = View.__init__

    def built(view: View, message: Message, claims: Claims) -> None:
        is_hidden = message.DESCRIPTOR is shown.DESCRIPTOR and message == instead_of
        constructor(view, shown if is_hidden else message, claims)

    with patch.object(View, "__init__", built):
        yield
