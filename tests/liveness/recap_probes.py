"""Probes of the ranker's fields."""

from collections.abc import Iterator

from tests.liveness import engine_probes
from tests.liveness import observations as see
from tests.liveness.directions import ENDS_IN_ERROR, FEWER, IS_SPARED, MORE, larger, smaller
from tests.liveness.probe import Observation, Probe, Verdict
from tests.liveness.schedule_probes import schedules

_LIKE, _REPLY, _BACKBONE = 'model.tasks["like"]', 'model.tasks["reply"]', "model.backbone"
_FEATURES, _EMBEDDINGS = "model.featurization_config", "model.small_embeddings"
_DATA_SETS = ("train_data", 'validation_data["valid"]')
_TABLES = (
    (
        f'{_EMBEDDINGS}={{ tables {{ name: "user" num_embeddings: 9 embedding_dim: 2 index: 0 }} '
        'tables { name: "item" num_embeddings: 9 embedding_dim: 2 index: 1 } }'
    ),
)
_LISTED = 'seg_dense_schema.renamed_features["{0}"]={0}'
_LISTS = (
    *(f"{data}.{_LISTED.format(name)}" for data in _DATA_SETS for name in ("tags", "more_tags")),
    (
        f'{_EMBEDDINGS}={{ tables {{ name: "tag" num_embeddings: 9 embedding_dim: 2 '
        'list { input: "tags" pooling: POOLING_MEAN } } }'
    ),
)
_POSITION = (
    "model.position_debias_config={ max_position: 5 num_dims: 2 drop_probability: 0.25 position_feature_index: 2 }",
)
_BY_NAME = (
    (
        f'{_EMBEDDINGS}={{ tables {{ name: "user" num_embeddings: 9 embedding_dim: 2 feature {{ name: "user" }} }} '
        'tables { name: "item" num_embeddings: 9 embedding_dim: 2 feature { index: 0 } } }'
    ),
)
_POSITION_BY_NAME = (
    (
        "model.position_debias_config={ max_position: 5 num_dims: 2 drop_probability: 0.25 "
        'position_feature { name: "place" } }'
    ),
)
_STRATUM_BY_NAME = ('model.stratifiers=[{ name: "first" feature { name: "film" } value: 1 }]',)
_STRATUM = ('model.stratifiers=[{ name: "first" index: 0 value: 1 }]',)
# Of the users that the rows are of, and of the items.
_EXTRACTED = (
    (
        'validation_data["valid"].preprocess.extract_features.extract_feature_table=['
        '{ name: "user_id" source_tensor: "discrete" index: 0 }, '
        '{ name: "item_id" source_tensor: "discrete" index: 1 }]'
    ),
)
_GROUP = (*_TABLES, *_EXTRACTED, 'groups=[{ name: "user" input: "user_id" }]')
_Z_SCORE = f"{_FEATURES}.z_score_log_config"
_OF_FILE = (f'{_Z_SCORE}={{ analysis_path: "${{LIVENESS_DATA}}/parts.textproto" }}',)
_OF_PARTS = (f'{_Z_SCORE}={{ analysis_path: "${{LIVENESS_DATA}}/parts" use_bq_stats: true }}',)
_DOUBLE_NORM = f"{_FEATURES}.double_norm_log_config"
_TOWER_MLP = f"{_LIKE}.mlp_config"
_LAYERS = (f"{_TOWER_MLP}.layer_sizes=[]", f"{_TOWER_MLP}.layers=[{{ layer_size: 4 }}, {{ layer_size: 1 }}]")
_RATES = "optimizer.multi_task_learning_rates"
_LIKES_RATE = f'{_RATES}.tower_learning_rates["like"]'
_SGD = ("optimizer.sgd={}",)


def _mlp(path: str, *given: str) -> Iterator[Probe]:
    """The fields of a perceptron of two layers at least; the last gives one value."""
    yield Probe(f"{path}.layer_sizes", "[5, 1]", see.structure, given=given)
    yield Probe(f"{path}.batch_norm", "{}", see.structure, MORE, given)
    with_norm = (*given, f"{path}.batch_norm={{}}")
    yield Probe(f"{path}.batch_norm.affine", "false", see.structure, FEWER, with_norm)
    yield Probe(f"{path}.batch_norm.momentum", "0.5", see.updates, given=with_norm)
    yield Probe(f"{path}.dropout", "{}", see.training_output, given=given)
    yield Probe(f"{path}.dropout.rate", "0.6", see.training_output, given=(*given, f"{path}.dropout={{}}"))
    yield Probe(f"{path}.final_layer_activation", "true", see.predictions, given=given)


