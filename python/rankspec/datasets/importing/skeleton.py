"""The config that an imported table trains with as it stands.

Its numbers were tried on four tables of 87,000 to 350,000 rows, against boosted trees of the same rows, and chosen on
validation parts. Regularization counts for more than architecture: groups and times that come anew want weight decay,
tables of many ids a coupled penalty, and the best checkpoint is often that of the second pass.
"""

from __future__ import annotations

import glob
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from rankspec.datasets.importing.plan import MANY_NUMBERS
from rankspec.datasets.importing.written import FAR, Spread
from rankspec.formats.writing import to_textproto
from rankspec.optim.v1.learning_rate_pb2 import LearningRate
from rankspec.recap.v1.architecture_pb2 import TaskKind
from rankspec.recap.v1.embedding_pb2 import IdListConfig, Pooling, SmallEmbeddingBagConfig
from rankspec.recap.v1.feature_pb2 import FeatureRef
from rankspec.recap.v1.layers_pb2 import MlpConfig
from rankspec.recap.v1.model_pb2 import MultiTaskType
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.field_paths import at, join

# The names that the model knows for inputs of another kind.
MODEL_INPUTS = ("continuous", "binary", "discrete", "user_embedding", "user_eng_embedding", "author_embedding")
# The names that inputs of a bundle may have.
_INPUT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_EPOCHS = ((50_000, 8), (100_000, 6), (math.inf, 4))
# Many numbers tell few groups apart: with more passes a network learns those groups by heart, and ranks others worse.
_FEW_GROUPS = 500
# A vocabulary of so many ids has a penalty of its own instead of weight decay for all.
_MANY_IDS = 2000
_L2_OF_MANY_IDS = 1e-3
_WIDTH_OF_BINS = 4
_FEWEST_ROWS_OF_GROUP = 5
_PATIENCE = 3
_MOST_SHUFFLED_ROWS = 200_000
_FEWEST_STEPS_OF_EPOCH = 40
_WHY_WEIGHTED = "from the label's variance in the training part: its loss is about as large as that of other labels"


@dataclass(frozen=True)
class Ids:
    """A place of the discrete features, or a list of ids.

    Attributes:
        name: the feature's name.
        size: ids, from 0 to one less.
        is_bin: they are bins of a number.
    """

    name: str
    size: int
    is_bin: bool


@dataclass(frozen=True)
class DataSet:
    """What a config has to know of the data set.

    Attributes:
        folder: where it lies.
        num_rows: rows by part; train is the first.
        num_continuous: width of the continuous features.
        num_binary: width of the binary features.
        ids: the places of the discrete features.
        lists: the features that are lists of ids, each a column of its own.
        tasks: the tasks, with whether the label is a number.
        loss_weights: what the losses of some tasks are multiplied by.
        carried: columns that travel with the rows.
        group: the column of numbers that says what rows are ranked within; none if there is none.
        num_groups: groups of the training part; 0 if there are none.
        is_parted: the parts differ in groups or times, not at random.
    """

    folder: str
    num_rows: dict[str, int]
    num_continuous: int
    num_binary: int
    ids: tuple[Ids, ...]
    tasks: dict[str, bool]
    loss_weights: dict[str, float] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    group: str | None = None
    num_groups: int = 0
    is_parted: bool = False
    seed: int = field(default=0)
    lists: tuple[Ids, ...] = ()


def skeleton(data: DataSet, note: str) -> str:
    """The config as text.

    Args:
        data: the data set.
        note: lines of a comment for its head.
    """
    config = RecapConfig()
    _training(config, data)
    _model(config, data)
    _data(config, data)
    _optimizer(config, data)
    config.runtime.seed = data.seed
    weights = {join(at("model.tasks", task), "loss_weight"): _WHY_WEIGHTED for task in data.loss_weights}
    text = to_textproto(config, weights.get)
    header, _, body = text.partition("\n\n")
    comment = "\n".join(f"# {line}".rstrip() for line in note.splitlines())
    return f"{header}\n\n{comment}\n\n{body}"


