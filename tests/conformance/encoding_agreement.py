"""Compares all languages on many random rows: `make agree-encoding N=100000` prints a table of digests."""

import argparse
import math
import random
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pyarrow as pa
from conformance.v1 import conformance_pb2 as pb
from google.protobuf import text_format
from rankspec.data.v1.recipe_pb2 import Recipe
from tests.conformance.derive_encoding import BERLIN, task_of
from tests.conformance.executors.encoding import batch_of
from tests.conformance.running import LANGUAGES, ask, missing_tools

from rankspec.encoding.fitting import Fit, Fitted

_ROWS_OF_A_REQUEST = 1000
_RECIPE = f"""
semantics: 1
columns {{ name: "d" kind: RAW_KIND_FLOAT64 }}
columns {{ name: "t" kind: RAW_KIND_FLOAT64 }}
columns {{ name: "w" kind: RAW_KIND_INT64 }}
columns {{ name: "c" kind: RAW_KIND_TEXT }}
columns {{ name: "l" kind: RAW_KIND_TEXT list: true separator: "|" }}
columns {{ name: "i" kind: RAW_KIND_INT64 list: true }}
columns {{ name: "f" kind: RAW_KIND_BOOL }}
columns {{ name: "at" kind: RAW_KIND_TIME time_unit_micros: 1000 {BERLIN} }}
text {{ missing: "" missing: "NA" }}
features {{ name: "d" number {{ column: "d" missing_flag: true clip {{}} standardize: true }} }}
features {{ name: "d2" number {{ column: "d" }} }}
features {{ name: "d3" binned {{ column: "d" quantiles {{ num_bins: 99 }} }} }}
features {{ name: "t" number {{ column: "t" missing_flag: true standardize: true fill_figure: FILL_FIGURE_MEDIAN }} }}
features {{ name: "w" number {{ column: "w" standardize: true }} }}
features {{ name: "w2" category {{ column: "w" min_count: 2 }} }}
features {{ name: "w3" hashed {{ column: "w" num_buckets: 1000003 salt: "w" }} }}
features {{ name: "c" category {{ column: "c" }} }}
features {{ name: "c2" hashed {{ column: "c" num_buckets: 999999999989 }} }}
features {{ name: "l" category {{ column: "l" list {{ width: 3 }} }} }}
features {{ name: "i" hashed {{ column: "i" num_buckets: 77 list {{ width: 2 }} }} }}
features {{ name: "f" flag {{ column: "f" missing_flag: true }} }}
features {{ name: "at" number {{ column: "at" standardize: true clip {{ low_quantile: 0.05 high_quantile: 0.95 }} }} }}
"""
_CHARACTERS = "abcXYZ01 é\u0301İßΣς\ufffd😀漢\0\t\\'\"|"
_SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e308, -1e38, 3.5e38, 16777217.0, 0.1, 2.0**53)
_WHOLES = (0, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63))


def digests_of(num_rows: int, seed: int) -> dict[str, str]:
    """The SHA-256 of what each language that is there answers, by language."""
    requests = [pb.Request(encode=task) for task in tasks(num_rows, seed)]
    digests = {}
    for language in LANGUAGES:
        if not missing_tools(language):
            digest = sha256()
            for response in ask(language, requests):
                digest.update(response.SerializeToString(deterministic=True))
            digests[language] = digest.hexdigest()
    return digests


def tasks(num_rows: int, seed: int) -> Iterator[pb.Encode]:
    """Requests for rows in all, by a recipe that is fitted to the first of them."""
    draw = random.Random(seed)  # noqa: S311 — no secret
    fitted = None
    for start in range(0, num_rows, _ROWS_OF_A_REQUEST):
        rows = [_row(draw) for _ in range(min(_ROWS_OF_A_REQUEST, num_rows - start))]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        task = task_of(Recipe(), columns)
        fitted = fitted or _fitted(batch_of(task))
        task.recipe.CopyFrom(fitted.recipe)
        for name, data in fitted.vocabularies.items():
            task.vocabularies[name] = data
        yield task


def _fitted(batch: pa.RecordBatch) -> Fitted:
    fit = Fit(text_format.Parse(_RECIPE, Recipe()))
    try:
        fit.add(fit.reader.read(batch))
        return fit.finish()
    finally:
        fit.close()


def _row(draw: random.Random) -> dict[str, Any]:
    """A row; one value of ten is missing."""
    row = {
        "d": draw.choice(_SPECIAL) if draw.random() < 0.1 else draw.lognormvariate(0, 5) * draw.choice([1, -1]),
        "t": _decimal(draw),
        "w": draw.choice(_WHOLES) if draw.random() < 0.1 else draw.randint(-99, 99),
        "c": _text(draw),
        "l": "|".join(_text(draw).replace("|", "") for _ in range(draw.randint(0, 5))),
        "i": [draw.choice([None, draw.randint(-9, 9)]) for _ in range(draw.randint(0, 4))],
        "f": draw.random() < 0.5,
        "at": _time(draw),
    }
    return {name: None if draw.random() < 0.1 else value for name, value in row.items()}


def _decimal(draw: random.Random) -> str:
    digits = "".join(draw.choices("0123456789", k=draw.randint(1, 25)))
    place = draw.randint(0, len(digits))
    exponent = draw.choice(["", f"e{draw.randint(-60, 45)}", f"E+{draw.randint(0, 30)}"])
    return f"{draw.choice(['', '-', '+'])}{digits[:place]}.{digits[place:]}{exponent}"


def _text(draw: random.Random) -> str:
    return draw.choice(["NA", "", "null", "".join(draw.choices(_CHARACTERS, k=draw.randint(0, 6)))])


def _time(draw: random.Random) -> str:
    year, month, day = draw.randint(1900, 2100), draw.randint(1, 12), draw.randint(1, 28)
    clock = f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}"
    zone = draw.choice(["", "Z", "+05:30", "-0930", ".123456Z"])
    return draw.choice([f"{year}-{month:02}-{day:02}T{clock}{zone}", str(draw.randint(-(10**12), 10**13))])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    digests = digests_of(given.rows, given.seed)
    sys.stdout.write("".join(f"{language:<12}{digest}\n" for language, digest in digests.items()))
    return 0 if len(set(digests.values())) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
