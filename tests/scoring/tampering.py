"""Bundles that are not what they were, or never were right, and the code that each is refused with."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest, ServedInput

from rankspec.scoring.layout import MANIFEST_FILE, MAX_MANIFEST_BYTES
from rankspec.scoring.signature import dtype_of

_Tamper = Callable[[Path], object]
_Edit = Callable[[BundleManifest], object]


class Tampering(NamedTuple):
    """A way to spoil a bundle.

    Attributes:
        code: what it is refused with.
        input: the file that the error names.
        spoil: does it to a copy of the bundle.
    """

    code: bundle_pb2.ErrorCode
    input: str
    spoil: _Tamper


def edited(edit: _Edit) -> _Tamper:
    """Changes the manifest."""

    def spoil(folder: Path) -> None:
        manifest = BundleManifest.FromString((folder / MANIFEST_FILE).read_bytes())
        edit(manifest)
        (folder / MANIFEST_FILE).write_bytes(manifest.SerializeToString(deterministic=True))

    return spoil


def relisted(change: _Tamper) -> _Tamper:
    """Changes files and lists them as they are now, as somebody would who can write the manifest too."""

    def relist(manifest: BundleManifest, folder: Path) -> None:
        for file in manifest.files:
            data = (folder / file.name).read_bytes()
            file.sha256, file.size = hashlib.sha256(data).hexdigest(), len(data)

    def spoil(folder: Path) -> None:
        change(folder)
        edited(lambda manifest: relist(manifest, folder))(folder)

    return spoil


def _written(name: str, change: Callable[[bytes], bytes]) -> _Tamper:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _replaced(name: str, make: Callable[[Path], object]) -> _Tamper:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return spoil


def _linked(name: str) -> _Tamper:
    def spoil(folder: Path) -> None:
        target = folder.parent / f"{folder.name}.target"
        (folder / name).rename(target)
        (folder / name).symlink_to(target)

    return spoil


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def _too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_MANIFEST_BYTES + 1)


def _golden_outputs(change: Callable[[np.ndarray], object]) -> Callable[[bytes], bytes]:
    """Changes the last output of the golden file."""

    def changed(data: bytes) -> bytes:
        last = np.frombuffer(data[-4:], "<f4").copy()
        change(last)
        return data[:-4] + last.tobytes()

    return changed


def _in_model(change: Callable[[object], object]) -> _Tamper:
    def spoil(folder: Path) -> None:
        import onnx

        model = onnx.load(folder / "model.onnx", load_external_data=False)
        change(model)
        (folder / "model.onnx").write_bytes(model.SerializeToString())

    return spoil


def _with_foreign_operator(model: object) -> None:
    model.graph.node[0].domain = "com.example"  # type: ignore[attr-defined]
    model.opset_import.add(domain="com.example", version=1)  # type: ignore[attr-defined]


def _with_hidden_tensor(model: object) -> None:
    tensor = model.graph.initializer[0]  # type: ignore[attr-defined]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="../../etc/passwd")


def _renamed_input(model: object) -> None:
    name = model.graph.input[0].name  # type: ignore[attr-defined]
    model.graph.input[0].name = "other"  # type: ignore[attr-defined]
    for node in model.graph.node:  # type: ignore[attr-defined]
        node.input[:] = ["other" if own == name else own for own in node.input]


def _zeroed_weights(model: object) -> None:
    for tensor in model.graph.initializer:  # type: ignore[attr-defined]
        if tensor.data_type == 1 and len(tensor.dims) == 2:
            tensor.raw_data = b"\0" * len(tensor.raw_data)


_INVALID = bundle_pb2.ERROR_CODE_MANIFEST_INVALID
_MODEL = bundle_pb2.ERROR_CODE_MODEL_INVALID


def _with_an_output_called_score(manifest: BundleManifest) -> None:
    """Gives the last output the name that the sum over others has."""
    manifest.outputs[-1].name = "score"
    manifest.score_weights.clear()
    manifest.score_weights[manifest.outputs[0].name] = 1


def _manifests() -> dict[str, Tampering]:
    """What the manifest alone gets wrong."""
    edits: dict[str, _Edit] = {
        "format_version_0": lambda m: setattr(m, "format_version", 0),
        "file_twice": lambda m: m.files.append(m.files[0]),
        "negative_size": lambda m: setattr(m.files[0], "size", -1),
        "short_hash": lambda m: setattr(m.files[0], "sha256", "ab"),
        "model_not_listed": lambda m: setattr(m, "model_file", "other.onnx"),
        "golden_not_listed": lambda m: setattr(m, "golden_file", "other.bin"),
        "config_not_listed": lambda m: setattr(m, "config_file", "other.binpb"),
        "config_text_not_listed": lambda m: setattr(m, "config_text_file", "other.textproto"),
        "recipe_not_listed": lambda m: setattr(m, "recipe_file", "recipe.binpb"),
        "vocabulary_not_listed": lambda m: setattr(m.signature.id_tables[0], "vocabulary_file", "ids.txt"),
        "no_inputs": lambda m: m.signature.ClearField("inputs"),
        "input_twice": lambda m: m.signature.inputs.append(m.signature.inputs[0]),
        "input_with_slash": lambda m: setattr(m.signature.inputs[0], "name", "a/b"),
        "width_0": lambda m: setattr(m.signature.inputs[0], "width", 0),
        "type_unspecified": lambda m: setattr(m.signature.inputs[0], "type", 0),
        "too_few_feature_names": lambda m: m.signature.inputs[0].feature_names.append("a"),
        "feature_names_twice": lambda m: m.signature.inputs[0].feature_names.extend(
            ["a"] * m.signature.inputs[0].width
        ),
        "unread_behind": lambda m: m.signature.inputs[0].unread_positions.append(99),
        "no_signature_hash": lambda m: m.signature.ClearField("hash"),
        "table_over_floats": lambda m: setattr(m.signature.id_tables[0], "input", "continuous"),
        "table_over_nothing": lambda m: setattr(m.signature.id_tables[0], "input", "other"),
        "table_behind": lambda m: setattr(m.signature.id_tables[0], "position", 2),
        "table_without_ids": lambda m: setattr(m.signature.id_tables[0], "num_ids", 0),
        "table_without_policy": lambda m: setattr(m.signature.id_tables[0], "out_of_range_ids", 0),
        "no_outputs": lambda m: m.ClearField("outputs"),
        "outputs_out_of_order": lambda m: m.outputs.reverse(),
        "output_twice": lambda m: m.outputs.append(m.outputs[-1]),
        "weight_of_nothing": lambda m: m.score_weights.update({"other": 1.0}),
        "weight_nan": lambda m: m.score_weights.update({"like": float("nan")}),
        "weights_beside_score": _with_an_output_called_score,
        "tolerance_0": lambda m: setattr(m.tolerance, "at_opening", 0),
        "tolerance_nan": lambda m: setattr(m.tolerance, "at_opening", float("nan")),
        "no_golden_batches": lambda m: m.ClearField("golden_batches"),
        "golden_batch_of_0": lambda m: setattr(m.golden_batches[0], "num_rows", 0),
    }
    return {name: Tampering(_INVALID, MANIFEST_FILE, edited(edit)) for name, edit in edits.items()}


def _names() -> dict[str, Tampering]:
    """Files that a manifest may not name."""
    names = ("../model.onnx", "/etc/passwd", "a/b", ".hidden", "-a", "", MANIFEST_FILE, "model onnx", "..", "a\\b")
    return {
        f"name_{number}": Tampering(
            bundle_pb2.ERROR_CODE_NAME_UNSAFE,
            MANIFEST_FILE,
            edited(lambda manifest, name=name: setattr(manifest.files[0], "name", name)),  # type: ignore[misc]
        )
        for number, name in enumerate(names)
    }


def _files() -> dict[str, Tampering]:
    """What is wrong with the folder or its files."""
    code = bundle_pb2
    listed = ("golden.bin", "model.onnx", "resolved.binpb", "resolved.textproto")
    return {
        "no_folder": Tampering(code.ERROR_CODE_NO_BUNDLE, "", shutil.rmtree),
        "a_file": Tampering(code.ERROR_CODE_NO_BUNDLE, "", _as_file),
        "empty_folder": Tampering(code.ERROR_CODE_NO_BUNDLE, MANIFEST_FILE, _emptied),
        "no_manifest": Tampering(
            code.ERROR_CODE_NO_BUNDLE, MANIFEST_FILE, lambda folder: (folder / MANIFEST_FILE).unlink()
        ),
        "linked_manifest": Tampering(code.ERROR_CODE_FILE_UNSAFE, MANIFEST_FILE, _linked(MANIFEST_FILE)),
        "manifest_folder": Tampering(
            code.ERROR_CODE_FILE_UNSAFE, MANIFEST_FILE, _replaced(MANIFEST_FILE, lambda path: path.mkdir())
        ),
        "large_manifest": Tampering(
            code.ERROR_CODE_FILE_TOO_LARGE, MANIFEST_FILE, _replaced(MANIFEST_FILE, _too_large)
        ),
        "garbage_manifest": Tampering(_INVALID, MANIFEST_FILE, _written(MANIFEST_FILE, lambda _data: b"\xff" * 9)),
        "cut_manifest": Tampering(_INVALID, MANIFEST_FILE, _written(MANIFEST_FILE, lambda data: data[:-1])),
        "empty_manifest": Tampering(_INVALID, MANIFEST_FILE, _written(MANIFEST_FILE, lambda _data: b"")),
        "newer": Tampering(
            code.ERROR_CODE_VERSION_UNKNOWN,
            MANIFEST_FILE,
            edited(lambda manifest: setattr(manifest, "least_reader_version", 3)),
        ),
        "extra_file": Tampering(
            code.ERROR_CODE_FILE_UNLISTED, "extra", lambda folder: (folder / "extra").write_text("x")
        ),
        "extra_hidden_file": Tampering(
            code.ERROR_CODE_FILE_UNLISTED, ".extra", lambda folder: (folder / ".extra").write_text("x")
        ),
        "extra_folder": Tampering(code.ERROR_CODE_FILE_UNLISTED, "extra", lambda folder: (folder / "extra").mkdir()),
        "missing_model": Tampering(
            code.ERROR_CODE_FILE_MISSING, "model.onnx", lambda folder: (folder / "model.onnx").unlink()
        ),
        "large": Tampering(
            code.ERROR_CODE_FILE_TOO_LARGE, "", edited(lambda manifest: setattr(manifest.files[0], "size", 2**40))
        ),
        "linked_model": Tampering(code.ERROR_CODE_FILE_UNSAFE, "model.onnx", _linked("model.onnx")),
        "model_folder": Tampering(
            code.ERROR_CODE_FILE_UNSAFE, "model.onnx", _replaced("model.onnx", lambda path: path.mkdir())
        ),
        "model_pipe": Tampering(code.ERROR_CODE_FILE_UNSAFE, "model.onnx", _replaced("model.onnx", os.mkfifo)),
        "shorter": Tampering(code.ERROR_CODE_FILE_SIZE, "golden.bin", _written("golden.bin", lambda data: data[:-1])),
        "longer": Tampering(code.ERROR_CODE_FILE_SIZE, "golden.bin", _written("golden.bin", lambda data: data + b"x")),
        **{f"flipped_{name}": Tampering(code.ERROR_CODE_FILE_HASH, name, _written(name, _flipped)) for name in listed},
    }


def _models() -> dict[str, Tampering]:
    """Models and golden rows that are listed as they are, and are not right."""
    golden = bundle_pb2.ERROR_CODE_GOLDEN_MISMATCH
    return {
        "garbage_model": Tampering(_MODEL, "model.onnx", relisted(_written("model.onnx", lambda _data: b"\xff" * 9))),
        "empty_model": Tampering(_MODEL, "model.onnx", relisted(_written("model.onnx", lambda _data: b""))),
        "foreign_operator": Tampering(_MODEL, "model.onnx", relisted(_in_model(_with_foreign_operator))),
        "renamed_input": Tampering(_MODEL, "model.onnx", relisted(_in_model(_renamed_input))),
        "other_width": Tampering(
            _MODEL, "model.onnx", edited(lambda manifest: setattr(manifest.signature.inputs[0], "width", 99))
        ),
        "more_outputs": Tampering(
            _MODEL, "model.onnx", edited(lambda manifest: manifest.outputs.add(name="zebra", kind=1))
        ),
        "hidden_tensor": Tampering(
            bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID, "model.onnx", relisted(_in_model(_with_hidden_tensor))
        ),
        "tensor_that_is_not_external": Tampering(
            bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
            "model.onnx",
            edited(lambda m: m.external_tensors.add(name="other", file="golden.bin", offset=0, shape=[1])),
        ),
        "short_golden": Tampering(
            bundle_pb2.ERROR_CODE_GOLDEN_INVALID,
            "golden.bin",
            relisted(_written("golden.bin", lambda data: data[:-4])),
        ),
        "other_golden_output": Tampering(
            golden, "edge/ids", relisted(_written("golden.bin", _golden_outputs(lambda last: last.__iadd__(0.01))))
        ),
        "golden_output_nan": Tampering(
            golden, "edge/ids", relisted(_written("golden.bin", _golden_outputs(lambda last: last.fill(np.nan))))
        ),
        "other_weights": Tampering(golden, "validation/valid", relisted(_in_model(_zeroed_weights))),
    }


# Of a bundle as `mask_net` of `bundles.py` makes it.
TAMPERINGS = {**_manifests(), **_names(), **_files(), **_models()}
# Of one whose tensors lie in a file of their own.
EXTERNAL_TAMPERINGS = {
    "other_external_weights": Tampering(
        bundle_pb2.ERROR_CODE_GOLDEN_MISMATCH,
        "validation/valid",
        relisted(_written("weights.bin", lambda data: b"\0" * len(data))),
    ),
    "external_offset": Tampering(
        bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
        "model.onnx",
        edited(lambda manifest: setattr(manifest.external_tensors[0], "offset", 4)),
    ),
    "external_elsewhere": Tampering(
        bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
        "model.onnx",
        edited(lambda manifest: setattr(manifest.external_tensors[0], "file", "golden.bin")),
    ),
    "external_shape": Tampering(
        bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
        "model.onnx",
        edited(lambda manifest: manifest.external_tensors[0].shape.append(2)),
    ),
    "external_unlisted": Tampering(
        bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
        "model.onnx",
        edited(lambda manifest: manifest.ClearField("external_tensors")),
    ),
    "external_cut": Tampering(
        bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
        "model.onnx",
        relisted(_written("weights.bin", lambda data: data[:-8])),
    ),
}


def _lists(manifest: BundleManifest) -> ServedInput:
    return next(item for item in manifest.signature.inputs if item.list)


def _widened(manifest: BundleManifest) -> None:
    _lists(manifest).width = 2
    _lists(manifest).ClearField("feature_names")


def _list_manifests() -> dict[str, Tampering]:
    """What a manifest gets wrong of lists."""
    edits: dict[str, _Edit] = {
        "lists_for_readers_of_1": lambda m: setattr(m, "least_reader_version", 1),
        "lists_of_floats": lambda m: setattr(_lists(m), "type", bundle_pb2.VALUE_TYPE_FLOAT32),
        "lists_of_width_2": _widened,
        "lists_unread": lambda m: _lists(m).unread_positions.append(0),
        "lists_of_allowed_values": lambda m: setattr(_lists(m).allowed_values, "most", 5),
        "table_behind_lists": lambda m: setattr(m.signature.id_tables[0], "position", 1),
    }
    return {name: Tampering(_INVALID, MANIFEST_FILE, edited(edit)) for name, edit in edits.items()}


def _first_length(number: int) -> _Tamper:
    """Says of the golden file's first list that it has so many ids."""

    def spoil(folder: Path) -> None:
        manifest = BundleManifest.FromString((folder / MANIFEST_FILE).read_bytes())
        vectors = (item.width * dtype_of(item).itemsize for item in manifest.signature.inputs if not item.list)
        start = sum(vectors) * manifest.golden_batches[0].num_rows
        data = bytearray((folder / manifest.golden_file).read_bytes())
        data[start : start + 8] = number.to_bytes(8, "little", signed=True)
        (folder / manifest.golden_file).write_bytes(data)

    return relisted(spoil)


