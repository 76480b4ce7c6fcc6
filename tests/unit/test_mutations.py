"""Single-field mutations of the shipped configs: what is accepted is harmless."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.mutating import Layout, mutations
from benchmarks.mutations import shipped, verdicts
from google.protobuf import text_format
from tests.unit.example_configs import VALID, write

from rankspec.checking.verdict import judge
from rankspec.formats.reading import read
from rankspec.formats.textproto.reader import read_textproto

# How many of a config's mutations are judged here; `make bench ONLY=mutations` judges all.
NUM_JUDGED = 300
EXPECTED_CODES = {
    "typo": {"parse.unknown_field"},
    "duplicate": {"parse.duplicate_field", "parse.duplicate_key"},
    "wrong_type": {"parse.wrong_type", "parse.not_portable.bool", "parse.not_portable.utf8"},
    "overflow": {"parse.out_of_range", "double.finite"},
    "both": {"parse.oneof_conflict", "message.oneof"},
    "wrong_enum": {"parse.unknown_enum_value", "enum.defined_only"},
}


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_config_that_is_laid_out_is_the_same_config(path: Path) -> None:
    config = read(str(path), None).message

    assert text_format.Parse(Layout(config).text, type(config)()) == config


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_mutation_is_refused_or_harmless(path: Path) -> None:
    total = sum(1 for _ in mutations(read(str(path), None).message))

    judged = list(verdicts(path, every=max(1, total // NUM_JUDGED)))

    assert len(judged) >= NUM_JUDGED
    assert [(m.kind, m.path) for m, is_accounted_for in judged if not is_accounted_for] == []


def test_mutation_is_refused_for_what_was_done(tmp_path: Path) -> None:
    config = read(str(write(tmp_path, VALID)), None).message
    counts: Counter[str] = Counter()

    for mutation in mutations(config):
        codes = {v.code for v in judge(read_textproto(mutation.text, type(config), "x"), {}).violations}
        counts[mutation.kind] += 1
        if mutation.kind in EXPECTED_CODES:
            assert codes & EXPECTED_CODES[mutation.kind], (mutation.kind, mutation.path, codes)
        elif not mutation.in_range:
            assert codes, (mutation.kind, mutation.path)

    assert counts.keys() >= EXPECTED_CODES.keys() | {"nan", "inf", "minus_inf", "zero", "minus_one", "max", "none"}
