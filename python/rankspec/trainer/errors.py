"""What ends a run with one clear message."""


class TrainError(Exception):
    """The run cannot start or go on.

    Attributes:
        message: what is wrong and what to do about it, without the field's path.
        path: path of the field of the spec that it is about, or "".
    """

    code = "train.refused"

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path
