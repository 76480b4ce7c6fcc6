"""What an evaluation's figures are of: they are shown again only for the same."""

import hashlib
import json
from importlib.metadata import version

from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.trainer.checkpoints import MANIFEST_FILE, Checkpoint, sha256
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.identity import identity_digest
from rankspec.trainer.setup import Setup


def evaluation_identity(checkpoint: Checkpoint, name: str, dataset: Dataset, setup: Setup) -> str:
    """A hash of the checkpoint's content, the set's data, and the part of the config that figures follow from.

    It does not depend on where run and data lie.

    Args:
        checkpoint: what is evaluated.
        name: of the validation set.
        dataset: the set itself.
        setup: the evaluation.

    Raises:
        FileNotFoundError: if the checkpoint is gone.
    """
    parts = [
        sha256(checkpoint.folder / MANIFEST_FILE),
        identity_digest(dataset.identity),
        # Labels that changed in place can leave a file with the same size and the same end.
        dataset.content,
        setup.signature,
        hashlib.sha256(_relevant(setup.config, name)).hexdigest(),
        setup.runtime.device.type,
        version("rankspec"),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _relevant(config: RecapConfig, name: str) -> bytes:
    """The config without what figures of one validation set do not follow from, serialized."""
    part = RecapConfig(
        model=config.model,
        train_data=_without_places(config.train_data),
        which_metrics=config.which_metrics,
        downsampling_correction=config.downsampling_correction,
        runtime=config.runtime,
    )
    part.validation_data[name].CopyFrom(_without_places(config.validation_data[name]))
    part.training.num_eval_steps = config.training.num_eval_steps
    part.runtime.ClearField("wandb")
    serialized: bytes = part.SerializeToString(deterministic=True)
    return serialized


def _without_places(data: RecapDataConfig) -> RecapDataConfig:
    """The config of a data set without the names of its files, which the data's own identity stands for."""
    copy = RecapDataConfig()
    copy.CopyFrom(data)
    chosen = copy.WhichOneof("date_inputs_format")
    if chosen is not None:
        copy.ClearField(chosen)
    copy.seg_dense_schema.ClearField("schema_path")
    return copy
