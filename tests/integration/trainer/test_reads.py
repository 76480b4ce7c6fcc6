"""What a config sets is read: every adapter of the ranker reads all that it claims."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import numpy as np
import pytest
from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics, PlaceStatistics
from rankspec.recap.v1.data_pb2 import DDS_COMPRESSION_OPTION_AUTO
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.small_data import write_files
from tests.unit.small_movielens import write_grouplens

from rankspec.checking.check import check
from rankspec.claims.registry import Claim, all_claims, fields_read, forget_reads, unclaimed_paths
from rankspec.composition.compose import compose
from rankspec.datasets import movielens, random_data
from rankspec.families import program_of
from rankspec.families.jobs import job_of
from rankspec.families.recap.program import program  # noqa: F401 - what it claims is known once it is imported
from rankspec.families.recap.program.data.service import served_data
from rankspec.formats.writing import to_textproto
from rankspec.schema.descriptors import descriptor_of, is_map, map_value
from rankspec.schema.leaves import leaves
from rankspec.trainer import run
from rankspec.trainer.data.service.server import DataServer
from rankspec.trainer.setup import set_up

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

_CONFIGS = Path(__file__).parents[3] / "configs"
_TRAINING = """
mode: JOB_MODE_TRAIN
training {
  num_train_steps: 2 train_log_every_n: 1 eval_log_every_n: 2 checkpoint_every_n: 2 checkpoint_max_to_keep: 1
  num_eval_steps: 2 eval_timeout_in_s: 1 gradient_accumulation: 1 gradient_clip_norm: 1
  best_checkpoint { validation_data: "days" metric: "loss" patience: 3 }
}
"""
_RUNTIME = """
runtime {
  device: DEVICE_CPU enable_tensorfloat32: false enable_amp: true amp_dtype: AMP_DTYPE_BFLOAT16 seed: 3
  deterministic: true
}
"""
_WANDB = """
runtime {
  wandb {
    host: "http://localhost:1" key_path: "FOLDER/key" name: "n" entity: "e" project: "p" tags: "t" notes: "o"
    metadata { key: "a" value: "b" }
  }
}
"""
_DATA = """
global_batch_size: 8 repeat_files: true cache: true interleave_num_parallel_calls: 1 map_num_parallel_calls: 1
file_batch_size: 1 examples_shuffle_buffer_size: 8 ignore_data_errors: false num_files_to_keep: 2
evaluation_tasks: "like"
seg_dense_schema {
  schema_path: "FOLDER/schema.json"
  renamed_features { key: "continuous" value: "cont" }
  renamed_features { key: "binary" value: "bin" }
  renamed_features { key: "discrete" value: "ids" }
  features: "emb"
  mask_mantissa_features { key: "continuous" value: 8 }
}
tasks { key: "like" value { pos_downsampling_rate: 0.9 neg_downsampling_rate: 0.5 } }
tasks { key: "reply" value {} }
preprocess {
  truncate_and_slice {
    continuous_feature_truncation: 5 binary_feature_truncation: 3
    continuous_feature_mask_path: "FOLDER/five.npy" binary_feature_mask_path: "FOLDER/three.npy"
  }
  downcast { features { key: "continuous" value: DATA_TYPE_BFLOAT16 } }
}
"""
_STEPS = """
train_data {
  preprocess {
    rectify_labels {
      label_rectification_window_in_hours: 1 served_timestamp_field: "served" impressed_timestamp_field: "shown"
      label_to_engaged_timestamp_field { key: "like" value: "liked_at" }
    }
    extract_features { extract_feature_table { name: "first" source_tensor: "binary" index: 0 } }
    downsample_negatives { engagements_list: "like" num_engagements: 2 batch_multiplier: 2 }
  }
}
"""
_PLACES = """
train_data { inputs: "FOLDER/*.parquet" }
validation_data {
  key: "days"
  value {
    explicit_date_inputs { data_root: "FOLDER/days" end_date: "2024/03/02" days: 2 num_missing_days_tol: 1 }
  }
}
validation_data {
  key: "hours"
  value {
    explicit_datetime_inputs {
      data_root: "FOLDER/hours" end_datetime: "2024/03/02/01" hours: 2 num_missing_hours_tol: 1
    }
  }
}
"""
_ALL_KINDS = """
model {
  featurization_config {
    double_norm_log_config {
      batch_norm_config { affine: true momentum: 0.1 } clip_magnitude: 5
      layer_norm_config { epsilon: 0.1 axis: -1 center: true scale: true }
    }
    feature_names_to_concat: "binary"
  }
  small_embeddings {
    tables {
      name: "user" num_embeddings: 9 embedding_dim: 2 index: 0 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET
      weight_decay: 0.1 init_std: 0.5 l2: 0.001
    }
    tables { name: "item" num_embeddings: 9 embedding_dim: 2 index: 1 }
    dropout { rate: 0.1 }
  }
  members: 2
  stratifiers { name: "first" index: 0 value: 1 }
  multi_task_type: MULTI_TASK_TYPE_SHARE_PARTIAL
  backbone {
    mask_net_config {
      mask_blocks { output_size: 4 aggregation_size: 4 input_layer_norm: true }
      mask_blocks { output_size: 4 reduction_factor: 0.5 input_layer_norm: false }
      mlp { layer_sizes: [4, 4] batch_norm {} dropout { rate: 0.1 } final_layer_activation: true }
      use_parallel: true
    }
  }
  tasks {
    key: "like"
    value {
      mlp_config { layers { layer_size: 4 dropout { rate: 0.1 } } layers { layer_size: 1 } }
      affine_map { scale: 1 bias: 0 } kind: TASK_KIND_BINARY_CLASSIFICATION pos_weight: 2
    }
  }
  tasks {
    key: "reply"
    value {
      dcn_config {
        poly_degree: 2 projection_dim: 2 use_parallel: true parallel_mlp { layer_sizes: 2 }
        output_mlp { layer_sizes: 1 }
      }
    }
  }
}
optimizer {
  multi_task_learning_rates {
    tower_learning_rates { key: "like" value { constant: 0.01 } }
    tower_learning_rates {
      key: "reply" value { linear_ramp_to_constant { learning_rate: 0.01 num_ramp_steps: 2 } }
    }
    backbone_learning_rate {
      linear_ramp_to_cosine { learning_rate: 0.02 final_learning_rate: 0.01 num_ramp_steps: 1 final_num_steps: 4 }
    }
  }
  adam { beta_1: 0.8 beta_2: 0.9 epsilon: 1e-3 weight_decay: 0.1 }
}
downsampling_correction: DOWNSAMPLING_CORRECTION_CALIBRATION
which_metrics: "loss,auroc"
"""
_OTHER_CHOICES = """
model {
  multi_task_type: MULTI_TASK_TYPE_SHARE_NONE
  tasks { key: "like" value { mlp_config { layer_sizes: [4, 1] } } }
  tasks {
    key: "reply"
    value { dlrm_config { bottom_mlp { layer_sizes: [4, 2] } top_mlp { layer_sizes: [4, 1] } } }
  }
  small_embeddings { tables { name: "user" num_embeddings: 9 embedding_dim: 2 index: 0 } }
  position_debias_config { max_position: 5 num_dims: 2 drop_probability: 0.25 position_feature_index: 1 }
}
optimizer {
  single_task_learning_rate { piecewise_constant { learning_rate_boundaries: 1 learning_rate_values: [0.1, 0.2] } }
  sgd { momentum: 0.5 weight_decay: 0.1 }
}
"""
_LOGARITHM = "featurization_config { log1p_abs_config {} }"
_Z_SCORE = """
featurization_config {
  z_score_log_config {
    analysis_path: "FOLDER/statistics.textproto" schema_path: "FOLDER/schema.json" clip_magnitude: 4
  }
}
"""
_NORM_OF_PARTS = """
featurization_config { z_score_log_config { analysis_path: "FOLDER/parts" use_bq_stats: true use_batch_norm: true } }
"""
_RENORM_OF_PARTS = """
featurization_config { z_score_log_config { analysis_path: "FOLDER/parts" use_bq_stats: true use_renorm: true } }
"""
_CLIPPED = "featurization_config { clip_log1p_abs_config { clip_magnitude: 5 } }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data sets by day, by hour and by pattern, masks and a key."""
    folder = tmp_path_factory.mktemp("data")
    for place in (".", "days/2024/03/02", "hours/2024/03/02/01"):
        write_files(folder / place, [40, 24])
    np.save(folder / "five.npy", np.array([1, 1, 0, 1, 1]))
    np.save(folder / "three.npy", np.array([1, 0, 1]))
    (folder / "parts").mkdir()
    place = {"num_finite": 64, "min": -3, "max": 3, "log_mean": 0, "log_squares": 16}
    lines = [{"column": "cont", "place": number, **place} for number in range(6)]
    (folder / "parts/000000000000.json").write_text("\n".join(map(json.dumps, lines)))
    column = ColumnStatistics(column="cont", length=6, places=[PlaceStatistics(place=n, **place) for n in range(6)])
    (folder / "statistics.textproto").write_text(to_textproto(DataStatistics(columns=[column])))
    (folder / "key").write_text("0123456789" * 4)
    return folder


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts something that drops all figures in the place of a run of Weights & Biases."""
    monkeypatch.setattr(pytest.importorskip("wandb"), "init", lambda **_: Mock())
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture(autouse=True)
def _from_here_on() -> None:
    # Imports every adapter, whichever test comes first.
    program_of(RecapConfig.DESCRIPTOR.full_name)
    forget_reads()


def _configs(data: Path, runs: Path) -> list[RecapConfig]:
    """Configs that together set every field that the ranker's adapters claim; to be run in their order."""
    configs = [
        _config(data, runs / "all", _ALL_KINDS, _WANDB, _STEPS),
        _config(data, runs / "plain", _OTHER_CHOICES, f"model {{ {_LOGARITHM} }}"),
        _config(data, runs / "clipped", _OTHER_CHOICES, f"model {{ {_CLIPPED} }}"),
    ]
    for number, z_score in enumerate((_Z_SCORE, _NORM_OF_PARTS, _RENORM_OF_PARTS)):
        configs.append(_config(data, runs / f"z_score_{number}", _OTHER_CHOICES, f"model {{ {z_score} }}"))
    # No weight depends on what the two differ in.
    configs[2].training.initial_checkpoint_dir = str(runs / "plain/2")
    configs.append(_config(data, runs / "served", _OTHER_CHOICES, f"model {{ {_LOGARITHM} }}"))
    configs[3].train_data.data_service_dispatcher = "grpc://127.0.0.1:1"
    configs[3].train_data.dataset_service_compression = DDS_COMPRESSION_OPTION_AUTO
    return configs


