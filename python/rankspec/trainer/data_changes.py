"""Whether the data are those that a checkpoint was trained on; if not, where the run goes on in the new ones."""

from collections.abc import Callable, Mapping

from rankspec.trainer.checkpoints import STATE_FILE, Checkpoint
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.identity import differences, identity_from, num_rows
from rankspec.trainer.errors import TrainError

TRAIN_DATA = "train_data"


class DataChangedError(TrainError):
    """The training data changed in the middle of an epoch."""

    code = "resume.data_changed"


def check_data(
    checkpoint: Checkpoint,
    datasets: Mapping[str, Dataset],
    num_batches: int,
    say: Callable[[str], None],
    *,
    force: bool,
) -> None:
    """Compares the data sets with those of a checkpoint, and has the training stream go on where it has to.

    Args:
        checkpoint: where the run goes on from.
        datasets: the run's data sets by their places in the config.
        num_batches: training batches taken when the checkpoint was written.
        say: takes a line for every change that does not end the run.
        force: whether to go on even though an epoch was not over.

    Raises:
        DataChangedError: the training data changed in the middle of an epoch; the text names the files.
    """
    saved = checkpoint.state
    with checkpoint.interpreting(STATE_FILE):
        before = {path: identity_from(identity) for path, identity in saved.get("data", {}).items()}
        offset = saved["data_offset"] if before else 0
        if type(offset) is not int:
            raise TypeError(f"data_offset is a {type(offset).__name__}")
    if not before:
        say(f"checkpoint {checkpoint.step} does not say which data it was trained on, so changed data go unnoticed")
        return
    stream = datasets[TRAIN_DATA]
    stream.offset = offset
    since = f"the data changed since checkpoint {checkpoint.step} was written"
    for path, dataset in datasets.items():
        found = differences(before[path], dataset.identity) if path in before else []
        change = f"{since}: {'; '.join(found)}"
        if found and path == TRAIN_DATA:
            _take_up(stream, num_batches, num_rows(before[path]), change, say, force=force)
        elif found:
            say(f"{path}: {change}; figures are of the new data from here on")


def _take_up(
    stream: Dataset, num_batches: int, rows_before: int, change: str, say: Callable[[str], None], *, force: bool
) -> None:
    """Has a stream of changed data go on behind so many batches of the old data, or raises `DataChangedError`."""
    if stream.at_end_of_epoch(num_batches, rows_before):
        stream.begin_epoch(num_batches, rows_before)
        say(f"{TRAIN_DATA}: {change}; an epoch was over, and the next one is of the new data")
    elif force:
        say(f"{TRAIN_DATA}: {change}; going on in the middle of an epoch: it leaves rows out, or reads them twice")
    else:
        raise DataChangedError(
            f"{change}, in the middle of an epoch; bring the old data back, train into another save_dir, or resume "
            "with --force, which leaves rows of this epoch out or reads them twice",
            stream.path,
        )
