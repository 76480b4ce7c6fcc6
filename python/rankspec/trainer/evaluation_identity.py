"""What an evaluation's figures are of: they are shown again only for the same."""

import hashlib
import json
from importlib.metadata import version

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
    part = setup.program.evaluated_part(name).SerializeToString(deterministic=True)
    parts = [
        sha256(checkpoint.folder / MANIFEST_FILE),
        identity_digest(dataset.identity),
        # Labels that changed in place can leave a file with the same size and the same end.
        dataset.content,
        setup.signature,
        hashlib.sha256(part).hexdigest(),
        setup.runtime.device.type,
        version("rankspec"),
        *([setup.processes.world_size] if setup.program.is_batch_per_process else []),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
