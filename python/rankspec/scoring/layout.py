"""What lies in a bundle's folder, and how large it may be."""

from __future__ import annotations

import re

MANIFEST_FILE = "manifest.binpb"
MODEL_FILE = "model.onnx"
WEIGHTS_FILE = "weights.bin"
GOLDEN_FILE = "golden.bin"
CONFIG_FILE = "resolved.binpb"
CONFIG_TEXT_FILE = "resolved.textproto"
RECIPE_FILE = "recipe.binpb"

# Of the format: what `rankspec export` writes, and what this reader knows. A bundle that older readers would get wrong
# says so by its least_reader_version.
FORMAT_VERSION = 2
# The first version whose readers know lists of ids.
LISTS_SINCE = 2

# The name of the model's only output.
OUTPUTS = "outputs"

MAX_MANIFEST_BYTES = 16 * 2**20
# The model without its external tensors, which are not read whole.
MAX_MODEL_BYTES = 2**30
# Values of the matrix that the lists of an input are made equally long in: what an array of Java's holds.
MAX_MATRIX_VALUES = 2**31 - 9
# All files together, unless who opens the bundle says otherwise.
MAX_BUNDLE_BYTES = 64 * 2**30

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
