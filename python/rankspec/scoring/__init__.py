"""Scores rows as a trained model does, from a bundle: a folder that `rankspec export` wrote. Needs no torch.

`open` is where to begin; `docs/serving.md` has the format and what is guaranteed. The names are imported when they
are first asked for, because modules beside them are used where ONNX Runtime is not installed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.scoring.combining import SCORE
    from rankspec.scoring.errors import ScoringError
    from rankspec.scoring.scorer import Scorer, open  # noqa: A004 - called as `scoring.open`

__all__ = ["SCORE", "Scorer", "ScoringError", "open"]

_MODULES = {
    "SCORE": "rankspec.scoring.combining",
    "Scorer": "rankspec.scoring.scorer",
    "ScoringError": "rankspec.scoring.errors",
    "open": "rankspec.scoring.scorer",
}

if not TYPE_CHECKING:  # to a type checker, a name that is not above is a mistake

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
