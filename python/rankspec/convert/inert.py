"""What fields of the reference's configurations really did there: one table, read by `rankspec.convert`.

A key names a field by its message, or by the field that holds the message where only that holder matters
(`ModelConfig.backbone.pos_weight`). Fields that are not listed did what they say. A block that is listed speaks for
everything in it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

# `none`: whatever the value, the run was the same. `other`: it changed something else than it says.
# `failure`: a run that had it ended with an error.
Effect = Literal["none", "other", "failure"]


class Inert(NamedTuple):
    """What became of a field.

    Attributes:
        effect: How far it missed.
        text: What really happened.
        except_for: The one value, as a config writes it, that did what it says; None if there is none.
    """

    effect: Effect
    text: str
    except_for: str | None = None


_UNREAD = Inert("none", "no code read it")
_NO_EVALUATION = Inert("none", "runs never evaluated anything")
_NO_CLEANING = Inert("none", "checkpoints were never deleted")
_NOT_BUILT = Inert("failure", "the code that would build it was missing")
_DATE_FOLDERS = Inert("failure", "listing dated folders called a helper with an argument it did not have")
_TWO_ONLY = Inert(
    "other", "gradients were accumulated correctly over exactly 2 batches and lost for any other number", "2"
)
_NOT_WIRED = Inert("none", "the value was not handed to the code that would use it")

INERT = {
    "train.v1.TrainingConfig.save_dir": Inert("none", "the command line's --save_dir alone said where a run went"),
    "train.v1.TrainingConfig.checkpoint_max_to_keep": _NO_CLEANING,
    "train.v1.TrainingConfig.num_eval_steps": _NO_EVALUATION,
    "train.v1.TrainingConfig.eval_log_every_n": _NO_EVALUATION,
    "train.v1.TrainingConfig.eval_timeout_in_s": _NO_EVALUATION,
    "train.v1.TrainingConfig.gradient_accumulation": _TWO_ONLY,
    "train.v1.TrainingConfig.num_epochs": Inert("none", "the data was repeated until num_train_steps, however often"),
    "embedding.v1.EmbeddingBagConfig.pretrained": Inert("none", "tables always started from random rows"),
    "embedding.v1.EmbeddingBagConfig.vocab": _UNREAD,
    "optim.v1.OptimizerConfig.learning_rate": Inert(
        "none", "the schedule was logged, and steps used the algorithm's own lr"
    ),
    "optim.v1.OptimizerConfig.adam": Inert("failure", "the tables' optimizer refused Adam's betas"),
    "optim.v1.SgdConfig.momentum": Inert("none", "the tables' SGD has no momentum"),
    "twhin.v1.TwhinConfig.runtime": Inert(
        "none", "no code read the block; mixed precision and TensorFloat-32 stayed off"
    ),
    "twhin.v1.TwhinConfig.validation_data": _NO_EVALUATION,
    "twhin.v1.TwhinDataConfig.global_negatives": Inert("none", "negatives were drawn within the batch only"),
    "twhin.v1.TwhinDataConfig.limit": Inert("none", "every row of the files was read"),
    "twhin.v1.TwhinDataConfig.offset": Inert("none", "reading began with the first row"),
    "twhin.v1.TwhinEmbeddingsConfig.tables_to_log": _NOT_WIRED,
    "twhin.v1.TwhinModelConfig.translation_optimizer": Inert(
        "none", "the relations' vectors got no gradient, so no optimizer moved them"
    ),
    "twhin.v1.Relation.name": Inert("none", "a relation was known by its place in the list"),
    "twhin.v1.Relation.operator": Inert("none", "every relation was a translation"),
    "recap.v1.TrainingConfig.checkpoint_max_to_keep": _NO_CLEANING,
    "recap.v1.TrainingConfig.num_eval_steps": _NO_EVALUATION,
    "recap.v1.TrainingConfig.eval_log_every_n": _NO_EVALUATION,
    "recap.v1.TrainingConfig.eval_timeout_in_s": _NO_EVALUATION,
    "recap.v1.TrainingConfig.gradient_accumulation": _TWO_ONLY,
    "recap.v1.RecapConfig.validation_data": _NO_EVALUATION,
    "recap.v1.RecapConfig.which_metrics": _NO_EVALUATION,
    "recap.v1.RecapDataConfig.explicit_datetime_inputs": _DATE_FOLDERS,
    "recap.v1.RecapDataConfig.explicit_date_inputs": _DATE_FOLDERS,
    "recap.v1.RecapDataConfig.repeat_files": Inert("none", "files were always repeated without end"),
    "recap.v1.RecapDataConfig.cache": Inert(
        "none", "rows were stored after the endless repetition and never used again"
    ),
    "recap.v1.RecapDataConfig.data_service_dispatcher": _NOT_WIRED,
    "recap.v1.RecapDataConfig.dataset_service_compression": _NOT_WIRED,
    "recap.v1.RecapDataConfig.evaluation_tasks": _NO_EVALUATION,
    "recap.v1.RecapDataConfig.sampler": _UNREAD,
    "recap.v1.SegDenseSchema.mask_mantissa_features": Inert("none", "the test for its entries was always false"),
    "recap.v1.Preprocess.extract_features": Inert("none", "features were extracted and then read by nothing"),
    "recap.v1.LayerNormConfig.axis": Inert("failure", "only the last axis, -1, was implemented", "-1"),
    "recap.v1.FeaturizationConfig.log1p_abs_config": _NOT_BUILT,
    "recap.v1.FeaturizationConfig.clip_log1p_abs_config": _NOT_BUILT,
    "recap.v1.FeaturizationConfig.z_score_log_config": _NOT_BUILT,
    "recap.v1.FeaturizationConfig.feature_names_to_concat": Inert(
        "none", "the binary features were always joined, no others"
    ),
    "recap.v1.TaskModel.dcn_config": _NOT_BUILT,
    "recap.v1.TaskModel.dlrm_config": _NOT_BUILT,
    "recap.v1.ModelConfig.backbone.affine_map": Inert("none", "only towers mapped their logit"),
    "recap.v1.ModelConfig.backbone.pos_weight": Inert("none", "only towers have a loss to weight"),
    "recap.v1.ModelConfig.large_embeddings": _NOT_BUILT,
    "recap.v1.ModelConfig.small_embeddings": _NOT_BUILT,
    "recap.v1.ModelConfig.position_debias_config": _NOT_BUILT,
    "recap.v1.ModelConfig.stratifiers": Inert("none", "rows were sorted into slices that no metric looked at"),
    "recap.v1.RecapOptimizerConfig.single_task_learning_rate": Inert(
        "failure", "the optimizer could not be built from one rate for all parameters"
    ),
}

# The rules of ours that refuse what has no effect. Where one objects to a field of this name, the field is left out.
DROPPED = {
    "recap.data.service_addresses": ("data_service_dispatcher", "it was never used, and is no address of ours"),
    "recap.data.compression_needs_service": ("dataset_service_compression", "there is no data service to compress for"),
    "recap.model.backbone_has_no_logit": ("affine_map pos_weight", "a backbone has neither logit nor loss"),
    "recap.mlp.hidden_layer_options": ("batch_norm dropout", "it applies to hidden layers, and this network has none"),
    "recap.dcn.parallel_mlp_used": ("parallel_mlp", "use_parallel is false"),
    "optim.optimizer.one_learning_rate": ("lr", "learning_rate gives the rate and is kept"),
    "recap.embedding_optimizer.one_learning_rate": ("init_learning_rate", "learning_rate gives the rate and is kept"),
}
