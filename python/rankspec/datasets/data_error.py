"""Data that cannot be used."""

from rankspec.diagnostics.field_error import FieldError


class DataError(FieldError, ValueError):
    """Data, or the part of a spec that describes it, that cannot be used."""

    code = "data.refused"
