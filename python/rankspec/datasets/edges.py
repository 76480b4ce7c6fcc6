"""Random edges between two kinds of entities, with a structure that a graph embedding can learn.

Every entity has a few hidden numbers, and so does every relation. An edge is the best of some candidates by the dot
product of the left-hand numbers with the right-hand ones moved by the relation's.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rankspec.datasets.ownership import claim

NUM_LHS, NUM_RHS, NUM_RELATIONS = 400, 1000, 2
_NUM_HIDDEN = 4
SNAPSHOT_WIDTH = 16
# Right-hand entities that each edge is the best of: more make the structure plainer.
_NUM_CANDIDATES = 20
_VALIDATION_SHARE = 0.1
_ROW_GROUP_ROWS = 5000


def write(output: Path, *, num_edges: int, num_files: int = 4, seed: int = 0, named: bool = False) -> list[Path]:
    """Writes edges as Parquet files with the columns `lhs`, `rhs` and `rel`, all int64 unless entities are named.

    Args:
        output: folder to write `train` and `validation` to.
        num_edges: edges in all; a tenth of them is for validation.
        num_files: files of training edges.
        seed: what they are drawn from.
        named: whether edges name entities, the left-hand ones by strings and the right-hand ones by large numbers, in
            place of the rows of their tables. Beside them go the vocabularies, `vocab/lhs.txt` and
            `vocab/rhs/part-00000.parquet`, and first vectors for half of the left-hand entities,
            `snapshot/lhs.parquet`.

    Returns:
        The files.

    Raises:
        ValueError: there are too few edges for so many files.
        OSError: the folder holds something else, or cannot be written.
    """
    if num_edges < 10 * num_files or num_files < 1:
        raise ValueError(f"{num_edges} edges do not fill {num_files} files; give at least ten for each")
    source = np.random.default_rng(seed)
    lhs_hidden = source.normal(size=(NUM_LHS, _NUM_HIDDEN))
    edges = _edges(num_edges, lhs_hidden, source)
    edges = _with_names(edges) if named else edges
    first = int(num_edges * _VALIDATION_SHARE)
    parts = {output / "validation" / "part-00000.parquet": edges.slice(0, first)}
    bounds = np.linspace(first, num_edges, num_files + 1).astype(int).tolist()
    for number, (start, stop) in enumerate(pairwise(bounds)):
        parts[output / "train" / f"part-{number:05}.parquet"] = edges.slice(start, stop - start)
    if named:
        parts[output / "vocab" / "rhs" / "part-00000.parquet"] = pa.table({"id": _rhs_names()})
        parts[output / "snapshot" / "lhs.parquet"] = _snapshot(lhs_hidden, source)
    texts = {output / "vocab" / "lhs.txt": "".join(f"{name}\n" for name in _lhs_names())} if named else {}
    claim(output, [str(path.relative_to(output)) for path in (*parts, *texts)])
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path, part in parts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, path, row_group_size=_ROW_GROUP_ROWS, write_page_checksum=True)
    return [*parts, *texts]


def _edges(num_edges: int, lhs_hidden: NDArray[np.float64], source: np.random.Generator) -> pa.Table:
    rhs_hidden = source.normal(size=(NUM_RHS, _NUM_HIDDEN))
    moved = source.normal(size=(NUM_RELATIONS, _NUM_HIDDEN))
    lhs = source.integers(NUM_LHS, size=num_edges)
    rel = source.integers(NUM_RELATIONS, size=num_edges)
    candidates = source.integers(NUM_RHS, size=(num_edges, _NUM_CANDIDATES))
    scores = np.einsum("nh,nch->nc", lhs_hidden[lhs] * (1 + moved[rel]), rhs_hidden[candidates])
    rhs = candidates[np.arange(num_edges), scores.argmax(1)]
    columns = {"lhs": lhs, "rhs": rhs, "rel": rel}
    return pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})


def _lhs_names() -> list[str]:
    return [f"user-{number:05}" for number in range(NUM_LHS)]


def _rhs_names() -> NDArray[np.int64]:
    return 10**15 + 7919 * np.arange(NUM_RHS, dtype=np.int64)


def _with_names(edges: pa.Table) -> pa.Table:
    lhs, rhs = np.array(_lhs_names())[edges["lhs"].to_numpy()], _rhs_names()[edges["rhs"].to_numpy()]
    return pa.table({"lhs": lhs, "rhs": rhs, "rel": edges["rel"]})


def _snapshot(lhs_hidden: NDArray[np.float64], source: np.random.Generator) -> pa.Table:
    """Vectors for every other left-hand entity: its hidden numbers, spread over the width of a table."""
    spread = source.normal(scale=0.1, size=(_NUM_HIDDEN, SNAPSHOT_WIDTH))
    vectors = (lhs_hidden @ spread)[::2].astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), SNAPSHOT_WIDTH)
    return pa.table({"id": _lhs_names()[::2], "vector": column})
