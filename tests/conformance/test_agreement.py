"""Generated texts get the same verdict, and generated rows the same bits, in every language that is there.

`make agree` and `make agree-encoding` try many more.
"""

from tests.conformance.agree import disagreements
from tests.conformance.encoding_agreement import digests_of

_TEXTS = 3000
_ROWS = 2000


def test_near_misses_of_valid_texts_get_the_same_verdict_in_every_language() -> None:
    found, kinds = disagreements(_TEXTS, seed=0)

    assert not found, "\n".join(found)
    # Otherwise the texts would be no near misses.
    assert min(kinds["valid"], kinds["invalid"], kinds["unreadable"]) > _TEXTS / 50


def test_random_rows_are_encoded_to_the_same_bits_in_every_language() -> None:
    digests = digests_of(_ROWS, seed=0)

    assert len(set(digests.values())) == 1, digests
