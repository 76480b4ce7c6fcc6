"""Generated texts get the same verdict in every language that is there; `make agree` tries many more."""

from tests.conformance.agree import disagreements

_TEXTS = 3000


def test_near_misses_of_valid_texts_get_the_same_verdict_in_every_language() -> None:
    found, kinds = disagreements(_TEXTS, seed=0)

    assert not found, "\n".join(found)
    # Otherwise the texts would be no near misses.
    assert min(kinds["valid"], kinds["invalid"], kinds["unreadable"]) > _TEXTS / 50