def _mask_net(path: str, *given: str) -> Iterator[Probe]:
    """The fields of a MaskNet of two blocks, the second by a factor, and a perceptron."""
    yield Probe(f"{path}.mask_blocks[0].output_size", "5", see.structure, given=given)
    yield Probe(f"{path}.mask_blocks[0].aggregation_size", "5", see.structure, given=given)
    yield Probe(f"{path}.mask_blocks[0].input_layer_norm", "false", see.structure, FEWER, given)
    yield Probe(f"{path}.mask_blocks[1].reduction_factor", "0.25", see.structure, given=given)
    yield Probe(f"{path}.use_parallel", "true", see.structure, given=given)
    yield Probe(f"{path}.mlp.layer_sizes", "[6, 1]", see.structure, given=given)


def _dcn(path: str, *given: str) -> Iterator[Probe]:
    """The fields of a DCN with a perceptron on top."""
    yield Probe(f"{path}.poly_degree", "3", see.structure, MORE, given)
    yield Probe(f"{path}.projection_dim", "2", see.structure, MORE, given)
    yield Probe(f"{path}.parallel_mlp", "{ layer_sizes: 3 }", see.structure, MORE, given)
    yield Probe(f"{path}.output_mlp.layer_sizes", "[3, 1]", see.structure, given=given)
    with_parallel = (*given, f"{path}.parallel_mlp={{ layer_sizes: 3 }}")
    yield Probe(
        f"{path}.use_parallel", "false", Verdict("a perceptron beside the crosses, refused"), given=with_parallel
    )


def _dlrm(path: str) -> Iterator[Probe]:
    """The fields of a DLRM on top of the tables."""
    given = (*_TABLES, f"{path}={{ bottom_mlp {{ layer_sizes: [4, 2] }} top_mlp {{ layer_sizes: [4, 1] }} }}")
    yield Probe(f"{path}.bottom_mlp.layer_sizes", "[3, 2]", see.structure, given=given)
    yield Probe(f"{path}.top_mlp.layer_sizes", "[3, 1]", see.structure, given=given)


_BACKBONE_DCN = f"{_BACKBONE}.dcn_config={{ poly_degree: 2 output_mlp {{ layer_sizes: [4, 1] }} }}"
_TOWER_MASK_NET = (
    f"{_LIKE}.mask_net_config={{ mask_blocks {{ output_size: 4 aggregation_size: 4 input_layer_norm: true }} "
    "mask_blocks { output_size: 4 reduction_factor: 0.5 input_layer_norm: false } mlp { layer_sizes: [4, 1] } }"
)


