"""CPU per example of reading TFRecord and Parquet on one core, beside tf.data.

tf.data runs in an environment of its own below `build/`, which the first run makes: TensorFlow is needed by nothing
else. So this runs only where it is named.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measuring import Measurement
from rankspec.datasets import random_data
from rankspec.datasets.random_data import PRODUCTION
from rankspec.datasets.vectors import Vectors
from rankspec.trainer.data.opening import rows_opener
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import StoredColumn
from rankspec.trainer.inputs import DType

_NUM_ROWS, _NUM_ROUNDS = 2000, 9
_VECTORS: tuple[Vectors, ...] = ("bytes", "lists")
_ENVIRONMENT = Path("build/tensorflow")
_TF_DATA = Path(__file__).with_name("tf_data.py")
_TYPES: dict[str, DType] = {"float_list": "float32", "int64_list": "int64"}


def run() -> list[Measurement]:
    """Measures all in turn, at the production widths, from the page cache to NumPy arrays or tensors of 256 rows."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (zipped,) = random_data.write(folder, num_rows=_NUM_ROWS, form="tfrecord")
        parquet = {
            vectors: random_data.write(folder / vectors, num_rows=_NUM_ROWS, vectors=vectors)[0] for vectors in _VECTORS
        }
        plain = folder / "plain.tfrecord"
        plain.write_bytes(gzip.decompress(zipped.read_bytes()))
        with _tf_data(folder / random_data.SCHEMA_FILE) as theirs:
            candidates: list[Callable[[], float]] = [
                _ours(zipped),
                _ours(plain),
                *(_ours(file) for file in parquet.values()),
                partial(theirs, zipped),
                partial(theirs, plain),
            ]
            ours_zipped, ours_plain, *ours_parquet, zipped_us, plain_us = _medians(candidates)
    return [
        Measurement("tfrecord_gzip", ours_zipped, "us of CPU/example", zipped_us),
        Measurement("tfrecord_plain", ours_plain, "us of CPU/example", plain_us),
        *(
            Measurement(f"parquet_{vectors}_beside_tfrecord_gzip", ours, "us of CPU/example", zipped_us)
            for vectors, ours in zip(_VECTORS, ours_parquet, strict=True)
        ),
    ]


def _medians(candidates: Sequence[Callable[[], float]]) -> list[float]:
    """Medians of what candidates measure in turn, the first round left out, in microseconds per example."""
    rounds = [[candidate() for candidate in candidates] for _ in range(_NUM_ROUNDS + 1)][1:]
    return [median(times) * 1e6 / _NUM_ROWS for times in zip(*rounds, strict=True)]


def _ours(path: Path) -> Callable[[], float]:
    """What one pass over all columns of an opened file takes, in seconds of this process."""
    columns = [
        StoredColumn(str(entry["feature_name"]), _TYPES[str(entry["dtype"])], int(entry["length"]))
        for entry in random_data.segdense_schema(PRODUCTION)["schema"]
    ]
    file = rows_opener()(StoredFile(LOCAL, path), columns)

    def read() -> float:
        begin = time.process_time()
        for row_group in range(len(file.rows)):
            for _ in file.chunks(row_group, columns):
                pass
        return time.process_time() - begin

    return read


@contextmanager
def _tf_data(schema: Path) -> Iterator[Callable[[Path], float]]:
    """A process that reads files with tf.data; gives what asks it for one pass, in seconds of that process."""
    command = [_python(), str(_TF_DATA), str(schema)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    to, answers = process.stdin, process.stdout

    def read(file: Path) -> float:
        to.write(f"{file}\n")
        to.flush()
        answer = json.loads(answers.readline())
        assert answer["rows"] == _NUM_ROWS
        return float(answer["seconds"])

    try:
        yield read
    finally:
        to.close()
        process.wait()


def _python() -> str:
    """The Python of an environment that has TensorFlow, which is made if need be."""
    python = _ENVIRONMENT / "bin/python"
    if subprocess.run([python, "-c", "import tensorflow"], check=False, capture_output=True).returncode:
        print(f"installing tensorflow-cpu into {_ENVIRONMENT}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "tensorflow-cpu"], check=True)
    return str(python)
