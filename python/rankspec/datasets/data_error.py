"""Data that cannot be used."""


class DataError(ValueError):
    """Data, or the part of a spec that describes it, that cannot be used.

    Attributes:
        message: what is wrong and what to do about it, without the field's path.
        path: the field of the spec it is about, such as `train_data.inputs`; "" if none.
    """

    code = "data.refused"

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path