_MODEL = (
    Probe("model.multi_task_type", "MULTI_TASK_TYPE_SHARE_ALL", see.structure),
    *_mlp(_TOWER_MLP),
    *_mlp(f"{_BACKBONE}.mlp_config", f"{_BACKBONE}.mlp_config={{ layer_sizes: [4, 4] }}"),
    Probe(f"{_TOWER_MLP}.layers[0].layer_size", "5", see.structure, given=_LAYERS),
    Probe(f"{_TOWER_MLP}.layers[0].dropout", "{}", see.training_output, given=_LAYERS),
    *_mask_net(f"{_BACKBONE}.mask_net_config"),
    *_mask_net(f"{_LIKE}.mask_net_config", _TOWER_MASK_NET),
    *_dcn(f"{_REPLY}.dcn_config"),
    *_dcn(f"{_BACKBONE}.dcn_config", _BACKBONE_DCN),
    *_dlrm(f"{_REPLY}.dlrm_config"),
    *_dlrm(f"{_BACKBONE}.dlrm_config"),
    Probe("model.members", "2", see.structure, MORE),
    Probe("model.members", "2", see.predictions),
    Probe(f"{_REPLY}.affine_map", "{}", see.structure, MORE),
    Probe(f"{_LIKE}.affine_map.scale", "2", see.predictions),
    Probe(f"{_LIKE}.affine_map.bias", "2", see.predictions, larger("prediction/like")),
    Probe(f"{_LIKE}.pos_weight", "4", see.training_output, larger("loss/like")),
    Probe(f"{_LIKE}.pos_weight", "4", see.gradients),
    Probe(f"{_LIKE}.loss_weight", "4", see.figures, larger("loss")),
    Probe(f"{_LIKE}.loss_weight", "4", see.gradients),
    Probe(f"{_LIKE}.kind", "TASK_KIND_REGRESSION", see.predictions),
    Probe(f"{_FEATURES}.log1p_abs_config", "{}", see.structure, FEWER),
    Probe(
        f"{_FEATURES}.clip_log1p_abs_config.clip_magnitude",
        "0.5",
        see.predictions,
        given=(f"{_FEATURES}.clip_log1p_abs_config={{}}",),
    ),
    Probe(f"{_Z_SCORE}.analysis_path", "${LIVENESS_DATA}/other_parts.textproto", see.predictions, given=_OF_FILE),
    Probe(f"{_Z_SCORE}.clip_magnitude", "0.1", see.predictions, given=_OF_FILE),
    Probe(f"{_Z_SCORE}.use_batch_norm", "true", see.structure, MORE, _OF_FILE),
    Probe(f"{_Z_SCORE}.use_renorm", "true", see.structure, MORE, _OF_FILE),
    Probe(f"{_Z_SCORE}.use_bq_stats", "false", see.structure_or_error, ENDS_IN_ERROR, _OF_PARTS),
    Probe(f"{_Z_SCORE}.schema_path", "${LIVENESS_DATA}/narrower.json", see.structure_or_error, ENDS_IN_ERROR, _OF_FILE),
    Probe(f"{_FEATURES}.feature_names_to_concat", '["binary", "discrete"]', see.structure),
    Probe(f"{_DOUBLE_NORM}.clip_magnitude", "0.5", see.predictions),
    Probe(f"{_DOUBLE_NORM}.batch_norm_config.affine", "false", see.structure, FEWER),
    Probe(f"{_DOUBLE_NORM}.batch_norm_config.momentum", "0.5", see.updates),
    Probe(f"{_DOUBLE_NORM}.layer_norm_config.epsilon", "1", see.predictions),
    Probe(f"{_DOUBLE_NORM}.layer_norm_config.center", "false", see.structure, FEWER),
    Probe(f"{_DOUBLE_NORM}.layer_norm_config.scale", "false", see.structure, FEWER),
    Probe(f"{_DOUBLE_NORM}.layer_norm_config.axis", "0", Verdict("an axis that is not the last, refused")),
    Probe(_EMBEDDINGS, '{ tables { name: "user" num_embeddings: 9 embedding_dim: 2 index: 0 } }', see.structure, MORE),
    Probe(f"{_EMBEDDINGS}.tables[0].name", "person", see.structure, given=_TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].num_embeddings", "10", see.structure, given=_TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].embedding_dim", "3", see.structure, given=_TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].index", "2", see.predictions, given=_TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].feature.name", "place", see.predictions, given=_BY_NAME),
    Probe(f"{_EMBEDDINGS}.tables[1].feature.index", "2", see.predictions, given=_BY_NAME),
    Probe(f"{_EMBEDDINGS}.tables[0].list.input", "more_tags", see.predictions, given=_LISTS),
    Probe(f"{_EMBEDDINGS}.tables[0].list.input", "more_tags", see.scores, given=_LISTS),
    Probe(f"{_EMBEDDINGS}.tables[0].list.pooling", "POOLING_SUM", see.predictions, given=_LISTS),
    Probe(f"{_EMBEDDINGS}.tables[0].init_std", "0.5", see.first_values, larger("table_user"), _TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].weight_decay", "20", see.updates, smaller("table_user"), _TABLES),
    Probe(
        f"{_EMBEDDINGS}.tables[0].out_of_range_ids",
        "OUT_OF_RANGE_IDS_BUCKET",
        see.training_batches_or_error,
        IS_SPARED,
        (*_TABLES, f"{_EMBEDDINGS}.tables[0].num_embeddings=5"),
    ),
    Probe(f"{_EMBEDDINGS}.tables[0].out_of_range_ids", "OUT_OF_RANGE_IDS_BUCKET", see.structure, given=_TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].l2", "50", see.gradients, larger("table_user"), _TABLES),
    Probe(f"{_EMBEDDINGS}.tables[0].l2", "50", see.updates, given=_TABLES),
    Probe(f"{_EMBEDDINGS}.dropout.rate", "0.6", see.training_output, given=(*_TABLES, f"{_EMBEDDINGS}.dropout={{}}")),
    Probe("model.position_debias_config.max_position", "6", see.structure, given=_POSITION),
    Probe("model.position_debias_config.num_dims", "3", see.structure, given=_POSITION),
    Probe("model.position_debias_config.drop_probability", "0.9", see.training_output, given=_POSITION),
    Probe("model.position_debias_config.position_feature_index", "0", see.training_output, given=_POSITION),
    Probe("model.position_debias_config.position_feature.name", "film", see.training_output, given=_POSITION_BY_NAME),
    Probe("model.stratifiers", '[{ name: "first" index: 0 value: 1 }]', see.figures),
    Probe("model.stratifiers[0].name", "other", see.figures, given=_STRATUM),
    Probe("model.stratifiers[0].index", "1", see.figures, given=_STRATUM),
    Probe("model.stratifiers[0].value", "2", see.figures, given=_STRATUM),
    Probe("model.stratifiers[0].feature.name", "user", see.figures, given=_STRATUM_BY_NAME),
)