def batch_size(num_rows: int) -> int:
    """Rows of a batch: 512 or, of many rows, 1024; fewer where an epoch had few steps."""
    if num_rows >= 100_000:
        return 1024
    wanted = max(num_rows // _FEWEST_STEPS_OF_EPOCH, 1)
    return max(min(512, 1 << (wanted.bit_length() - 1)), min(16, num_rows))


def num_epochs(data: DataSet) -> int:
    """Passes over the rows: fewer of many rows, and three quarters of that of many numbers in few groups."""
    epochs = next(epochs for limit, epochs in _EPOCHS if _train_rows(data) < limit)
    return epochs * 3 // 4 if data.num_continuous > MANY_NUMBERS and 0 < data.num_groups < _FEW_GROUPS else epochs


def loss_weight(spread: Spread) -> float:
    """The weight of a regression's loss beside others, from the label of the training part, which is not of one value.

    One over the variance, so that a model that knows the mean alone has a loss of 1. A model begins at 0: of a label
    that is far from there the weight is smaller, so that its loss begins at 10 at most.
    """
    size = max(spread.variance, (spread.mean**2 + spread.variance) / (FAR + 1))
    # To two digits, within what the spec allows.
    return min(max(float(f"{1 / size:.1e}"), 1e-30), 1e12)


def table_width(num_ids: int) -> int:
    """Width of a category's table."""
    return min(8, max(2, round(1.6 * num_ids**0.56)))


def hidden_layers(num_rows: int) -> list[int]:
    """Widths of the backbone's layers."""
    return [256, 128] if 10_000 <= num_rows <= 150_000 else [128, 64]


def _train_rows(data: DataSet) -> int:
    return next(iter(data.num_rows.values()))


def _steps(data: DataSet) -> tuple[int, int]:
    """Steps of an epoch, and of the whole run."""
    rows = _train_rows(data)
    of_epoch = math.ceil(rows / batch_size(rows))
    return of_epoch, of_epoch * num_epochs(data)


def _training(config: RecapConfig, data: DataSet) -> None:
    of_epoch, steps = _steps(data)
    every = max(1, of_epoch // 2) if num_epochs(data) <= 4 else of_epoch
    training = config.training
    training.save_dir = str(Path(data.folder) / "run")
    training.num_train_steps = steps
    training.checkpoint_every_n = every
    training.checkpoint_max_to_keep = 1
    training.train_log_every_n = max(1, of_epoch // 4)
    training.num_eval_steps = -1
    training.eval_log_every_n = every
    task, is_number = next(iter(data.tasks.items()))
    best = training.best_checkpoint
    best.validation_data = "validation"
    best.metric = f"rmse/{task}" if is_number else f"{_ranking_metric(data)}/{task}"
    best.patience = _PATIENCE


def _ranking_metric(data: DataSet) -> str:
    """What says how good the order of rows is: within groups, where they have enough rows to be in an order."""
    if data.group is None or _train_rows(data) < _FEWEST_ROWS_OF_GROUP * data.num_groups:
        return "auroc"
    return f"gauc@{_identifier(data.group)}"


def _identifier(name: str) -> str:
    """A name of the characters that names of tables and groups have."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return name if re.match(r"[A-Za-z_]", name) else f"_{name}"


def _model(config: RecapConfig, data: DataSet) -> None:
    model = config.model
    for task, is_number in data.tasks.items():
        tower = model.tasks[task]
        tower.mlp_config.layer_sizes.append(1)
        if is_number:
            tower.kind = TaskKind.TASK_KIND_REGRESSION
        if task in data.loss_weights:
            tower.loss_weight = data.loss_weights[task]
    for ids in data.ids:
        _table(config, data, ids).feature.CopyFrom(FeatureRef(name=ids.name))
    for ids, name in _list_inputs(data).items():
        # A mean is of the size of one row, however long lists are.
        _table(config, data, ids).list.CopyFrom(IdListConfig(input=name, pooling=Pooling.POOLING_MEAN))
    featurization = model.featurization_config.double_norm_log_config
    featurization.SetInParent()
    if data.num_continuous:
        # At a lower momentum the running mean and variance are far behind in a run of some hundred steps.
        featurization.batch_norm_config.affine = False
        featurization.batch_norm_config.momentum = 0.1
        featurization.clip_magnitude = 5
    if data.num_binary:
        model.featurization_config.feature_names_to_concat.append("binary")
    model.multi_task_type = MultiTaskType.MULTI_TASK_TYPE_SHARE_ALL
    layers = MlpConfig(layer_sizes=hidden_layers(_train_rows(data)), final_layer_activation=True)
    model.backbone.mlp_config.CopyFrom(layers)


def _list_inputs(data: DataSet) -> dict[Ids, str]:
    """The inputs that lists become: called as the column as far as names in bundles may be so."""
    taken = {*MODEL_INPUTS, *data.carried}
    inputs = {}
    for ids in data.lists:
        name = ids.name if ids.name not in MODEL_INPUTS and _INPUT.fullmatch(ids.name) else _identifier(ids.name)
        while name in taken:
            name += "_"
        taken.add(name)
        inputs[ids] = name
    return inputs


def _table(config: RecapConfig, data: DataSet, ids: Ids) -> SmallEmbeddingBagConfig:
    tables = config.model.small_embeddings.tables
    name = _identifier(ids.name)
    taken = {table.name for table in tables}
    while name in taken:
        name += "_"
    table = tables.add(
        name=name,
        num_embeddings=ids.size,
        embedding_dim=_WIDTH_OF_BINS if ids.is_bin else table_width(ids.size),
        init_std=0.01,
    )
    if ids.size >= _MANY_IDS and _has_many_ids(data):
        table.l2 = _L2_OF_MANY_IDS
    return table


def _has_many_ids(data: DataSet) -> bool:
    return any(ids.size >= _MANY_IDS for ids in (*data.ids, *data.lists))


def _data(config: RecapConfig, data: DataSet) -> None:
    folder = glob.escape(data.folder)
    rows = _train_rows(data)
    train = config.train_data
    train.inputs = str(Path(folder) / "train-*.parquet")
    train.global_batch_size = batch_size(rows)
    train.examples_shuffle_buffer_size = max(2, min(rows, _MOST_SHUFFLED_ROWS))
    train.cache = rows <= _MOST_SHUFFLED_ROWS
    schema = train.seg_dense_schema
    schema.schema_path = str(Path(data.folder) / "schema.json")
    widths = {"continuous": data.num_continuous, "binary": data.num_binary, "discrete": len(data.ids)}
    for name, width in widths.items():
        if width:
            schema.renamed_features[name] = name
    for ids, name in _list_inputs(data).items():
        schema.renamed_features[name] = ids.name
    schema.features.extend(data.carried)
    if data.group is not None and not all(data.tasks.values()):
        config.groups.add(name=_identifier(data.group), input=data.group)
    for task in data.tasks:
        train.tasks[task].SetInParent()
    for part, num_rows in list(data.num_rows.items())[1:]:
        if num_rows:
            held_out = config.validation_data[part]
            held_out.inputs = str(Path(folder) / f"{part}-*.parquet")
            held_out.global_batch_size = min(4096, num_rows)
            held_out.inherit_train_data = True


def _optimizer(config: RecapConfig, data: DataSet) -> None:
    _, steps = _steps(data)
    rate = 0.002 if batch_size(_train_rows(data)) > 512 else 0.001
    schedule = LearningRate()
    cosine = schedule.linear_ramp_to_cosine
    cosine.learning_rate = rate
    cosine.final_learning_rate = 0
    cosine.num_ramp_steps = max(1, steps // 10)
    cosine.final_num_steps = steps
    rates = config.optimizer.multi_task_learning_rates
    for task in data.tasks:
        rates.tower_learning_rates[task].CopyFrom(schedule)
    rates.backbone_learning_rate.CopyFrom(schedule)
    adam = config.optimizer.adam
    adam.beta_1, adam.beta_2, adam.epsilon = 0.9, 0.999, 1e-8
    if data.is_parted and not _has_many_ids(data):
        adam.weight_decay = 3 * (0.002 / rate)
