"""Small bundles of every kind of model, trained for two steps and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.integration.trainer.runs import Runs, data_set, write_data

from rankspec.families.recap.program.export.exporting import export
from rankspec.families.recap.program.export.graph import EXTERNAL_ABOVE

_SHORT = "training { num_train_steps: 2 checkpoint_every_n: 2 eval_log_every_n: 2 }"
_PREPROCESSING = """
  seg_dense_schema { mask_mantissa_features { key: "continuous" value: 13 } }
  preprocess {
    truncate_and_slice { continuous_feature_truncation: 5 }
    downcast {
      features { key: "continuous" value: DATA_TYPE_FLOAT16 }
      features { key: "binary" value: DATA_TYPE_UINT8 }
    }
  }
"""
_TABLES = """
  tables { name: "item" num_embeddings: 10 embedding_dim: 4 index: 1 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET }
"""
WEIGHTS = 'score_weights { key: "like" value: 0.5 } score_weights { key: "reply" value: -3.25 }'


class Kind(NamedTuple):
    """A kind of bundle.

    Attributes:
        changes: textproto that is laid over the small config.
        data: textproto that is laid over its data sets.
        plain: whether the small config is the one without batch norm and tables.
        is_named: whether the data's features have names.
        external_above: bytes of weights from which on they get a file of their own.
    """

    changes: str = ""
    data: str = ""
    plain: bool = False
    is_named: bool = False
    external_above: int = EXTERNAL_ABOVE


KINDS = {
    "mask_net": Kind(WEIGHTS),
    "named_features": Kind(is_named=True, changes=WEIGHTS),
    "bucket": Kind(f"model {{ small_embeddings {{ {_TABLES} }} }}"),
    "external": Kind(f"model {{ small_embeddings {{ {_TABLES} }} }}", external_above=0),
    "dcn": Kind("model { backbone { dcn_config { poly_degree: 2 output_mlp { layer_sizes: 6 } } } }", plain=True),
    "dlrm": Kind(
        "model { backbone { dlrm_config { bottom_mlp { layer_sizes: 4 } top_mlp { layer_sizes: 6 } } } "
        f"small_embeddings {{ {_TABLES} }} }}"
    ),
    "regression": Kind(
        'model { tasks { key: "reply" value { kind: TASK_KIND_REGRESSION mlp_config { layer_sizes: 1 } } } }'
    ),
    "members": Kind("model { members: 2 }"),
    "position": Kind(
        "model { position_debias_config { max_position: 5 num_dims: 2 position_feature_index: 1 } }", plain=True
    ),
    "calibration": Kind(
        "downsampling_correction: DOWNSAMPLING_CORRECTION_CALIBRATION "
        'train_data { tasks { key: "like" value { neg_downsampling_rate: 0.25 } } }',
        plain=True,
    ),
    "preprocessing": Kind(data=_PREPROCESSING, plain=True),
    "logarithms": Kind(
        "model { featurization_config { clip_log1p_abs_config { clip_magnitude: 100 } "
        'feature_names_to_concat: ["discrete", "binary"] } }',
        plain=True,
    ),
    "mixed_precision": Kind("runtime { enable_amp: true }", plain=True),
}


def make_bundle(kind: Kind, folder: Path, work: Path) -> None:
    """Trains and exports a bundle.

    Args:
        kind: what of.
        folder: the bundle's place.
        work: an existing folder for data and runs.
    """
    data = work / ("named" if kind.is_named else "data")
    if not data.exists():
        data.mkdir()
        write_data(data)
        if kind.is_named:
            _name_features(data / "schema.json")
    runs = Runs(work, data)
    changes = (_SHORT, *_laid_over(kind, data))
    runs.train(f"run_{folder.name}", *changes, plain=kind.plain)
    job = runs.job(f"run_{folder.name}", *changes, plain=kind.plain)
    export(job, folder, external_above=kind.external_above)


def _laid_over(kind: Kind, data: Path) -> Iterator[str]:
    if kind.changes:
        yield kind.changes
    if kind.data:
        yield f"train_data {{ {kind.data} }}"
        # A value of a map takes the place of the one before.
        yield f'validation_data {{ key: "valid" value {{ {data_set(data, "valid")} {kind.data} }} }}'


def _name_features(file: Path) -> None:
    schema = json.loads(file.read_text())
    for entry in schema["schema"]:
        if entry["length"] > 1:
            entry["names"] = [f"{entry['feature_name'][0]}/{place}" for place in range(entry["length"])]
    file.write_text(json.dumps(schema))