_OPTIMIZER = (
    *schedules(_LIKES_RATE),
    Probe(f"{_RATES}.backbone_learning_rate.constant", "0.02", see.learning_rates, larger("backbone")),
    Probe("optimizer.single_task_learning_rate.constant", "0.02", see.learning_rates, larger()),
    Probe("optimizer.adam.beta_1", "0.5", see.updates),
    Probe("optimizer.adam.beta_2", "0.5", see.updates),
    Probe("optimizer.adam.epsilon", "1e-2", see.updates),
    Probe("optimizer.adam.weight_decay", "20", see.updates, smaller("backbone")),
    Probe("optimizer.sgd", "{}", see.updates),
    Probe("optimizer.sgd.momentum", "0.9", see.updates, given=_SGD),
    Probe("optimizer.sgd.weight_decay", "20", see.updates, smaller("backbone"), _SGD),
)


def _data(place: str, batches: Observation, outcome: Observation) -> Iterator[Probe]:
    """The fields of a data set that mean the same in training and evaluation."""
    days, hours = f"{place}.explicit_date_inputs", f"{place}.explicit_datetime_inputs"
    of_days = (f'{days}={{ data_root: "${{LIVENESS_DATA}}/dated" end_date: "2024/03/02" days: 1 }}',)
    of_hours = (f'{hours}={{ data_root: "${{LIVENESS_DATA}}/dated" end_datetime: "2024/03/02/02" hours: 1 }}',)
    yield Probe(f"{place}.inputs", "${LIVENESS_DATA}/a.parquet", batches)
    yield Probe(f"{days}.data_root", "${LIVENESS_DATA}/other_dated", batches, given=of_days)
    yield Probe(f"{days}.end_date", "2024/03/01", batches, given=of_days)
    yield Probe(f"{days}.days", "2", batches, given=of_days)
    yield Probe(f"{days}.num_missing_days_tol", "1", outcome, IS_SPARED, (*of_days, f"{days}.days=3"))
    yield Probe(f"{hours}.data_root", "${LIVENESS_DATA}/other_dated", batches, given=of_hours)
    yield Probe(f"{hours}.end_datetime", "2024/03/02/01", batches, given=of_hours)
    yield Probe(f"{hours}.hours", "2", batches, given=of_hours)
    yield Probe(f"{hours}.num_missing_hours_tol", "1", outcome, IS_SPARED, (*of_hours, f"{hours}.hours=3"))
    yield Probe(f"{place}.global_batch_size", "4", batches)
    yield Probe(f"{place}.num_files_to_keep", "1", batches)
    damaged = (f"{place}.inputs=${{LIVENESS_DATA}}/damaged/*.parquet",)
    yield Probe(f"{place}.ignore_data_errors", "true", outcome, IS_SPARED, damaged)
    yield Probe(f"{place}.seg_dense_schema.schema_path", "${LIVENESS_DATA}/narrower.json", outcome, ENDS_IN_ERROR)
    yield Probe(f"{place}.seg_dense_schema.features", '["row"]', batches)
    yield Probe(f'{place}.seg_dense_schema.renamed_features["meta__row"]', "row", batches)
    yield Probe(f'{place}.seg_dense_schema.mask_mantissa_features["continuous"]', "20", batches)
    yield Probe(f'{place}.tasks["like"].pos_downsampling_rate', "0.5", batches)
    yield Probe(f'{place}.tasks["like"].neg_downsampling_rate', "0.5", batches)
    yield from _steps(place, batches)


