"""What happens to a checkpoint's files on a disk."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from tests.crash.foreign import Foreign

from rankspec.trainer.checkpoints import MANIFEST_FILE, STATE_FILE


def change_a_file(checkpoint: Path, source: random.Random, foreign: Foreign) -> str:
    """Cuts off, changes or deletes a file of a checkpoint's own; returns what it did to which."""
    others = foreign.below(checkpoint)
    path = source.choice([path for path in sorted(checkpoint.iterdir()) if path not in others])
    content = bytearray(path.read_bytes())
    place = source.randrange(len(content))
    # Without its manifest it would be somebody else's folder.
    how = source.choice(("cut off", "changed", *([] if path.name == MANIFEST_FILE else ["deleted"])))
    if how == "deleted":
        path.unlink()
    elif how == "changed":
        content[place] ^= 1 << source.randrange(8)
        path.write_bytes(content)
    else:
        path.write_bytes(content[:place])
    return f"{path.name} {how}"


def drop_hidden_names(folder: Path) -> None:
    """Deletes the files whose names begin with a dot, at any depth."""
    for path in folder.rglob(".*"):
        if path.is_file():
            path.unlink()


def make_old(checkpoint: Path) -> None:
    """Makes a checkpoint what release 0.1 would have written."""
    state = json.loads((checkpoint / STATE_FILE).read_text())
    del state["data"], state["data_offset"], state["best"]["of"]
    (checkpoint / STATE_FILE).write_text(json.dumps(state))
    manifest = json.loads((checkpoint / MANIFEST_FILE).read_text())
    manifest[STATE_FILE] = hashlib.sha256((checkpoint / STATE_FILE).read_bytes()).hexdigest()
    (checkpoint / MANIFEST_FILE).write_text(json.dumps(manifest))
