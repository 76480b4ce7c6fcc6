"""A table as somebody has it, for tests of importing it, in every form."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]


def rows(num_rows: int = 400, seed: int = 0) -> list[Row]:
    """Rows with a number with gaps, categories, tags, codes, large ids, prose, a column without values, and a label."""
    source = np.random.default_rng(seed)
    made = []
    for index in range(num_rows):
        age = int(source.integers(18, 80))
        city = str(source.choice(["Köln", "Bonn", "Ulm"]))
        tags = sorted(source.choice(["eco", "new", "sale", "gift"], int(source.integers(3)), replace=False).tolist())
        chance = 1 / (1 + math.exp(-((age - 50) / 10 + 2 * (city == "Ulm"))))
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=3 * index, minutes=int(source.integers(60)))
        made.append(
            {
                "user_id": int(source.integers(40)),
                "seen_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "age": age,
                "income": None if source.random() < 0.2 else round(float(source.lognormal(8, 1)), 2),
                "city": city,
                "tags": "|".join(tags) or None,
                "zip": f"0{source.integers(1000, 1020)}",
                "order_id": 2**53 + 1 + int(source.integers(50)),
                "premium": bool(source.integers(2)),
                "note": f"remark number {index} on a visit that was longer than some, and shorter than others",
                "nothing": None,
                "bought": int(source.random() < chance),
            }
        )
    return made


def as_csv(table: list[Row], **dialect: Any) -> str:
    """The rows as CSV: missing values are empty, flags yes and no."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", **dialect)
    writer.writerow(table[0])
    words = {True: "yes", False: "no"}
    for row in table:
        writer.writerow([words[value] if isinstance(value, bool) else value for value in row.values()])
    return text.getvalue()


def write_csv(path: Path, table: list[Row]) -> Path:
    """Writes the rows as CSV."""
    path.write_text(as_csv(table), encoding="utf-8")
    return path


def as_arrow(table: list[Row]) -> pa.Table:
    """The rows with types: times in microseconds with a zone, numbers without gaps whole."""
    columns = {name: [row[name] for row in table] for name in table[0]}
    columns["seen_at"] = [datetime.fromisoformat(value) for value in columns["seen_at"]]
    return pa.table(columns)


def write_all(folder: Path, table: list[Row]) -> list[Path]:
    """Writes the rows in every form."""
    typed = as_arrow(table)
    pq.write_table(typed, folder / "t.parquet", row_group_size=100)
    with pa.OSFile(str(folder / "t.feather"), "wb") as file, pa.ipc.new_file(file, typed.schema) as writer:
        writer.write_table(typed)
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table), encoding="utf-8")
    write_csv(folder / "t.csv", table)
    return [folder / name for name in ("t.csv", "t.parquet", "t.feather", "t.jsonl")]