def _steps(data: str, batches: Observation) -> Iterator[Probe]:
    """The fields of the steps between files and model that may differ between data sets."""
    place = f"{data}.preprocess"
    yield Probe(f'{place}.downcast.features["continuous"]', "DATA_TYPE_BFLOAT16", batches)
    rectify = f"{place}.rectify_labels"
    given: tuple[str, ...] = (
        (
            f'{rectify}={{ label_rectification_window_in_hours: 0.005 served_timestamp_field: "served" '
            'impressed_timestamp_field: "shown" label_to_engaged_timestamp_field { key: "like" value: "shown" } }'
        ),
    )
    yield Probe(f"{rectify}.label_rectification_window_in_hours", "1", batches, given=given)
    yield Probe(f"{rectify}.served_timestamp_field", "shown", batches, given=given)
    yield Probe(f"{rectify}.impressed_timestamp_field", "liked_at", batches, given=given)
    yield Probe(f'{rectify}.label_to_engaged_timestamp_field["like"]', "liked_at", batches, given=given)
    table = f"{place}.extract_features.extract_feature_table"
    given = (f'{table}=[{{ name: "first" source_tensor: "binary" index: 0 }}]',)
    yield Probe(f"{table}[0].name", "second", batches, given=given)
    yield Probe(f"{table}[0].source_tensor", "author_embedding", batches, given=given)
    yield Probe(f"{table}[0].index", "1", batches, given=given)
    by_name = (f'{table}=[{{ name: "first" source_tensor: "binary" feature {{ name: "w" }} }}]',)
    yield Probe(f"{table}[0].feature.name", "y", batches, given=by_name)
    thin = f"{place}.downsample_negatives"
    given = (
        f'{thin}={{ batch_multiplier: 2 engagements_list: "reply" num_engagements: 2 }}',
        f"{data}.global_batch_size=20",
    )
    yield Probe(f"{thin}.batch_multiplier", "3", batches, given=given)
    yield Probe(f"{thin}.engagements_list", '["like"]', batches, given=given)
    yield Probe(f"{thin}.num_engagements", "3", Verdict("a number that is not that of the tasks, refused"), given=given)


def _narrowing(place: str) -> Iterator[Probe]:
    """Truncation and masks, which every data set shares with the model."""
    yield Probe(f"{place}.continuous_feature_truncation", "5", see.structure)
    yield Probe(f"{place}.binary_feature_truncation", "3", see.structure)
    yield Probe(f"{place}.continuous_feature_mask_path", "${LIVENESS_DATA}/six.npy", see.structure)
    yield Probe(f"{place}.binary_feature_mask_path", "${LIVENESS_DATA}/four.npy", see.structure)


_DISPATCHER = "train_data.data_service_dispatcher=${LIVENESS_SERVICE}"


def _of_a_service() -> Iterator[Probe]:
    """The fields of the training data that say where a data service is, and those that both sides obey."""
    days, hours = "train_data.explicit_date_inputs", "train_data.explicit_datetime_inputs"
    of_days = (_DISPATCHER, f'{days}={{ data_root: "${{LIVENESS_DATA}}/dated" end_date: "2024/03/02" days: 1 }}')
    of_hours = (
        _DISPATCHER,
        f'{hours}={{ data_root: "${{LIVENESS_DATA}}/dated" end_datetime: "2024/03/02/02" hours: 1 }}',
    )
    sees = see.served_batches
    yield Probe("train_data.data_service_dispatcher", "${LIVENESS_SERVICE}", sees)
    yield Probe("train_data.dataset_service_compression", "DDS_COMPRESSION_OPTION_AUTO", sees, given=(_DISPATCHER,))
    yield Probe("train_data.num_files_to_keep", "1", sees, given=(_DISPATCHER,))
    yield Probe(f"{days}.days", "2", sees, given=of_days)
    yield Probe(f"{days}.end_date", "2024/03/01", sees, given=of_days)
    yield Probe(f"{hours}.hours", "2", sees, given=of_hours)
    yield Probe(f"{hours}.end_datetime", "2024/03/02/01", sees, given=of_hours)


