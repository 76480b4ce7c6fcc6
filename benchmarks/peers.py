"""Loading and judging the shipped production config, beside pydantic and msgspec on the same content.

Warm: again and again in one process. Fresh: a process that imports what it needs, loads once and ends.

Each reads the content as its users would write it: ours the shipped file with its shorthands, pydantic and msgspec
YAML with an alias for every block that comes again, which halves what they read. `msgspec_json` is msgspec at its
fastest, on JSON. Their classes are written by `benchmarks.peer_models` and judge less: neither oneofs nor rules over
several fields; and no value of theirs has a place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.content import CONFIG, expanded, plain
from benchmarks.measuring import Measurement, interleaved_medians, process
from benchmarks.peer_models import PEERS, module
from rankspec.checking.check import load
from rankspec.schema.descriptors import descriptor_of

_NUM_WARM_ROUNDS = 101
_NUM_FRESH_ROUNDS = 21


def _warm(peer: str) -> Measurement:
    with _folder(peer) as (folder, content):
        sys.path.insert(0, str(folder))
        load_peer = import_module(_module_name(peer)).load
        sys.path.remove(str(folder))
        value, baseline = interleaved_medians([lambda: load(CONFIG), lambda: load_peer(content)], _NUM_WARM_ROUNDS)
    return Measurement(f"warm_load_validate_{peer}", value, "ms", baseline)


def _fresh(peer: str) -> Measurement:
    with _folder(peer) as (folder, content):
        programs = (
            f"from rankspec.checking.check import load; load({str(CONFIG)!r})",
            f"from {_module_name(peer)} import load; load({str(content)!r})",
        )
        processes = [process(sys.executable, "-c", program, folder=folder) for program in programs]
        value, baseline = interleaved_medians(processes, _NUM_FRESH_ROUNDS)
    return Measurement(f"fresh_load_validate_{peer}", value, "ms", baseline)


warm_pydantic = partial(_warm, "pydantic")
warm_msgspec = partial(_warm, "msgspec")
warm_msgspec_json = partial(_warm, "msgspec_json")
fresh_pydantic = partial(_fresh, "pydantic")
fresh_msgspec = partial(_fresh, "msgspec")
fresh_msgspec_json = partial(_fresh, "msgspec_json")


@contextmanager
def _folder(peer: str) -> Iterator[tuple[Path, Path]]:
    """Writes a peer's module and content into a folder that is there for a while, and yields folder and content."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / f"{_module_name(peer)}.py").write_text(module(PEERS[peer], descriptor_of(expanded())), "utf-8")
        content = folder / "content"
        content.write_text(written(peer, plain(expanded())), "utf-8")
        yield folder, content


def _module_name(peer: str) -> str:
    return f"{peer}_models"


def written(peer: str, tree: dict[str, Any]) -> str:
    """Writes a plain config in the form that a peer loads."""
    if peer == "msgspec_json":
        return json.dumps(tree, indent=2)
    # Short lists and blocks on one line, as people write them; PyYAML writes an alias for an object that it has seen.
    text: str = yaml.dump(_shared(tree, {}), default_flow_style=None, sort_keys=False, allow_unicode=True)
    return text


def _shared(tree: Any, seen: dict[str, Any]) -> Any:
    """Returns a tree in which blocks and lists that are equal are one and the same."""
    if isinstance(tree, dict):
        tree = {key: _shared(value, seen) for key, value in tree.items()}
    elif isinstance(tree, list):
        tree = [_shared(value, seen) for value in tree]
    return seen.setdefault(json.dumps(tree), tree) if isinstance(tree, (dict, list)) and tree else tree
