"""What cannot be derived from the descriptors.

Strings that match a pattern, and messages of which rules over several fields ask more than each field's own rules do.
"""

from typing import NamedTuple


class Samples(NamedTuple):
    """Strings for a pattern.

    Attributes:
        matching: Some that match.
        others: Some that do not.
    """

    matching: tuple[str, ...]
    others: tuple[str, ...]


PATTERNS = {
    "^[A-Za-z_][A-Za-z0-9_]*$": Samples(("name", "_Z9"), ("", "9a", "a.b", "a\n", "é")),
    "^[A-Za-z_][A-Za-z0-9_.-]*$": Samples(("name", "a.b-c_9"), ("", ".a", "a b", 'a"b', "a\n", "é", "a\\")),
    "^[A-Za-z0-9_][A-Za-z0-9_.-]*$": Samples(
        ("_vocabulary-0001", "9.a"), ("", ".a", "-a", "../a", "a/b", "a b", "a\n", "é")
    ),
    "^[0-9a-f]{64}$": Samples(
        ("0123456789abcdef" * 4,), ("", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "g", "0" * 64 + "\n")
    ),
    "^[0-9]{4}/(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])$": Samples(
        ("2023/01/31",), ("2023/1/31", "2023/13/01", "2023/01/32", "2023-01-31", "2023/01/31\n", "\uff12023/01/31")
    ),
    "^[0-9]{4}/(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])/([01][0-9]|2[0-3])$": Samples(
        ("2023/01/31/23",), ("2023/01/31", "2023/01/31/24", "2023/01/31/7")
    ),
    "^[^\\n]+$": Samples(("a column", "é"), ("", "a\nb", "a\n")),
    "^[a-z][a-z0-9_]*$": Samples(("train", "part_2"), ("", "Train", "2", "_a", "a-b", "a\n")),
    "^[a-z][a-z0-9_]*(@[A-Za-z0-9_.-]+)?(/[A-Za-z_][A-Za-z0-9_.-]*)?$": Samples(
        matching=("loss", "auroc/like", "ndcg@10/home.reply-2"),
        others=("Loss", "auroc/", "auroc@/like", "auroc/like/reply", "loss/2", "loss\n", "loss@a b"),
    ),
}

_DATA = """
    inputs: "data/*.parquet"
    global_batch_size: 32
    seg_dense_schema {
      schema_path: "schema.json"
      renamed_features { key: "continuous" value: "c" }
      renamed_features { key: "binary" value: "b" }
    }
    tasks { key: "liked" value {} }
"""
_RANKER = f"""
    model {{
      tasks {{ key: "liked" value {{ mlp_config {{ layer_sizes: [8, 1] }} }} }}
      featurization_config {{ log1p_abs_config {{}} }}
    }}
    train_data {{ {_DATA} }}
    optimizer {{ single_task_learning_rate {{ constant: 0.01 }} adam {{}} }}
"""
_TABLES = """
    tables { name: "user" num_embeddings: 10 embedding_dim: 4 data_type: DATA_TYPE_FP32 optimizer { sgd { lr: 0.1 } } }
"""
_EXTRACTED = 'name: "age" source_tensor: "continuous"'
_SMALL_TABLE = 'name: "user" num_embeddings: 10 embedding_dim: 4'
_STRATUM = 'name: "new" value: 1'

_SIGNATURE = f"""
    inputs {{ name: "ids" type: VALUE_TYPE_INT64 width: 2 }}
    hash: "{"0" * 64}"
"""
_MANIFEST = f"""
    format_version: 1
    least_reader_version: 1
    files {{ name: "model.onnx" sha256: "{"0" * 64}" size: 1 }}
    fingerprint: "f"
    semantic_fingerprint: "s"
    run_fingerprint: "r"
    step: 60
    config_message: "rankspec.recap.v1.RecapConfig"
    config_file: "resolved.binpb"
    config_text_file: "resolved.textproto"
    model_file: "model.onnx"
    golden_file: "golden.bin"
    signature {{ {_SIGNATURE} }}
    outputs {{ name: "liked" kind: OUTPUT_KIND_PROBABILITY }}
    precision {{}}
    tolerance {{}}
    golden_batches {{ name: "edge/nan" num_rows: 1 }}
"""