_DATA = (
    *_data("train_data", see.training_batches, see.training_batches_or_error),
    *_data('validation_data["valid"]', see.validation_batches, see.validation_batches_or_error),
    *_narrowing("train_data.preprocess.truncate_and_slice"),
    *_of_a_service(),
    Probe("train_data.seg_dense_schema.schema_path", "${LIVENESS_DATA}/narrower.json", see.structure),
    Probe("train_data.repeat_files", "false", see.training_batches_or_error, ENDS_IN_ERROR),
    Probe("train_data.file_batch_size", "1", see.training_batches),
    Probe("train_data.examples_shuffle_buffer_size", "8", see.training_batches),
    Probe("train_data.cache", "true", see.num_reads, smaller()),
    Probe("train_data.interleave_num_parallel_calls", "3", see.reads_at_once, larger()),
    Probe("train_data.map_num_parallel_calls", "3", see.batches_at_once, larger()),
    Probe("train_data.evaluation_tasks", '["like"]', see.journal),
    Probe('validation_data["valid"].evaluation_tasks', '["like"]', see.figures),
    Probe(
        'validation_data["valid"].inherit_train_data',
        "true",
        see.validation_batches,
        given=("train_data.num_files_to_keep=1",),
    ),
)

_BEST = ('training.best_checkpoint={ validation_data: "valid" metric: "loss" }', "training.eval_log_every_n=1")
# A second validation set, of other rows.
_OTHER = (
    'validation_data["other"]={ inputs: "${LIVENESS_DATA}/c.parquet" global_batch_size: 8 seg_dense_schema { '
    'schema_path: "${LIVENESS_DATA}/schema.json" renamed_features { key: "continuous" value: "cont" } '
    'renamed_features { key: "binary" value: "bin" } renamed_features { key: "discrete" value: "ids" } '
    'renamed_features { key: "author_embedding" value: "emb" } } '
    'tasks { key: "like" value {} } tasks { key: "reply" value {} } }'
)
_RISING = ("optimizer.single_task_learning_rate.constant=10", "training.num_train_steps=8")
# Another rate for the other task: blinding hides every message that equals the changed one.
_CALIBRATED = (
    "downsampling_correction=DOWNSAMPLING_CORRECTION_CALIBRATION",
    'train_data.tasks["reply"].neg_downsampling_rate=0.25',
)

_RUN = (
    Probe("which_metrics", "loss,auroc", see.figures),
    Probe("groups", '[{ name: "user" input: "user_id" }]', see.figures, given=(*_TABLES, *_EXTRACTED)),
    Probe("groups[0].name", "other", see.figures, given=_GROUP),
    Probe("groups[0].input", "item_id", see.figures, given=_GROUP),
    Probe('score_weights["like"]', "2.5", see.scores),
    Probe(
        "downsampling_correction",
        "DOWNSAMPLING_CORRECTION_CALIBRATION",
        see.predictions,
        given=('train_data.tasks["like"].neg_downsampling_rate=0.5',),
    ),
    Probe(
        "downsampling_correction",
        "DOWNSAMPLING_CORRECTION_CALIBRATION",
        see.training_batches,
        given=('train_data.tasks["like"].neg_downsampling_rate=0.5',),
    ),
    Probe('train_data.tasks["like"].neg_downsampling_rate', "0.5", see.predictions, given=_CALIBRATED),
    Probe('train_data.tasks["like"].pos_downsampling_rate', "0.5", see.predictions, given=_CALIBRATED),
    Probe("training.best_checkpoint", '{ validation_data: "valid" metric: "loss" }', see.best),
    Probe("training.best_checkpoint.metric", "auroc/like", see.best, given=_BEST),
    Probe("training.best_checkpoint.metric", "loss@first", see.best, given=(*_BEST, *_STRATUM)),
    Probe("training.best_checkpoint.metric", "gauc@user/like", see.best, given=(*_BEST, *_GROUP)),
    Probe("training.best_checkpoint.validation_data", "other", see.best, given=(*_BEST, _OTHER)),
    Probe("training.best_checkpoint.patience", "1", see.reports, FEWER, (*_BEST, *_RISING)),
)

PROBES = (*engine_probes.PROBES, *_MODEL, *_OPTIMIZER, *_DATA, *_RUN)
