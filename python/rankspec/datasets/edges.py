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

from rankspec.datasets.ownership import claim

NUM_LHS, NUM_RHS, NUM_RELATIONS = 400, 1000, 2
_NUM_HIDDEN = 4
# Right-hand entities that each edge is the best of: more make the structure plainer.
_NUM_CANDIDATES = 20
_VALIDATION_SHARE = 0.1
_ROW_GROUP_ROWS = 5000


def write(output: Path, *, num_edges: int, num_files: int = 4, seed: int = 0) -> list[Path]:
    """Writes edges as Parquet files with the int64 columns `lhs`, `rhs` and `rel`.

    Args:
        output: folder to write `train` and `validation` to.
        num_edges: edges in all; a tenth of them is for validation.
        num_files: files of training edges.
        seed: what they are drawn from.

    Returns:
        The files.

    Raises:
        ValueError: there are too few edges for so many files.
        OSError: the folder holds something else, or cannot be written.
    """
    if num_edges < 10 * num_files or num_files < 1:
        raise ValueError(f"{num_edges} edges do not fill {num_files} files; give at least ten for each")
    edges = _edges(num_edges, np.random.default_rng(seed))
    first = int(num_edges * _VALIDATION_SHARE)
    parts = {output / "validation" / "part-00000.parquet": edges.slice(0, first)}
    bounds = np.linspace(first, num_edges, num_files + 1).astype(int).tolist()
    for number, (start, stop) in enumerate(pairwise(bounds)):
        parts[output / "train" / f"part-{number:05}.parquet"] = edges.slice(start, stop - start)
    claim(output, [str(path.relative_to(output)) for path in parts])
    for path, part in parts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, path, row_group_size=_ROW_GROUP_ROWS, write_page_checksum=True)
    return list(parts)


def _edges(num_edges: int, source: np.random.Generator) -> pa.Table:
    lhs_hidden = source.normal(size=(NUM_LHS, _NUM_HIDDEN))
    rhs_hidden = source.normal(size=(NUM_RHS, _NUM_HIDDEN))
    moved = source.normal(size=(NUM_RELATIONS, _NUM_HIDDEN))
    lhs = source.integers(NUM_LHS, size=num_edges)
    rel = source.integers(NUM_RELATIONS, size=num_edges)
    candidates = source.integers(NUM_RHS, size=(num_edges, _NUM_CANDIDATES))
    scores = np.einsum("nh,nch->nc", lhs_hidden[lhs] * (1 + moved[rel]), rhs_hidden[candidates])
    rhs = candidates[np.arange(num_edges), scores.argmax(1)]
    columns = {"lhs": lhs, "rhs": rhs, "rel": rel}
    return pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})
