"""Vocabularies that a schema file names, in bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.scoring.bundles import KINDS, make_bundle

from rankspec import scoring
from rankspec.cli import main

pytestmark = pytest.mark.slow


def _name_vocabularies(schema: Path, files: list[str | None]) -> None:
    document: Any = json.loads(schema.read_text())
    for entry in document["schema"]:
        if entry["feature_name"] == "discrete":
            entry |= {"sizes": [20, 10], "vocabularies": files}
    schema.write_text(json.dumps(document))


def test_vocabularies_of_ones_own_come_with_the_tables_that_they_explain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_bundle(KINDS["named_features"], tmp_path / "bundle", tmp_path)
    with scoring.open(tmp_path / "bundle") as scorer:
        plain = scorer.manifest
    assert not any(table.HasField("vocabulary_file") for table in plain.signature.id_tables)

    vocabulary = b"ada\nbob\n" * 10
    (tmp_path / "named/users.txt").write_bytes(vocabulary)
    _name_vocabularies(tmp_path / "named/schema.json", ["users.txt", None])
    assert main(["export", str(tmp_path / "run_bundle"), "-o", str(tmp_path / "explained")]) == 0
    with scoring.open(tmp_path / "explained") as scorer:
        (table,) = (table for table in scorer.manifest.signature.id_tables if table.name == "user")
        assert scorer.manifest.signature.hash == plain.signature.hash
    assert (tmp_path / "explained" / table.vocabulary_file).read_bytes() == vocabulary
    capsys.readouterr()
    assert main(["bundle", "show", str(tmp_path / "explained")]) == 0
    assert "user: 20 ids, discrete[0], which vocabulary_0 explains" in capsys.readouterr().out

    _name_vocabularies(tmp_path / "named/schema.json", ["gone.txt", None])
    assert main(["export", str(tmp_path / "run_bundle"), "-o", str(tmp_path / "none")]) == 1
    assert "gone.txt that the schema file names cannot be read: No such file" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
