"""No field of a config is dead: each is seen to do something, is deprecated, or is refused."""

import pytest
from tests.liveness.fields import ROOTS, Field, fields_of

from rankspec.schema.descriptors import is_message

pytestmark = pytest.mark.parametrize("root", ROOTS)


def _fields(root: str) -> list[Field]:
    return fields_of(*ROOTS[root])


def test_every_field_has_a_probe_or_is_deprecated_or_refused(root: str) -> None:
    dead = [field.name for field in _fields(root) if field.status == "dead"]

    assert dead == [], "add a probe for each to tests/liveness, or the adapter's claim is an empty promise"


def test_fields_that_hold_values_have_probes_of_their_own(root: str) -> None:
    live = [field for field in _fields(root) if field.status == "live" and not is_message(field.descriptor)]

    assert [field.name for field in live if not field.probes] == []


def test_what_is_refused_has_no_probe(root: str) -> None:
    refused = [field for field in _fields(root) if field.status == "refused"]

    assert [field.name for field in refused if field.probes or field.is_passed] == []


def test_deprecated_fields_are_few(root: str) -> None:
    assert sum(field.status == "deprecated" for field in _fields(root)) <= 12
