"""One spec for training and serving ranking models.

The names in `__all__` are Python's public interface, and `docs/python.md` is their page. Each is imported when it is
first asked for, because the generated packages that lie beside them are imported without them.
"""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.analysis.fingerprint import Fingerprint, fingerprint
    from rankspec.api.run import Run
    from rankspec.checking.check import check, load
    from rankspec.composition.compose import LoadedConfig
    from rankspec.datasets.importing.table import import_table
    from rankspec.diagnostics.diagnostic import ConfigError, Diagnostic, Position
    from rankspec.formats.writing import to_textproto
    from rankspec.schema.defaults import resolve
    from rankspec.trainer.data_error import DataError
    from rankspec.trainer.errors import TrainError
    from rankspec.trainer.report import Report

__all__ = [
    "ConfigError",
    "DataError",
    "Diagnostic",
    "Fingerprint",
    "LoadedConfig",
    "Position",
    "Report",
    "Run",
    "TrainError",
    "check",
    "fingerprint",
    "import_table",
    "load",
    "resolve",
    "to_textproto",
]

_MODULES = {
    "ConfigError": "rankspec.diagnostics.diagnostic",
    "DataError": "rankspec.trainer.data_error",
    "Diagnostic": "rankspec.diagnostics.diagnostic",
    "Fingerprint": "rankspec.analysis.fingerprint",
    "LoadedConfig": "rankspec.composition.compose",
    "Position": "rankspec.diagnostics.diagnostic",
    "Report": "rankspec.trainer.report",
    "Run": "rankspec.api.run",
    "TrainError": "rankspec.trainer.errors",
    "check": "rankspec.checking.check",
    "fingerprint": "rankspec.analysis.fingerprint",
    "import_table": "rankspec.datasets.importing.table",
    "load": "rankspec.checking.check",
    "resolve": "rankspec.schema.defaults",
    "to_textproto": "rankspec.formats.writing",
}

# The generated packages (`rankspec.recap.v1` and so on) lie in a folder of their own in a checkout, and beside this
# file in an installed wheel. pkgutil.extend_path finds them too, and takes longer than reading a config.
__path__ += [
    folder
    for folder in (os.path.join(entry, __name__) for entry in sys.path)
    if folder not in __path__ and os.path.isdir(folder)
]


if not TYPE_CHECKING:  # to a type checker, a name that is not above is a mistake

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
