"""Explaining the schema from its comments and annotations."""

import pytest

from rankspec.analysis.explanation import explain


@pytest.mark.parametrize(
    ("subject", "phrases"),
    [
        pytest.param("training.num_train_steps", ["int64", "1000000", "greater than 0", "semantic", "free"], id="path"),
        pytest.param('model.tasks["any.name"].pos_weight', ["double", "greater than 0", "loss"], id="path/with_key"),
        pytest.param("model.tasks.mlp_config.layer_sizes[3]", ["repeated int32"], id="path/without_key"),
        pytest.param("runtime.device", ["DEVICE_AUTO", "DEVICE_CUDA"], id="path/enum_with_values"),
        pytest.param("train_data.inputs", ["one of", "explicit_date_inputs"], id="path/oneof_member"),
        pytest.param("model.relations", ["repeated Relation"], id="path/of_twhin"),
        pytest.param("model.featurization_config.feature_names_to_concat", ['["binary"]'], id="default_items"),
        pytest.param("MaskNetConfig", ["mask_blocks", "use_parallel", "MaskBlockConfig"], id="message/short_name"),
        pytest.param("rankspec.recap.v1.TrainingConfig", ["save_dir", "gradient_accumulation"], id="message/full_name"),
        pytest.param("MlpConfig", ["exactly one of layer_sizes, layers", "recap.mlp.one_dropout"], id="message/rules"),
        pytest.param("MlpConfig.layer_sizes", ["repeated int32"], id="message_and_field"),
        pytest.param("MultiTaskType", ["MULTI_TASK_TYPE_SHARE_ALL"], id="enum"),
        pytest.param("weight decay", ["optimizer.adam.weight_decay"], id="words/in_a_name"),
        pytest.param("early stopping", ["training.best_checkpoint.patience"], id="words/early_stopping"),
        pytest.param("gradient clipping", ["training.gradient_clip_norm"], id="words/gradient_clipping"),
        pytest.param("mixed precision", ["runtime.enable_amp"], id="words/mixed_precision"),
        pytest.param("warmup", ["num_ramp_steps"], id="words/warmup"),
        pytest.param("batch size", ["train_data.global_batch_size"], id="words/batch_size"),
        pytest.param("ensembles", ["model.members"], id="words/ensembles"),
        pytest.param("warm start", ["training.initial_checkpoint_dir"], id="words/warm_start"),
        pytest.param("epochs", ["training.num_epochs"], id="words/epochs"),
        pytest.param("class imbalance", ["model.tasks.pos_weight"], id="words/class_imbalance"),
        pytest.param("l2 regularization", ["tables.l2"], id="words/l2"),
        pytest.param("calibrat", ["downsampling_correction"], id="words/in_comments"),
    ],
)
def test_subject_is_explained(subject: str, phrases: list[str]) -> None:
    explanation = explain(subject)

    assert explanation is not None
    assert [phrase for phrase in phrases if phrase not in explanation] == []


def test_everything_below_an_operational_field_is_operational() -> None:
    assert "operational" in (explain("validation_data.global_batch_size") or "")
    assert "semantic" in (explain("train_data.global_batch_size") or "")


@pytest.mark.parametrize("subject", ["zzzz", "", "...", "training.nothing_like_it_at_all"])
def test_what_fits_nothing_is_not_explained(subject: str) -> None:
    assert explain(subject) is None


def test_all_messages_of_a_name_are_explained() -> None:
    explanation = explain("TrainingConfig")

    assert explanation is not None
    assert all(f"rankspec.{area}.v1.TrainingConfig" in explanation for area in ("recap", "train"))
