"""What is wrong with a table that is imported, or with what was said of it."""


class TableError(ValueError):
    """A table that cannot be read or imported as it was asked for; the text names the place and the way out."""
