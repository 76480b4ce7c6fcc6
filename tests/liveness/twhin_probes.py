"""Probes of a graph embedding's fields."""

from collections.abc import Iterator

from tests.liveness import engine_probes
from tests.liveness import observations as see
from tests.liveness.directions import ENDS_IN_ERROR, MORE, smaller
from tests.liveness.probe import Observation, Probe, Verdict
from tests.liveness.schedule_probes import schedules

_TABLES, _RELATIONS = "model.embeddings.tables", "model.relations"
_ONE_TABLE = (
    f'{_RELATIONS}=[{{ name: "near" lhs: "user" rhs: "user" }}]',
    (
        f'{_TABLES}=[{{ name: "user" num_embeddings: 1000 embedding_dim: 16 optimizer {{ adagrad {{ lr: 0.1 }} }} '
        "data_type: DATA_TYPE_FP32 }]"
    ),
)
_SPARE_TABLE = (
    f"{_TABLES}=["
    + ", ".join(
        f'{{ name: "{name}" num_embeddings: 1000 embedding_dim: 16 optimizer {{ adagrad {{ lr: 0.1 }} }} '
        "data_type: DATA_TYPE_FP32 }"
        for name in ("user", "tweet", "spare")
    )
    + "]",
)

_FIRST_TWEETS = '{ emb_name: "tweet" embedding_snapshot_uri: "${LIVENESS_DATA}/first/2" }'
_PRETRAINED = (f"{_TABLES}[1].pretrained={_FIRST_TWEETS}",)
_ONE_EPOCH = ("training.num_epochs=1", "training.num_train_steps=40", "train_data.limit=32")


def _algorithms(path: str, owner: str) -> Iterator[Probe]:
    """The fields of every algorithm at a place; `owner` is a part of the names of the parameters that it steps."""
    yield Probe(path, "{ sgd { lr: 0.1 } }", see.updates)
    for algorithm in ("adam", "sgd", "adagrad"):
        given = (f"{path}={{ {algorithm} {{ lr: 0.01 }} }}",)
        yield Probe(f"{path}.{algorithm}.lr", "0.02", see.updates, given=given)
        yield Probe(f"{path}.{algorithm}.weight_decay", "20", see.updates, smaller(owner), given)
    yield Probe(f"{path}.adam.betas", "[0.5, 0.5]", see.updates, given=(f"{path}={{ adam {{ lr: 0.01 }} }}",))
    yield Probe(f"{path}.adam.eps", "1e-2", see.updates, given=(f"{path}={{ adam {{ lr: 0.01 }} }}",))
    yield Probe(f"{path}.sgd.momentum", "0.9", see.updates, given=(f"{path}={{ sgd {{ lr: 0.01 }} }}",))
    yield Probe(f"{path}.adagrad.eps", "1", see.updates, given=(f"{path}={{ adagrad {{ lr: 0.01 }} }}",))


_MODEL = (
    Probe(f"{_TABLES}[2].name", "other", see.structure, given=_SPARE_TABLE),
    Probe(f"{_TABLES}[0].num_embeddings", "500", see.structure),
    Probe(f"{_TABLES}[0].embedding_dim", "8", see.structure, given=_ONE_TABLE),
    Probe(f"{_TABLES}[0].data_type", "DATA_TYPE_FP16", see.structure_or_error, ENDS_IN_ERROR, _ONE_TABLE),
    *_algorithms(f"{_TABLES}[0].optimizer", "table_user"),
    Probe(f"{_TABLES}[0].vocab", "${LIVENESS_DATA}/vocabulary/users.parquet", see.training_batches),
    Probe(f"{_TABLES}[1].pretrained", _FIRST_TWEETS, see.journal),
    Probe(f"{_TABLES}[1].pretrained.emb_name", "user", see.journal, given=_PRETRAINED),
    Probe(
        f"{_TABLES}[1].pretrained.embedding_snapshot_uri", "${LIVENESS_DATA}/first/4", see.journal, given=_PRETRAINED
    ),
    Probe("model.embeddings.tables_to_log", '["user"]', see.journal),
    Probe(f"{_RELATIONS}[0].name", "like", see.figures),
    Probe(f"{_RELATIONS}[0].lhs", "tweet", see.training_output),
    Probe(f"{_RELATIONS}[0].rhs", "user", see.training_output, given=(f"{_TABLES}[0].num_embeddings=1000",)),
    Probe(f"{_RELATIONS}[0].operator", "OPERATOR_UNSPECIFIED", Verdict("what is no translation, refused")),
    Probe("model.translation_optimizer.sgd.momentum", "0.9", see.updates),
    *schedules("model.translation_optimizer.learning_rate"),
)


def _data(place: str, batches: Observation, outputs: Observation) -> Iterator[Probe]:
    yield Probe(f"{place}.data_root", "${LIVENESS_DATA}/other_edges/train/*.parquet", batches)
    yield Probe(f"{place}.per_replica_batch_size", "8", batches)
    yield Probe(f"{place}.limit", "20", batches)
    yield Probe(f"{place}.offset", "4", batches)
    yield Probe(f"{place}.in_batch_negatives", "3", outputs)
    yield Probe(f"{place}.global_negatives", "3", outputs)


PROBES = (
    *engine_probes.PROBES,
    *_MODEL,
    Probe("training.num_epochs", "2", see.reports, MORE, _ONE_EPOCH),
    *_data("train_data", see.training_batches, see.training_output),
    *_data("validation_data", see.validation_batches, see.predictions),
)
