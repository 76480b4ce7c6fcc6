"""Small configs that tests start from."""

from pathlib import Path

HEADER = "# proto-file: rankspec/recap/v1/recap.proto\n# proto-message: RecapConfig\n"

# A valid config: one tower of two layers on the inputs, one learning rate.
VALID = (
    HEADER
    + """
model {
  tasks {
    key: "liked"
    value { mlp_config { layer_sizes: [8, 1] } }
  }
  featurization_config { log1p_abs_config {} }
}
train_data {
  inputs: "data/*.parquet"
  global_batch_size: 32
  seg_dense_schema {
    schema_path: "schema.json"
    renamed_features { key: "continuous" value: "c" }
    renamed_features { key: "binary" value: "b" }
  }
  tasks { key: "liked" value {} }
}
optimizer {
  single_task_learning_rate { constant: 0.01 }
  adam {}
}
"""
)


def write(folder: Path, text: str, name: str = "config.textproto") -> Path:
    """Writes a config file and returns its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
