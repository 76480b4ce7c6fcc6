"""Which of our tensors the reference's state entries are, by rules over their names.

What of the reference's state follows from the configuration (clipping bounds, calibration ratios) has no tensor here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from rankspec.families.recap.program.model import RankingModel

_FROM_CONFIG = re.compile(r"_calibrators\..*|_preprocessor\._before_concat_layers\.\d+\.(min|max)_value")
_RULES = [
    (r"_preprocessor\._before_concat_layers\.\d+\.layer\.", "inputs.featurization.transform.batch_norm."),
    (r"_preprocessor\.layer_norm\.layer\.", "inputs.featurization.transform.layer_norm."),
    (r"_(\w+_embedding)_layer_norm\.", r"inputs.embedding_norms.\1."),
    (r"_affine_maps\.([\w-]+)\.weight", r"towers.task_\1.affine_map.scale"),
    (r"_affine_maps\.([\w-]+)\.", r"towers.task_\1.affine_map."),
    (r"_towers\.([\w-]+)\.", r"towers.task_\1.network."),
    (r"_backbone\.", "backbone."),
]
_INSIDE_NETWORKS = [
    (r"\._mask_blocks\.", ".blocks."),
    (r"\._mask_layer\.", ".mask."),
    (r"\._hidden_layer\.", ".hidden."),
    (r"\._input_layer_norm\.", ".input_norm."),
    (r"\._layer_norm\.", ".output_norm."),
    (r"\._dense_layers\.", ".mlp."),
]


def our_name(model: nn.Module, reference_name: str) -> str | None:
    """Our name of a state entry, or None where the value follows from the configuration."""
    name = reference_name.removeprefix("model.")
    if _FROM_CONFIG.fullmatch(name):
        return None
    for pattern, replacement in _RULES:
        name, count = re.subn(f"^{pattern}", replacement, name)
        if count:
            break
    else:
        raise AssertionError(f"no rule for the reference's {reference_name}")
    for pattern, replacement in _INSIDE_NETWORKS:
        name = re.sub(pattern, replacement, name)
    # A perceptron's layers: the reference numbers all modules, ours have names, in the same order.
    if match := re.search(r"\.layers\.(\d+)\.", name):
        mlp = model.get_submodule(name[: match.start()])
        child = list(dict(mlp.named_children()))[int(match[1])]
        name = f"{name[: match.start()]}.{child}.{name[match.end() :]}"
    return name


def entries_by_our_name(model: RankingModel, entries: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """The reference's arrays under our names, in the shapes of our tensors."""
    state = model.state_dict()
    renamed: dict[str, Tensor] = {}
    for reference_name, array in entries.items():
        name = our_name(model, reference_name)
        if name is not None:
            assert name not in renamed, f"two entries of the reference are {name}"
            renamed[name] = torch.from_numpy(np.asarray(array)).reshape(state[name].shape)
    return renamed
