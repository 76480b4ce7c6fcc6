"""What ends a run with one clear message."""


class TrainError(Exception):
    """The run cannot start or go on; the text names the place and the remedy.

    Attributes:
        path: path of the field of the spec that the error is about, or "".
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path
