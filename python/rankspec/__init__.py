"""One spec for training and serving ranking models."""

import os
import sys

# The generated packages (`rankspec.recap.v1` and so on) lie in a folder of their own in a checkout, and beside this
# file in an installed wheel. pkgutil.extend_path finds them too, and takes longer than reading a config.
__path__ += [
    folder
    for folder in (os.path.join(entry, __name__) for entry in sys.path)
    if folder not in __path__ and os.path.isdir(folder)
]
