"""Writes a bundle's model as a model repository of Triton Inference Server, for who outgrows one machine.

The model alone goes there: Triton looks neither at ids, allowed values nor the signature's hash, and gives no
combined score.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from rankspec.files.durable import staged, write_file
from rankspec.scoring.golden import golden_batches
from rankspec.scoring.layout import OUTPUTS
from rankspec.scoring.reading import BundleFiles
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1.bundle_pb2 import BundleManifest, ServedInput

_TYPES = {"float32": "TYPE_FP32", "int64": "TYPE_INT64"}
_MAX_BATCH_SIZE = 1024
_TASKS_FILE = "tasks.txt"


class _WarmUp(NamedTuple):
    """A row that Triton scores before it says that it is ready: `[1, width]` by input."""

    name: str
    inputs: Mapping[str, NDArray[Any]]

    def file(self, name: str) -> str:
        """Name of the file of an input's values, in Triton's folder `warmup`."""
        return f"{self.name}.{name}"


def write_repository(bundle: BundleFiles, folder: Path, name: str) -> None:
    """Writes a model repository with one model, whose version is the bundle's step.

    Args:
        bundle: what `read_bundle` gave.
        folder: the repository's place, where nothing is yet.
        name: the model's name.

    Raises:
        FileExistsError: there is something already.
        OSError: it cannot be written.
    """
    manifest = bundle.manifest
    warm_ups = list(_warm_ups(bundle))
    # Triton's versions begin at 1.
    version = str(max(1, manifest.step))
    with staged(folder) as place:
        model = place / name
        for each in (model, model / version, model / "warmup"):
            each.mkdir()
        write_file(model, "config.pbtxt", _config(bundle, name, warm_ups).encode())
        write_file(model, _TASKS_FILE, "".join(f"{output.name}\n" for output in manifest.outputs).encode())
        write_file(model / version, "model.onnx", bytes(bundle.contents[manifest.model_file]))
        for file in sorted({tensor.file for tensor in manifest.external_tensors}):
            # The model names it so.
            write_file(model / version, file, bundle.contents[file])
        for warm_up in warm_ups:
            for item in manifest.signature.inputs:
                write_file(model / "warmup", warm_up.file(item.name), warm_up.inputs[item.name].tobytes())


def _warm_ups(bundle: BundleFiles) -> Iterator[_WarmUp]:
    """The first row of every golden batch."""
    manifest = bundle.manifest
    for place, batch in enumerate(golden_batches(manifest, bundle.contents[manifest.golden_file])):
        little = {name: values[:1].astype(values.dtype.newbyteorder("<")) for name, values in batch.inputs.items()}
        yield _WarmUp(f"golden_{place}", little)


def _config(bundle: BundleFiles, name: str, warm_ups: list[_WarmUp]) -> str:
    """`config.pbtxt`: an `inference.ModelConfig` as text."""
    manifest = bundle.manifest
    told = {
        "bundle_digest": bundle.digest,
        "signature_hash": manifest.signature.hash,
        "step": str(manifest.step),
        "feature_names": json.dumps({item.name: list(item.feature_names) for item in manifest.signature.inputs}),
    }
    output = (
        f"output {{ name: {_text(OUTPUTS)} data_type: TYPE_FP32 dims: {len(manifest.outputs)} "
        f"label_filename: {_text(_TASKS_FILE)} }}"
    )
    lines = [
        f"name: {_text(name)}",
        'backend: "onnxruntime"',
        f"max_batch_size: {_MAX_BATCH_SIZE}",
        *(
            f"input {{ name: {_text(item.name)} {_tensor(item, -1 if item.list else item.width)} }}"
            for item in manifest.signature.inputs
        ),
        output,
        "dynamic_batching { }",
        *(_warm_up(manifest, warm_up) for warm_up in warm_ups),
        *(f"parameters {{ key: {_text(k)} value {{ string_value: {_text(v)} }} }}" for k, v in told.items()),
    ]
    return "\n".join(lines) + "\n"


def _warm_up(manifest: BundleManifest, warm_up: _WarmUp) -> str:
    inputs = "".join(
        f" inputs {{ key: {_text(item.name)} value {{ {_tensor(item, warm_up.inputs[item.name].shape[1])} "
        f"input_data_file: {_text(warm_up.file(item.name))} }} }}"
        for item in manifest.signature.inputs
    )
    return f"model_warmup {{ name: {_text(warm_up.name)} batch_size: 1{inputs} }}"


def _tensor(item: ServedInput, width: int) -> str:
    return f"data_type: {_TYPES[dtype_of(item).name]} dims: {width}"


def _text(value: str) -> str:
    """A string of protobuf's text format."""
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}" for byte in value.encode()
    )
    return f'"{escaped}"'