def _config(data: Path, save_dir: Path, *texts: str) -> RecapConfig:
    config = RecapConfig()
    for text in (_TRAINING, _RUNTIME, _PLACES, *texts):
        text_format.Merge(text.replace("FOLDER", str(data)), config)
    for data_set in (config.train_data, *config.validation_data.values()):
        text_format.Merge(_DATA.replace("FOLDER", str(data)), data_set)
    for data_set in config.validation_data.values():
        # Loading takes it away again: all of them say everything themselves.
        data_set.inherit_train_data = True
    config.training.save_dir = str(save_dir)
    return config


def _messages_below(descriptor: Descriptor, claimed: Mapping[str, set[str]]) -> set[str]:
    """Full names of the messages that a config can hold, as far as fields are claimed."""
    found, left = set(), [descriptor]
    while left:
        message = left.pop()
        found.add(message.full_name)
        for field in message.fields:
            inner = _message_of(field)
            if field.name in claimed[message.full_name] and inner is not None and inner.full_name not in found:
                left.append(inner)
    return found


def _message_of(field: FieldDescriptor) -> Descriptor | None:
    held: Descriptor | None = (map_value(field) if is_map(field) else field).message_type
    return held


def _claims_of_recap() -> list[Claim]:
    """The claims on what a ranker's config can hold, of the adapters that a ranker has."""
    modules = (
        "rankspec.families.recap.",
        "rankspec.trainer.",
        "rankspec.families.jobs.",
        "rankspec.composition.",
        "rankspec.families.recap.input_signature.",
        "rankspec.optimization.learning_rates.",
    )
    ours = [claim for claim in all_claims() if claim.adapter.startswith(modules)]
    claimed: defaultdict[str, set[str]] = defaultdict(set)
    for claim in ours:
        claimed[claim.message].add(claim.field)
    messages = _messages_below(descriptor_of(RecapConfig), claimed)
    return [claim for claim in ours if claim.message in messages]