def _list_golden_files() -> dict[str, Tampering]:
    """Golden rows whose lists are not as long as they say."""
    spoils: dict[str, _Tamper] = {
        "golden_length_below_0": _first_length(-1),
        "golden_length_far_above": _first_length(2**62),
        "golden_length_times_8_overflows": _first_length(2**61 + 1),
        "golden_length_behind_the_end": _first_length(2000),
        "golden_lists_cut": relisted(_written("golden.bin", lambda data: data[:-8])),
        "golden_lists_and_more": relisted(_written("golden.bin", lambda data: data + bytes(8))),
        "golden_rows_fewer": edited(lambda manifest: manifest.golden_batches.pop()),
        "golden_rows_more": edited(lambda manifest: manifest.golden_batches.add(name="more", num_rows=1)),
        "golden_rows_of_any_number": edited(lambda m: setattr(m.golden_batches[0], "num_rows", 2**31 - 1)),
    }
    code = bundle_pb2.ERROR_CODE_GOLDEN_INVALID
    return {name: Tampering(code, "golden.bin", spoil) for name, spoil in spoils.items()}


# Of a bundle whose last input, and only that, has lists, as `lists` of `bundles.py` makes it.
LIST_TAMPERINGS = {
    **_list_manifests(),
    **_list_golden_files(),
    "lists_as_vectors": Tampering(
        _MODEL, "model.onnx", edited(lambda manifest: setattr(_lists(manifest), "list", False))
    ),
    "vectors_as_lists": Tampering(
        _INVALID, MANIFEST_FILE, edited(lambda manifest: setattr(manifest.signature.inputs[0], "list", True))
    ),
}