_COLUMN = 'name: "c" kind: RAW_KIND_TEXT '
_PARTS = 'parts { name: "train" per_mille: 900 } parts { name: "test" per_mille: 100 } '
_SPLIT = _PARTS + 'key { columns: "c" }'
_RECIPE = """
    semantics: 1
    columns { name: "c" kind: RAW_KIND_INT64 }
    features { name: "c" hashed { column: "c" num_buckets: 10 } }
"""

# By message type, or by type and field where a field can only be set beside others.
BASES = {
    "rankspec.data.v1.PlaceStatistics": "place: 0 num_finite: 2 min: -1 max: 1",
    "rankspec.data.v1.ColumnStatistics": 'column: "c" length: 4 places { place: 0 num_finite: 1 }',
    "rankspec.data.v1.CategoryFitting.file": f'file: "_vocabulary" sha256: "{"0" * 64}"',
    "rankspec.data.v1.CategoryFitting.sha256": f'file: "_vocabulary" sha256: "{"0" * 64}"',
    "rankspec.data.v1.NumberFitting": "low: -1 high: 1",
    "rankspec.data.v1.RawColumn": _COLUMN,
    "rankspec.data.v1.RawColumn.separator": _COLUMN + 'list: true separator: "|"',
    "rankspec.data.v1.RawColumn.time_zone": """
        name: "c" kind: RAW_KIND_TIME
        time_zone { name: "UTC" offsets { local_micros: 0 offset_seconds: 0 } }
    """,
    "rankspec.data.v1.RawColumn.time_unit_micros": 'name: "c" kind: RAW_KIND_TIME time_unit_micros: 1000000',
    "rankspec.data.v1.Split": _SPLIT,
    "rankspec.data.v1.Split.time": _PARTS + 'time { column: "at" }',
    "rankspec.data.v1.Recipe": _RECIPE,
    "rankspec.data.v1.Recipe.labels": _RECIPE + 'labels { task: "bought" column: "c" at_least: 1 }',
    "rankspec.data.v1.Recipe.split": _RECIPE + 'split { parts { name: "train" per_mille: 1000 } key { columns: "c" } }',
    "rankspec.data.v1.Recipe.fitted": _RECIPE + 'text { missing: "" true_values: "1" false_values: "0" } fitted {}',
    "rankspec.optim.v1.AdamConfig.betas": "betas: [0.5, 0.75]",
    "rankspec.optim.v1.LinearRampToCosine": (
        "learning_rate: 0.5 final_learning_rate: 0.25 num_ramp_steps: 5 final_num_steps: 10"
    ),
    "rankspec.optim.v1.OptimizerConfig": "sgd { lr: 0.5 }",
    "rankspec.optim.v1.OptimizerConfig.adagrad": "adagrad { lr: 0.5 }",
    "rankspec.optim.v1.OptimizerConfig.adam": "adam { lr: 0.5 }",
    "rankspec.optim.v1.OptimizerConfig.learning_rate": "learning_rate { constant: 0.5 } sgd {}",
    "rankspec.optim.v1.PiecewiseConstant.learning_rate_boundaries": (
        "learning_rate_boundaries: 5 learning_rate_values: [0.5, 0.25]"
    ),
    "rankspec.recap.v1.EmbeddingOptimizerConfig": "init_learning_rate: 0.5",
    "rankspec.recap.v1.LargeEmbeddingsConfig.tables_to_log": """
        tables { name: "user" num_embeddings: 10 embedding_dim: 4 }
        optimizer { init_learning_rate: 0.5 }
        tables_to_log: "user"
    """,
    "rankspec.recap.v1.ExtractFeaturesRow": f"{_EXTRACTED} index: 1",
    "rankspec.recap.v1.ExtractFeaturesRow.feature": f'{_EXTRACTED} feature {{ name: "age" }}',
    "rankspec.recap.v1.PositionDebiasConfig": "position_feature_index: 1",
    "rankspec.recap.v1.PositionDebiasConfig.position_feature": 'position_feature { name: "place" }',
    "rankspec.recap.v1.SmallEmbeddingBagConfig": f"{_SMALL_TABLE} index: 1",
    "rankspec.recap.v1.SmallEmbeddingBagConfig.feature": f'{_SMALL_TABLE} feature {{ name: "user" }}',
    "rankspec.recap.v1.SmallEmbeddingBagConfig.list": f'{_SMALL_TABLE} list {{ input: "tags" pooling: POOLING_SUM }}',
    "rankspec.recap.v1.StratifierConfig": f"{_STRATUM} index: 1",
    "rankspec.recap.v1.StratifierConfig.feature": f'{_STRATUM} feature {{ name: "user" }}',
    "rankspec.recap.v1.MlpConfig": "layer_sizes: 1",
    "rankspec.recap.v1.MlpConfig.layers": "layers { layer_size: 1 }",
    "rankspec.recap.v1.RecapConfig.which_metrics": _RANKER + 'which_metrics: "loss,rce"',
    "rankspec.recap.v1.RecapConfig.score_weights": _RANKER + 'score_weights { key: "liked" value: 0.5 }',
    "rankspec.recap.v1.RecapConfig": _RANKER,
    "rankspec.recap.v1.RecapDataConfig": _DATA,
    "rankspec.recap.v1.RecapDataConfig.evaluation_tasks": _DATA + 'evaluation_tasks: "liked"',
    "rankspec.recap.v1.RecapDataConfig.num_engagements": _DATA + "num_engagements: 1",
    "rankspec.recap.v1.RecapDataConfig.data_service_dispatcher": _DATA
    + 'data_service_dispatcher: "grpc://localhost:1"',
    "rankspec.recap.v1.RecapDataConfig.dataset_service_compression": (
        _DATA + 'data_service_dispatcher: "grpc://localhost:1" dataset_service_compression: DDS_COMPRESSION_OPTION_AUTO'
    ),
    "rankspec.recap.v1.SegDenseSchema.mask_mantissa_features": """
        schema_path: "schema.json"
        renamed_features { key: "continuous" value: "c" }
        renamed_features { key: "binary" value: "b" }
        mask_mantissa_features { key: "continuous" value: 2 }
    """,
    "rankspec.recap.v1.SegDenseSchema": """
        schema_path: "schema.json"
        renamed_features { key: "continuous" value: "c" }
        renamed_features { key: "binary" value: "b" }
    """,
    "rankspec.serving.v1.FeatureSignature.id_tables": _SIGNATURE
    + 'id_tables { name: "t" input: "ids" position: 1 num_ids: 9 out_of_range_ids: OUT_OF_RANGE_IDS_ERROR }',
    "rankspec.serving.v1.ServedInput.feature_names": 'name: "ids" type: VALUE_TYPE_INT64 width: 1 feature_names: "a"',
    "rankspec.serving.v1.ServedInput.unread_positions": 'name: "ids" type: VALUE_TYPE_INT64 width: 99',
    "rankspec.serving.v1.BundleManifest.score_weights": _MANIFEST + 'score_weights { key: "liked" value: 1 }',
    "rankspec.serving.v1.BundleManifest": _MANIFEST,
    "rankspec.twhin.v1.TwhinEmbeddingsConfig.tables_to_log": _TABLES + 'tables_to_log: "user"',
    "rankspec.twhin.v1.TwhinEmbeddingsConfig": _TABLES,
    "rankspec.twhin.v1.TwhinModelConfig": f"""
        embeddings {{ {_TABLES} }}
        relations {{ name: "follow" lhs: "user" rhs: "user" }}
        translation_optimizer {{ sgd {{ lr: 0.1 }} }}
    """,
}
