"""A config of a thousand towers, valid and with a mistake in each of its parts: how long each language takes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Measurement

LANGUAGES = ("python", "go", "typescript", "java")
_TASKS, _SETS, _TABLES = 1000, 2, 200


def run() -> list[Measurement]:
    """Seconds of the verdict command of each language, its start included."""
    root = Path(__file__).parents[1]
    measured = []
    with TemporaryDirectory() as folder:
        for language in LANGUAGES:
            subprocess.run(["make", "--silent", f"{language}-commands"], check=True, cwd=root)  # noqa: S607
        for kind, lines in (("valid", valid_config()), ("broken", broken_config())):
            config = Path(folder, f"{kind}.textproto")
            config.write_text("\n".join(lines))
            for language in LANGUAGES:
                command = ["make", "--silent", "verdict", f"LANGUAGE={language}", f"FILES={config}"]
                begin = time.perf_counter()
                subprocess.run(command, check=False, cwd=root, stdout=subprocess.DEVNULL)
                measured.append(Measurement(f"bounds_{kind}_{language}", time.perf_counter() - begin, "s", None))
    return measured


def valid_config() -> Iterator[str]:
    """Lines of a config that nothing objects to."""
    yield "model { featurization_config { log1p_abs_config {} }"
    yield from (f'tasks {{ key: "t{number}" value {{ mlp_config {{ layer_sizes: 1 }} }} }}' for number in range(_TASKS))
    yield "small_embeddings {"
    yield from (
        f'tables {{ name: "e{number}" num_embeddings: 9 embedding_dim: 4 index: {number} }}'
        for number in range(_TABLES)
    )
    yield '} } train_data { inputs: "train/*.parquet" global_batch_size: 8 seg_dense_schema { schema_path: "s.json"'
    inputs = ("continuous", "binary", "discrete")
    yield from (f'renamed_features {{ key: "{name}" value: "{name}" }}' for name in inputs)
    yield "}"
    yield from (f'tasks {{ key: "t{number}" value {{}} }}' for number in range(_TASKS))
    yield "}"
    yield from (
        f'validation_data {{ key: "v{number}" value {{ inherit_train_data: true }} }}' for number in range(_SETS)
    )
    yield "optimizer { adam {} multi_task_learning_rates { backbone_learning_rate { constant: 0.1 }"
    yield from (f'tower_learning_rates {{ key: "t{number}" value {{ constant: 0.1 }} }}' for number in range(_TASKS))
    yield "} }"


def broken_config() -> Iterator[str]:
    """Lines of the config."""
    yield 'training { num_train_steps: 0 save_dir: "" }'
    yield "model { multi_task_type: MULTI_TASK_TYPE_SHARE_NONE featurization_config { log1p_abs_config {} }"
    yield from (
        f'tasks {{ key: "t{number}" value {{ mlp_config {{ layer_sizes: [4, 2] }} pos_weight: -1 }} }}'
        for number in range(_TASKS)
    )
    yield "backbone { mlp_config { layer_sizes: [4] } } small_embeddings {"
    yield from (
        f'tables {{ name: "e" num_embeddings: 1099511627776 embedding_dim: 4 index: {number} }}'
        for number in range(_TABLES)
    )
    yield "}"
    yield from (f'stratifiers {{ name: "s" index: {number % 7} value: -3 }}' for number in range(256))
    yield "}"
    yield 'train_data { inputs: "gs://x" global_batch_size: 0 seg_dense_schema { schema_path: "s.json"'
    yield 'renamed_features { key: "continuous" value: "c" } renamed_features { key: "binary" value: "b" } }'
    yield from (f'tasks {{ key: "u{number}" value {{ pos_downsampling_rate: 0 }} }}' for number in range(_TASKS))
    yield from (f'evaluation_tasks: "w{number // 2}"' for number in range(_TASKS))
    yield "}"
    yield from (
        f'validation_data {{ key: "v{number}" value {{ inherit_train_data: true inputs: "gs://y" }} }}'
        for number in range(_SETS)
    )
    yield "optimizer { adam { beta_1: 3 epsilon: -1 } multi_task_learning_rates {"
    yield from (f'tower_learning_rates {{ key: "x{number}" value {{ constant: -1 }} }}' for number in range(_TASKS))
    yield "} }"
    yield "runtime { wandb { " + 256 * 'tags: "a" ' + "} }"
