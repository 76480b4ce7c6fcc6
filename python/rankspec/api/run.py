"""A run as an object: trained, evaluated and used from Python by the functions that the command line calls."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from rankspec.checking.check import load
from rankspec.composition.compose import LoadedConfig, PathName, Source
from rankspec.diagnostics.diagnostic import ConfigError, Diagnostic, summary
from rankspec.diagnostics.field_error import FieldError
from rankspec.families import not_trained
from rankspec.schema.defaults import resolve
from rankspec.trainer.errors import TrainError
from rankspec.trainer.home_folder import expanded

if TYPE_CHECKING:
    import pyarrow as pa
    from torch import nn

    from rankspec.trainer.report import OnReport, Report
    from rankspec.trainer.setup import Job

# Which checkpoint: by its steps, or by what it is; None is the best where the run keeps one, and else the newest.
Step = int | Literal["best", "newest"] | None


class Run:
    """A run: a config, and the folder that it writes. One that was begun is continued, or used as it is.

    Lines for people and a progress bar go to the standard error. Under torchrun every process has to call the same
    methods.

    Attributes:
        folder: The run's folder, `training.save_dir`, which need not exist yet.
    """

    def __init__(self, config: Source, *, set: Mapping[str, object] | None = None) -> None:  # noqa: A002 - as in `load`
        """Takes a config, which is copied; nothing is read or written but that.

        Args:
            config: A file, a base and its overlays, a message, or what `load` or `check` returned.
            set: Single values to lay over it, by their fields' paths.

        Raises:
            ConfigError: The config is wrong, or nothing trains a message of its type.
            DataError: The folder is in the home folder of nobody.
        """
        self._loaded = load(config, set=set)
        if refused := not_trained(self._loaded):
            raise ConfigError(refused)
        _warn(self._loaded.diagnostics)
        self.folder = Path(expanded(self.config.training.save_dir, "training.save_dir"))

    @classmethod
    def open(cls, folder: PathName) -> Self:
        """Takes a run by its folder, wherever that is now: its config as the run resolved it last.

        Args:
            folder: The run's. Relative paths of data in its config are relative to the current folder, as ever.

        Raises:
            TrainError: No run has been there.
            ConfigError: The config is wrong by the rules of this version.
        """
        _require_engine()
        from rankspec.trainer.checkpoints import CONFIG_FILE

        place = Path(folder).expanduser().absolute()
        if not (place / CONFIG_FILE).is_file():
            raise TrainError(f"{place} holds no run, as it has no {CONFIG_FILE}; name the save_dir of a run")
        # In a value `${` would begin a variable.
        here = str(place).replace("${", "$${")
        return cls(load(place / CONFIG_FILE, set={"training.save_dir": here}, environment={}))

    def __repr__(self) -> str:
        return f"Run({self._loaded.message.DESCRIPTOR.name}, folder={os.fspath(self.folder)!r})"

    @property
    def config(self) -> Any:
        """The config with every default filled in; a copy."""
        return resolve(self._loaded.message)

    def train(self, *, force: bool = False, restart: bool = False, on_report: OnReport | None = None) -> bool:
        """Trains, continuing from the newest checkpoint if there is one.

        In the main thread an interrupt has the run saved after the step that is under way, and is raised then; a second
        one ends it at once. Calling this again continues.

        Args:
            force: Whether to continue even where config or data have changed in what must not change.
            restart: Whether to begin anew; what the folder holds of earlier runs is moved to `set-aside-<n>` inside it.
            on_report: Is called with the figures of each report, in the first process alone. What it raises ends the
                run and is raised here.

        Returns:
            Whether the run is done; not if SIGTERM asked the process to end before.

        Raises:
            KeyboardInterrupt: The run was interrupted.
            ConfigError: The config has what the trainer does not obey, or changed in what must not change.
            TrainError: The run cannot start or go on.
            DataError: The data are not what the config says.
        """
        with self._job("train") as job:
            from rankspec.trainer.asking import asked_to_end
            from rankspec.trainer.run import train

            with asked_to_end() as asked:
                is_done = train(job, force=force, restart=restart, on_report=on_report, asked=asked)
            if not is_done and asked.number == signal.SIGINT:
                # What comes after in a notebook or script is not to run with a model that is half trained.
                raise KeyboardInterrupt("the run is saved, and continues with the next call")
            return is_done

    def evaluate(self, step: Step = None) -> dict[str, Report]:
        """Evaluates a checkpoint on every validation set that it has no figures of yet.

        Args:
            step: Which checkpoint; None takes the best where the run keeps one, and else the newest.

        Returns:
            Its figures by validation set.

        Raises:
            ConfigError: The config describes another model than the checkpoint's.
            TrainError: There is no such checkpoint, or nothing to evaluate on.
            DataError: The data are not what the config says.
        """
        with self._job("evaluate") as job:
            from rankspec.trainer.follow import evaluate_one

            return {report.split: report for report in evaluate_one(job, _which(step))}

    def predict(
        self,
        rows: Any = None,
        *,
        split: str | None = None,
        step: Step = None,
        carry: Sequence[str] | None = None,
        top: int | None = None,
        by: str | None = None,
        rank_by: str | None = None,
    ) -> pa.Table:
        """Predicts rows by a checkpoint; with `top` and `by`, ranked lists.

        This is for as many rows as memory holds; `rankspec predict` writes a file of any number, in many processes.

        Args:
            rows: A table of Arrow's, or a frame that can be one, or whatever else has `__arrow_c_stream__`; or files or
                patterns of such. Labels are not needed. Rows that lack the column of an input are raw, where
                `import_table` made the data set: its recipe encodes them. All others have the columns of the data
                set's files. None takes the rows of a validation set.
            split: The validation set whose rows they are, or that `rows` are read like; None takes the only one, and
                with `rows` the training data.
            step: Which checkpoint; None takes the best where the run keeps one, and else the newest.
            carry: Columns of the rows to put first, also places of an input such as `discrete[0]`; None takes all that
                have one value a row, and of raw rows those that the recipe carries.
            top: Takes the rows of highest score of each group, so many at most.
            by: The column that makes the groups.
            rank_by: The column of predictions that ranks; None takes `score`, which `score_weights` make, or
                the only task.

        Returns:
            The carried columns, then each task's predictions; with `top` the rows of each group in their order.

        Raises:
            ConfigError: The config describes another model than the checkpoint's.
            TrainError: There is no such checkpoint, or what is asked for is not there to rank by.
            DataError: The rows are not what the config says.
        """
        with self._job("predict") as job:
            from rankspec.api.predictions import predicted, ranking_of

            ranking = ranking_of(top, by, rank_by)
            return predicted(job, rows, split=split, which=_which(step), carry=carry, ranking=ranking)

    def model(self, step: Step = None) -> nn.Module:
        """The model with the weights of a checkpoint, on the CPU, in evaluation mode.

        Args:
            step: Which checkpoint; None takes the best where the run keeps one, and else the newest.

        Raises:
            ConfigError: The config describes another model than the checkpoint's.
            TrainError: There is no such checkpoint, or it cannot be read.
            DataError: The data's schema is not what the config says.
        """
        with self._job("evaluate") as job:
            from rankspec.trainer.trained_model import trained_model

            return trained_model(job, _which(step))

    @property
    def checkpoints(self) -> list[int]:
        """The steps that there are checkpoints of, in order; each lies in the folder of that name in the run's."""
        _require_engine()
        from rankspec.trainer.checkpoints import committed

        return [checkpoint.step for checkpoint in committed(self.folder)]

    @property
    def best(self) -> int | None:
        """The step of the checkpoint that the run keeps as its best; None if it follows no metric, or has none yet."""
        _require_engine()
        from rankspec.trainer.checkpoints import best_checkpoint

        found = best_checkpoint(self.folder)
        return found.step if found else None

    @property
    def metrics(self) -> pa.Table:
        """The figures that training reported: a row for each step and split, null where a figure means nothing.

        Columns are `step`, `split` and the metrics by their names. The table is empty before the first report.

        Raises:
            TrainError: The file is not as it was written.
        """
        _require_engine()
        from rankspec.api.figures import table_of_figures
        from rankspec.trainer.folder import METRICS_FILE

        return table_of_figures(self.folder / METRICS_FILE)

    @contextmanager
    def _job(self, mode: str) -> Iterator[Job]:
        """Gives the job of the run, unless something objects to it; puts torch's flags back afterwards."""
        _require_engine()
        from rankspec.families.jobs import job_of, refusals
        from rankspec.trainer.runtime import flags_put_back

        if refused := refusals(self._loaded, mode):
            raise ConfigError(refused)
        # What is returned is the result; tables for people go beside all else that is said.
        with flags_put_back(), _places_of(self._loaded), redirect_stdout(sys.stderr):
            yield job_of(self._loaded, mode)


def _which(step: Step) -> int | str | None:
    if step is None or isinstance(step, str):
        return step
    return int(step)  # That of NumPy is no int.


def _warn(diagnostics: list[Diagnostic]) -> None:
    for diagnostic in diagnostics:
        remedy = f"; {diagnostic.suggestion}" if diagnostic.suggestion else ""
        warnings.warn(summary(diagnostic) + remedy, stacklevel=3)


def _require_engine() -> None:
    """Makes sure that what trains is installed.

    Raises:
        ModuleNotFoundError: It is not; the text says how to install it.
    """
    try:
        import rankspec.trainer.run  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed; `pip install 'rankspec[train]'` installs what this takes", name=error.name
        ) from error


@contextmanager
def _places_of(loaded: LoadedConfig) -> Iterator[None]:
    """Has errors that name a field say where it is written, as a note."""
    try:
        yield
    except FieldError as error:
        place = loaded.origins.nearest(error.path) if error.path else None
        if place is not None:
            error.add_note(f"{place[0]} is written at {place[1]}")
        raise
