"""A short form of `make fuzz-serving`."""

from pathlib import Path

from tests.fuzz.requests import request_of
from tests.fuzz.serving import ask_all

_REQUESTS = 2000


def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    counts, complaints = ask_all(0, _REQUESTS, tmp_path)

    assert complaints == []
    # Otherwise the requests would be garbage, or not damaged at all.
    for status in ("OK", "INVALID_ARGUMENT", 200, 400):
        assert counts[status] > _REQUESTS / 50


def test_number_of_a_request_is_enough_to_make_it_again() -> None:
    assert [request_of(7, number, "h") for number in range(50)] == [request_of(7, number, "h") for number in range(50)]
