"""docs/fields.md is what the schema, the probes and the reference's facts say."""

import pytest
from tests.liveness import page, reference
from tests.liveness.fields import ROOTS, fields_of

from rankspec.convert.inert import INERT


def test_page_is_current() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(), "run `make fields-page` and commit the result"


def test_facts_are_of_fields_that_there_are() -> None:
    names = {field.name for root in ROOTS.values() for field in fields_of(*root)}

    assert reference.statuses().keys() <= names
    assert set(reference.statuses().values()) == {"live", "dead", "broken", "overridden"}


def test_what_convert_calls_inert_was_not_live() -> None:
    # A name of more parts is that of a field at one place alone.
    whole = [name for name in INERT if name.count(".") == 3]

    assert {name: reference.statuses()[name] for name in whole if reference.statuses()[name] == "live"} == {}


@pytest.mark.parametrize("root", ROOTS)
def test_what_was_not_live_has_a_reason(root: str) -> None:
    fields = fields_of(*ROOTS[root])
    inert = [field for field in fields if reference.status_of(field) not in ("live", reference.NEW)]

    assert [field.name for field in inert if not reference.reason_of(field, fields)] == []
