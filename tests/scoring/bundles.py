"""Small bundles of every kind of model, trained for two steps and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rankspec.recap.v1.model_pb2 import MULTI_TASK_TYPE_SHARE_NONE
from tests.integration.trainer.runs import Runs, data_set, job_from, with_lists, write_data, write_lists

from rankspec.cli import main
from rankspec.families.recap.program.export.exporting import export
from rankspec.families.recap.program.export.graph import EXTERNAL_ABOVE
from rankspec.formats.writing import to_textproto
from rankspec.trainer import run

_SHORT = "training { num_train_steps: 2 checkpoint_every_n: 2 eval_log_every_n: 2 }"
_PREPROCESSING = """
  seg_dense_schema { mask_mantissa_features { key: "continuous" value: 13 } }
  preprocess {
    truncate_and_slice { continuous_feature_truncation: 5 }
    downcast {
      features { key: "continuous" value: DATA_TYPE_FLOAT16 }
      features { key: "binary" value: DATA_TYPE_UINT8 }
    }
    extract_features { extract_feature_table { name: "first" source_tensor: "continuous" index: 0 } }
  }
"""
# Statistics of `write_data`'s folder, in place of DATA.
_Z_SCORES = 'model { featurization_config { z_score_log_config { analysis_path: "DATA/statistics.textproto" } } }'
_NAMED_USERS = (
    'tables { name: "user" num_embeddings: 20 embedding_dim: 4 weight_decay: 0.1 feature { name: "d/0" } } dropout {}'
)
_TABLES = """
  tables {
    name: "item" num_embeddings: 10 embedding_dim: 4 feature { index: 1 } out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET
  }
"""
WEIGHTS = 'score_weights { key: "like" value: 0.5 } score_weights { key: "reply" value: -3.25 }'


class Kind(NamedTuple):
    """A kind of bundle. Together they have all that is trained, as `test_claims.py` makes sure.

    Attributes:
        changes: textproto that is laid over the small config.
        data: textproto that is laid over its data sets.
        plain: whether the small config is the one without batch norm and tables.
        is_shared: whether towers share a backbone.
        is_named: whether the data's features have names.
        has_lists: whether the data have lists of ids.
        external_above: bytes of weights from which on they get a file of their own.
    """

    changes: str = ""
    data: str = ""
    plain: bool = True
    is_shared: bool = True
    is_named: bool = False
    has_lists: bool = False
    external_above: int = EXTERNAL_ABOVE


_FEW = (
    'tables { name: "few" num_embeddings: 9 embedding_dim: 3 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET '
    'list { input: "tags" pooling: POOLING_SUM } }'
)
LISTS = Kind(
    'tables { name: "tag" num_embeddings: 12 embedding_dim: 4 list { input: "tags" pooling: POOLING_MEAN } }' + _FEW,
    has_lists=True,
)

# Most are plain: an export takes seconds, more of them the larger the graph is.
KINDS = {
    "mask_net": Kind(WEIGHTS, plain=False),
    "named_features": Kind(
        f"{WEIGHTS} model {{ small_embeddings {{ {_NAMED_USERS} }} featurization_config {{ log1p_abs_config {{}} }} "
        "multi_task_type: MULTI_TASK_TYPE_SHARE_PARTIAL }",
        is_named=True,
    ),
    "bucket": Kind(f"model {{ small_embeddings {{ {_TABLES} }} }}"),
    "external": Kind(f"model {{ small_embeddings {{ {_TABLES} }} }}", external_above=0),
    "dcn": Kind(
        "model { backbone { dcn_config { poly_degree: 2 projection_dim: 3 use_parallel: true "
        "output_mlp { layer_sizes: 6 } "
        "parallel_mlp { layers { layer_size: 6 dropout {} } layers { layer_size: 6 } } } } }"
    ),
    "dlrm": Kind(
        "model { backbone { dlrm_config { bottom_mlp { layer_sizes: 4 } top_mlp { layer_sizes: 6 } } } "
        f"small_embeddings {{ {_TABLES} }} }}"
    ),
    "regression": Kind(
        'model { tasks { key: "reply" value { kind: TASK_KIND_REGRESSION mlp_config { layer_sizes: 1 } } } }',
        is_shared=False,
    ),
    "members": Kind("model { members: 2 }"),
    "position": Kind("model { position_debias_config { max_position: 5 num_dims: 2 position_feature { index: 1 } } }"),
    "calibration": Kind(
        f"{_Z_SCORES} downsampling_correction: DOWNSAMPLING_CORRECTION_CALIBRATION "
        'train_data { tasks { key: "like" value { neg_downsampling_rate: 0.25 } } }'
    ),
    "preprocessing": Kind(data=_PREPROCESSING),
    "logarithms": Kind(
        "model { featurization_config { clip_log1p_abs_config { clip_magnitude: 100 } "
        'feature_names_to_concat: ["discrete", "binary"] } stratifiers { name: "first" index: 0 value: 1 } '
        'stratifiers { name: "second" feature { index: 1 } value: 2 } }'
    ),
    "mixed_precision": Kind("runtime { enable_amp: true }"),
    "lists": LISTS,
    "bucket_lists": Kind(_FEW, has_lists=True),
}


def config_of(kind: Kind, data: Path, work: Path, name: str) -> Any:
    """The config of a kind, resolved; its run is `work/name`."""
    changes = (_SHORT, *_laid_over(kind, data))
    config = Runs(work, data).job(name, *changes, plain=kind.plain).config
    if not kind.is_shared:
        config.model.multi_task_type = MULTI_TASK_TYPE_SHARE_NONE
        config.model.ClearField("backbone")
        config.optimizer.multi_task_learning_rates.ClearField("backbone_learning_rate")
    return config


def make_bundle(kind: Kind, folder: Path, work: Path) -> None:
    """Trains and exports a bundle.

    Args:
        kind: what of.
        folder: the bundle's place.
        work: an existing folder for data and runs.
    """
    data = work / ("named" if kind.is_named else "lists" if kind.has_lists else "data")
    if not data.exists():
        data.mkdir()
        write_data(data)
        _write_statistics(data)
        if kind.is_named:
            _name_features(data / "schema.json")
        if kind.has_lists:
            write_lists(data)
    job = job_from(config_of(kind, data, work, f"run_{folder.name}"))
    assert run.train(job), "nobody interrupts it"
    export(job, folder, external_above=kind.external_above)


def _laid_over(kind: Kind, data: Path) -> Iterator[str]:
    if kind.has_lists:
        yield with_lists(data, kind.changes)
    elif kind.changes:
        yield kind.changes.replace("DATA/", f"{data}/")
    if kind.data:
        yield f"train_data {{ {kind.data} }}"
        # A value of a map takes the place of the one before.
        yield f'validation_data {{ key: "valid" value {{ {data_set(data, "valid")} {kind.data} }} }}'


def _write_statistics(data: Path) -> None:
    """Statistics as the verb writes them, of the training part."""
    config = data / "config.textproto"
    config.write_text(to_textproto(Runs(data, data).job("any", _Z_SCORES.replace("DATA/", f"{data}/")).config))
    assert main(["data", "statistics", str(config), "-o", str(data / "statistics.textproto")]) == 0


def _name_features(file: Path) -> None:
    schema = json.loads(file.read_text())
    for entry in schema["schema"]:
        if entry["length"] > 1:
            entry["names"] = [f"{entry['feature_name'][0]}/{place}" for place in range(entry["length"])]
    file.write_text(json.dumps(schema))
