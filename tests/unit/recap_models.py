"""Small models and batches for the tests of the model, the loss and the optimizers."""

from __future__ import annotations

from typing import Any

import torch
from google.protobuf import text_format
from rankspec.recap.v1.recap_pb2 import RecapConfig

from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model import build_model
from rankspec.trainer.inputs import Input

WIDTHS = {
    "continuous": 6,
    "binary": 3,
    "discrete": 2,
    "user_embedding": 4,
    "user_eng_embedding": 4,
    "author_embedding": 5,
}

# One of everything, so that a change of any field shows.
FULL = """
model {
  featurization_config {
    double_norm_log_config {
      batch_norm_config { momentum: 0.2 }
      clip_magnitude: 1.5
      layer_norm_config { epsilon: 0.01 }
    }
  }
  small_embeddings {
    tables { name: "user" num_embeddings: 7 embedding_dim: 3 index: 0 weight_decay: 0.3 init_std: 0.5 }
    tables { name: "item" num_embeddings: 5 embedding_dim: 2 index: 1 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET }
    dropout { rate: 0.25 }
  }
  multi_task_type: MULTI_TASK_TYPE_SHARE_PARTIAL
  backbone {
    mask_net_config {
      mask_blocks { output_size: 6 aggregation_size: 4 input_layer_norm: true }
      mask_blocks { output_size: 5 reduction_factor: 0.3 input_layer_norm: false }
      mlp { layer_sizes: [8, 6] batch_norm {} dropout { rate: 0.2 } final_layer_activation: true }
    }
  }
  tasks {
    key: "home.like"
    value { mlp_config { layer_sizes: [7, 1] } affine_map { scale: 1.5 bias: 0.25 } pos_weight: 2 }
  }
  tasks {
    key: "home.click"
    value { mlp_config { layers { layer_size: 6 dropout { rate: 0.3 } } layers { layer_size: 1 } } }
  }
  tasks {
    key: "home.reply"
    value {
      dcn_config {
        poly_degree: 3
        projection_dim: 3
        parallel_mlp { layer_sizes: 4 }
        output_mlp { layer_sizes: 1 }
      }
    }
  }
}
train_data {
  tasks { key: "home.like" value { pos_downsampling_rate: 0.8 neg_downsampling_rate: 0.1 } }
  tasks { key: "home.click" value {} }
  tasks { key: "home.reply" value {} }
}
optimizer {
  multi_task_learning_rates {
    tower_learning_rates { key: "home.like" value { constant: 0.05 } }
    tower_learning_rates {
      key: "home.click"
      value { linear_ramp_to_constant { learning_rate: 0.04 num_ramp_steps: 2 } }
    }
    tower_learning_rates {
      key: "home.reply"
      value { piecewise_constant { learning_rate_boundaries: 1 learning_rate_values: [0.03, 0.06] } }
    }
    backbone_learning_rate {
      linear_ramp_to_cosine { learning_rate: 0.02 final_learning_rate: 0.01 num_ramp_steps: 1 final_num_steps: 4 }
    }
  }
  adam { beta_1: 0.8 beta_2: 0.9 epsilon: 1e-3 weight_decay: 0.1 }
}
runtime { seed: 3 }
downsampling_correction: DOWNSAMPLING_CORRECTION_CALIBRATION
"""


def recap_config(text: str = FULL) -> RecapConfig:
    return text_format.Parse(text, RecapConfig())


def inputs(*names: str) -> list[Input]:
    """Names and widths of inputs; all of them if none is named."""
    return [Input(name, name, MODEL_INPUTS[name], WIDTHS[name], WIDTHS[name]) for name in names or WIDTHS]


def built(config: RecapConfig | str = FULL, *names: str) -> Any:
    """A `RankingModel`; its type is left open, as tests look at parts by names that torch does not know of."""
    model = build_model(recap_config(config) if isinstance(config, str) else config, inputs(*names))
    model.set_position(0)
    return model


def random_batch(rows: int = 8, tasks: int = 3, seed: int = 0) -> RecapBatch:
    generator = torch.Generator().manual_seed(seed)

    def normal(name: str) -> torch.Tensor:
        return torch.randn(rows, WIDTHS[name], generator=generator)

    return RecapBatch(
        continuous=normal("continuous") * 4,
        binary=torch.randint(0, 2, (rows, WIDTHS["binary"]), generator=generator),
        discrete=torch.randint(0, 5, (rows, WIDTHS["discrete"]), generator=generator),
        user_embedding=normal("user_embedding"),
        user_eng_embedding=normal("user_eng_embedding"),
        author_embedding=normal("author_embedding"),
        labels=torch.randint(0, 2, (rows, tasks), generator=generator).float(),
        weights=torch.rand(rows, tasks, generator=generator) + 0.5,
        first_row=0,
        global_rows=rows,
    )


def rows_of(batch: RecapBatch, start: int, stop: int) -> RecapBatch:
    """The slice of a global batch that one process has."""
    sliced: dict[str, Any] = {
        name: value[start:stop] for name, value in vars(batch).items() if isinstance(value, torch.Tensor)
    }
    return RecapBatch(**sliced, first_row=start, global_rows=batch.global_rows)