def _set_fields(config: Message) -> set[tuple[str, str]]:
    return {
        (field.containing_type.full_name, field.name)
        for leaf in leaves(config)
        for field in leaf.fields
        if field.containing_type is not None
    }


def test_configs_set_all_that_is_claimed(folder: Path, tmp_path: Path) -> None:
    configs = _configs(folder, tmp_path)

    assert [list(unclaimed_paths(config)) for config in configs] == [[]] * len(configs)
    assert {(claim.message, claim.field) for claim in _claims_of_recap()} == set().union(*map(_set_fields, configs))


@pytest.mark.usefixtures("_offline")
def test_adapters_read_all_that_they_claim(folder: Path, tmp_path: Path) -> None:
    configs = _configs(folder, tmp_path)
    server = DataServer(served_data(configs[3]), "grpc://127.0.0.1:0")
    configs[3].train_data.data_service_dispatcher = f"grpc://127.0.0.1:{server.port}"
    for config in configs:
        file = tmp_path / "run.textproto"
        file.write_text(to_textproto(config))
        loaded = check([file])
        assert loaded.diagnostics == []
        assert run.train(job_of(loaded))
    server.close()

    assert [claim for claim in _claims_of_recap() if not claim.is_read] == []


def test_tiny_config_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKSPEC_RUNS", str(tmp_path))
    monkeypatch.chdir(_CONFIGS.parent)
    loaded = compose(_CONFIGS / "recap/tiny.textproto", overrides=["training.num_train_steps=2"])

    assert run.train(job_of(loaded))

    assert _set_but_not_read(loaded.message) == set()


