"""From files to a config that is judged by all rules: all mistakes as data, or an error with all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rankspec.composition.compose import LoadedConfig, PathName, compose
from rankspec.diagnostics.diagnostic import ConfigError, in_order


def check(
    paths: Iterable[PathName] | PathName,
    *,
    message: str | None = None,
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Reads a config as `compose` does and judges it by all rules.

    Returns:
        The config; its diagnostics hold every mistake or, if there is none, warnings about what is legal but known to
        hurt, or does nothing.
    """
    from rankspec.checking.advice import advise
    from rankspec.checking.deprecations import deprecations
    from rankspec.checking.validation import validate

    loaded = compose(paths, message=message, overrides=overrides, environment=environment)
    loaded.diagnostics += validate(loaded.document, loaded.file, loaded.copies)
    if loaded.ok:
        # Advice on values that are wrong anyway would only repeat that.
        loaded.diagnostics += advise(loaded.document, loaded.file)
        loaded.diagnostics += deprecations(loaded.document, loaded.file, loaded.copies)
    loaded.diagnostics = in_order(loaded.diagnostics)
    return loaded


def load(
    paths: Iterable[PathName] | PathName,
    *,
    message: str | None = None,
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Reads a config that has to be right.

    Returns:
        The config; its diagnostics hold warnings only.

    Raises:
        ConfigError: There are mistakes; all of them are in it.
    """
    loaded = check(paths, message=message, overrides=overrides, environment=environment)
    if not loaded.ok:
        raise ConfigError(loaded.diagnostics)
    return loaded
