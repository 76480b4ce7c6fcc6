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
    "^[0-9]{4}/(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])$": Samples(
        ("2023/01/31",), ("2023/1/31", "2023/13/01", "2023/01/32", "2023-01-31", "2023/01/31\n", "\uff12023/01/31")
    ),
    "^[0-9]{4}/(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])/([01][0-9]|2[0-3])$": Samples(
        ("2023/01/31/23",), ("2023/01/31", "2023/01/31/24", "2023/01/31/7")
    ),
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

# By message type, or by type and field where a field can only be set beside others.
BASES = {
    "rankspec.data.v1.PlaceStatistics": "place: 0 num_finite: 2 min: -1 max: 1",
    "rankspec.data.v1.ColumnStatistics": 'column: "c" length: 4 places { place: 0 num_finite: 1 }',
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
    "rankspec.recap.v1.StratifierConfig": f"{_STRATUM} index: 1",
    "rankspec.recap.v1.StratifierConfig.feature": f'{_STRATUM} feature {{ name: "user" }}',
    "rankspec.recap.v1.MlpConfig": "layer_sizes: 1",
    "rankspec.recap.v1.MlpConfig.layers": "layers { layer_size: 1 }",
    "rankspec.recap.v1.RecapConfig.which_metrics": _RANKER + 'which_metrics: "loss,rce"',
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
    "rankspec.twhin.v1.TwhinEmbeddingsConfig.tables_to_log": _TABLES + 'tables_to_log: "user"',
    "rankspec.twhin.v1.TwhinEmbeddingsConfig": _TABLES,
    "rankspec.twhin.v1.TwhinModelConfig": f"""
        embeddings {{ {_TABLES} }}
        relations {{ name: "follow" lhs: "user" rhs: "user" }}
        translation_optimizer {{ sgd {{ lr: 0.1 }} }}
    """,
}
