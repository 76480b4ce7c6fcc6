"""A run's ranker beside baselines that are fitted to the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rankspec.baselines.comparison import RANKER, Score, scores_of, verdict
from rankspec.baselines.models import fit_all
from rankspec.families import baseline_data_of
from rankspec.trainer.chosen_checkpoint import choose_checkpoint
from rankspec.trainer.errors import TrainError
from rankspec.trainer.folder import EVALUATION_SCORES_FOLDER, SCORES_FOLDER
from rankspec.trainer.follow import score_rows
from rankspec.trainer.scored_rows import step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rankspec.baselines.models import Fitted
    from rankspec.baselines.rows import Rows
    from rankspec.families.recap.program.baseline_rows import BaselineData
    from rankspec.trainer.setup import Job


@dataclass(frozen=True)
class Comparison:
    """How models did on one validation set.

    Attributes:
        name: of the set.
        scores: by task and model, in the order of the tasks; of each the ranker's first, where there is one.
        verdicts: a sentence for each task on whether the ranker is better.
    """

    name: str
    scores: list[Score]
    verdicts: list[str]


def compare(job: Job, names: Sequence[str], draws: int, say: Callable[[str], None]) -> list[Comparison]:
    """Fits baselines to a config's training rows, and scores them and the run's ranker on validation sets.

    Args:
        job: the run; its ranker is that of the best checkpoint, or of the newest where none is known to be the best.
        names: the validation sets; empty for all.
        draws: of the bootstrap.
        say: takes lines for people.

    Raises:
        TrainError: there is no such validation set, nothing to fit, or no baselines of such a model.
        DataError: the data are not what the config says.
        ConfigError: the config describes another model than the checkpoint's.
    """
    reader = baseline_data_of(job.config.DESCRIPTOR.full_name)
    if reader is None:
        raise TrainError(f"there are no baselines of a {job.config.DESCRIPTOR.name}; they are of rankers alone", "")
    data = reader(job.config)
    wanted = _wanted(data, names)
    train = data.training_rows()
    say(f"fitting baselines to {train.num_rows:,} rows")
    for task in data.numbers:
        say(f"{task} is left out: it is a regression, and baselines are of yes-or-no tasks")
    fitted = {
        task: fit_all(train, task, say) for task in data.tasks if _has_both_classes(train, task, "train_data", say)
    }
    if not fitted:
        raise TrainError(
            "there is no task to fit baselines to: yes-or-no labels of both kinds are needed", "model.tasks"
        )
    return [_compared(job, data, name, fitted, draws, say) for name in wanted]


def _wanted(data: BaselineData, names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in data.sets:
            raise TrainError(
                f'there is no validation set "{name}"; name one of {", ".join(data.sets)}', "validation_data"
            )
    if not data.sets:
        raise TrainError("there is no validation set to compare on; add one", "validation_data")
    return list(dict.fromkeys(names)) or data.sets


def _compared(
    job: Job,
    data: BaselineData,
    name: str,
    fitted: dict[str, list[Fitted]],
    draws: int,
    say: Callable[[str], None],
) -> Comparison:
    rows = data.validation_rows(name)
    of_ranker = _of_ranker(job, data, name, rows, say)
    scores: list[Score] = []
    verdicts: list[str] = []
    for task, models in fitted.items():
        if not _has_both_classes(rows, task, name, say):
            continue
        predictions = {} if of_ranker is None else {RANKER: of_ranker[task]}
        of_task = scores_of(rows, task, predictions | {one.model: one.predict(rows) for one in models}, draws=draws)
        scores += of_task
        verdicts += [sentence] if (sentence := verdict(of_task)) else []
    return Comparison(name, scores, verdicts)


def _has_both_classes(rows: Rows, task: str, place: str, say: Callable[[str], None]) -> bool:
    counted = rows.labels[task][rows.weights[task] > 0]
    if len(counted) and counted.min() < counted.max():
        return True
    say(f"{task} is left out of {place}: it has no labels there, or all are equal")
    return False


def _of_ranker(
    job: Job, data: BaselineData, name: str, rows: Rows, say: Callable[[str], None]
) -> dict[str, NDArray[np.float32]] | None:
    """What the best checkpoint says of the rows, by task; scores them if what it said of them is not there."""
    try:
        chosen = choose_checkpoint(data.folder)
    except TrainError:
        say(f"{data.folder} has no checkpoint, so the baselines stand alone; train first")
        return None
    files = [data.folder / folder / f"{name}.parquet" for folder in (EVALUATION_SCORES_FOLDER, SCORES_FOLDER)]
    for file in files:
        if step_of(file) == chosen.checkpoint.step and (found := data.ranker(file, rows)) is not None:
            say(f"{name}: the ranker is {chosen}")
            return found
    say(f"{name}: the ranker is {chosen}; its rows are scored first")
    score_rows(job, [name], chosen)
    found = data.ranker(files[0], rows)
    if found is None:
        say(f"{name}: its rows change from one reading to the next, so the baselines stand alone")
    return found
