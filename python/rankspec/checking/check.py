"""From files or code to a config that is judged by all rules: all mistakes as data, or an error with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rankspec.composition.compose import LoadedConfig, Source, compose
from rankspec.diagnostics.diagnostic import ConfigError, in_order


def check(
    source: Source,
    *,
    set: Mapping[str, object] | None = None,  # noqa: A002 - as the option of the command line
    overrides: Iterable[str] = (),
    message: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Reads a config as `compose` does and judges it by all rules.

    Args:
        source: A file, a base and its overlays, a message, or a loaded config, which may have been changed since.
        set: Single values by their fields' paths.
        overrides: The same as texts, `PATH=VALUE`; values of `set` come after them.
        message: Name of the message; None takes what the first file's header says.
        environment: The variables that `${VAR}` stands for; None takes the process's, and where no file is read, none.

    Returns:
        The config; its diagnostics hold every mistake or, if there is none, warnings about what is legal but known to
        hurt, or does nothing.
    """
    from rankspec.checking.advice import advise
    from rankspec.checking.deprecations import deprecations
    from rankspec.checking.validation import validate

    loaded = compose(source, message=message, overrides=overrides, values=set, environment=environment)
    loaded.diagnostics += validate(loaded.document, loaded.file, loaded.copies)
    if loaded.ok:
        # Advice on values that are wrong anyway would only repeat that.
        loaded.diagnostics += advise(loaded.document, loaded.file)
        loaded.diagnostics += deprecations(loaded.document, loaded.file, loaded.copies)
    loaded.diagnostics = in_order(loaded.diagnostics)
    return loaded


def load(
    source: Source,
    *,
    set: Mapping[str, object] | None = None,  # noqa: A002 - as the option of the command line
    overrides: Iterable[str] = (),
    message: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Reads a config that has to be right; takes what `check` takes.

    Returns:
        The config; its diagnostics hold warnings only.

    Raises:
        ConfigError: There are mistakes; all of them are in it.
    """
    loaded = check(source, set=set, overrides=overrides, message=message, environment=environment)
    if not loaded.ok:
        raise ConfigError(loaded.diagnostics)
    return loaded