def test_remote_config_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKSPEC_RUNS", str(tmp_path))
    monkeypatch.chdir(_CONFIGS.parent)
    file = _CONFIGS / "recap/remote.textproto"
    server = DataServer(served_data(compose(file).message), "grpc://127.0.0.1:0")
    monkeypatch.setenv("RANKSPEC_DATA_SERVICE", f"grpc://127.0.0.1:{server.port}")
    loaded = compose(file, overrides=["training.num_train_steps=2"])

    assert run.train(job_of(loaded))
    server.close()

    assert _set_but_not_read(loaded.message) == set()


def test_tfrecord_config_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKSPEC_RUNS", str(tmp_path))
    monkeypatch.setenv("RANKSPEC_TFRECORD", str(tmp_path / "data"))
    random_data.write(tmp_path / "data", num_rows=400, num_files=4, widths=random_data.SMALL, form="tfrecord")
    loaded = compose(_CONFIGS / "recap/tfrecord.textproto", overrides=["training.num_train_steps=2"])

    assert run.train(job_of(loaded))

    assert _set_but_not_read(loaded.message) == set()


@pytest.mark.parametrize("name", ["ranker", "ensemble"])
def test_movielens_config_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    movielens.prepare(tmp_path / "data", write_grouplens(tmp_path / "source"))
    monkeypatch.setenv("MOVIELENS_DATA", str(tmp_path))
    loaded = compose(_CONFIGS / f"movielens/{name}.textproto", overrides=["training.num_train_steps=2"])

    assert run.train(job_of(loaded))

    assert _set_but_not_read(loaded.message) == set()


def test_production_config_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a step: the model has 48 million parameters."""
    random_data.write(tmp_path / "data", num_rows=256)
    monkeypatch.setenv("RANKSPEC_RANDOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RANKSPEC_RUNS", str(tmp_path))
    loaded = compose(_CONFIGS / "recap/local_prod.textproto")

    with set_up(job_of(loaded)) as setup:
        run.TrainingRun(setup)
        tasks, sums = len(setup.program.loss_parts), len(setup.program.sum_names)
        setup.program.training_figures(np.zeros(tasks), np.ones((sums, tasks)))

    assert _set_but_not_read(loaded.message) == set()


def _set_but_not_read(config: Message) -> set[tuple[str, str]]:
    read = fields_read()
    return {(message, field) for message, field in _set_fields(config) if field not in read.get(message, ())}
