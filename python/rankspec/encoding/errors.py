"""What is wrong with raw rows, or with the recipe that reads them."""


class EncodingError(ValueError):
    """Rows that a recipe cannot read, or a recipe that cannot be used.

    Attributes:
        code: Stable name of the kind of error: `row.value`, `column.absent`, `column.type`, `recipe.unfitted`,
            `recipe.semantics`, `recipe.damaged`, `recipe.fitting`, `vocabulary.absent` or `vocabulary.digest`.
        message: What is wrong and what to do about it.
        column: The raw column, or "".
        row: The row's number, as counted by whoever handed the rows over; None if it is about no row.
    """

    def __init__(self, code: str, message: str, column: str = "", row: int | None = None) -> None:
        place = f"column {column}" if column else ""
        if row is not None:
            place += f", row {row}"
        super().__init__(f"{place}: {message}" if place else message)
        self.code = code
        self.message = message
        self.column = column
        self.row = row


class ValueAtError(Exception):
    """A value that cannot be read, at its place in an array; `Rows` makes an EncodingError of it.

    Attributes:
        index: The place.
        expected: What a value has to be.
        value: What is there.
    """

    def __init__(self, index: int, expected: str, value: object) -> None:
        super().__init__(expected)
        self.index = index
        self.expected = expected
        self.value = value


class TypeOfColumnError(Exception):
    """A column whose type is none that its kind is read from; the text says what is expected."""
