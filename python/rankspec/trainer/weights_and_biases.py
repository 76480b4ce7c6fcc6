"""Reports a run to a Weights & Biases server, or into a folder that can be sent to one later."""

import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from google.protobuf.json_format import MessageToDict

from rankspec.home import expanded
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.train.v1.wandb_pb2 import WandbConfig
from rankspec.trainer.claims import obeys
from rankspec.trainer.errors import TrainError

# Which of the server's runs this folder's is.
RUN_ID_FILE = "wandb-run-id"
_SECONDS_FOR_AN_ANSWER = 5.0


@obeys(RuntimeConfig, "wandb")
def require_wandb(config: RuntimeConfig) -> None:
    """Makes sure, before anything is trained, that a run that is to be reported can be.

    Raises:
        TrainError: if the client library or the key is missing.
    """
    if not config.HasField("wandb"):
        return
    if find_spec("wandb") is None:
        raise TrainError(
            "reporting to Weights & Biases takes its client library; install it with "
            "`pip install rankspec[wandb]`, or drop this",
            "runtime.wandb",
        )
    read_key(config.wandb)


@obeys(WandbConfig, "key_path")
def read_key(config: WandbConfig) -> str:
    """The API key.

    Raises:
        TrainError: if the file cannot be read or its first line is empty.
    """
    try:
        key = Path(expanded(config.key_path, "runtime.wandb.key_path")).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise TrainError(f"{config.key_path} cannot be read: {reason}", "runtime.wandb.key_path") from error
    if not key:
        raise TrainError(
            f"the first line of {config.key_path} is empty; write the API key there", "runtime.wandb.key_path"
        )
    return key


class WeightsAndBiases:
    """A tracker. A run that resumes goes on reporting into the same run of the server."""

    @obeys(WandbConfig, "host", "name", "entity", "project", "tags", "notes", "metadata")
    def __init__(self, config: RecapConfig, folder: Path, *, resumes: bool, say: Callable[[str], None]) -> None:
        """Begins or takes up the run.

        Args:
            config: the whole config, which is recorded with the run; `runtime.wandb` says where to report.
            folder: the run's folder; what is reported is kept there too, and that is all of it without a network.
            resumes: whether the run goes on from a checkpoint.
            say: takes a line for people.
        """
        import wandb

        chosen = config.runtime.wandb
        server = chosen.host or wandb.setup().settings.base_url
        self._run = wandb.init(
            name=chosen.name or None,
            entity=chosen.entity or None,
            project=chosen.project or None,
            notes=chosen.notes or None,
            tags=list(chosen.tags),
            config={
                **MessageToDict(config, preserving_proto_field_name=True),
                "metadata": dict(chosen.metadata),
            },
            dir=str(folder),
            id=_run_id(folder, resumes=resumes),
            resume="allow",
            # The library obeys WANDB_MODE itself.
            mode=None if "WANDB_MODE" in os.environ else _mode_for(server, folder, say),
            # The key goes with the run alone; logging in would leave it in the user's .netrc.
            settings=wandb.Settings(base_url=server, api_key=read_key(chosen), console="off", quiet=True),
        )

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Reports figures under `split/name`. The server leaves out steps that it has already."""
        self._run.log({f"{split}/{name}": value for name, value in figures.items()}, step=step)

    def close(self, *, failed: bool) -> None:
        """Sends what is left and marks the run as ended."""
        self._run.finish(exit_code=int(failed))


def _mode_for(server: str, folder: Path, say: Callable[[str], None]) -> Literal["online", "offline"]:
    """`online`, or `offline` where the server does not answer. Proxies are taken from the environment."""
    try:
        urllib.request.build_opener().open(server, timeout=_SECONDS_FOR_AN_ANSWER).close()
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError):
            return "online"  # Whatever the answer is, somebody gives one.
        reason = getattr(error, "reason", error)
        say(
            f"runtime.wandb: {server} does not answer ({reason}); reporting into {folder}/wandb, "
            "which `wandb sync` sends later"
        )
        return "offline"
    return "online"


def _run_id(folder: Path, *, resumes: bool) -> str:
    path = folder / RUN_ID_FILE
    if resumes and path.exists():
        return path.read_text().strip()
    run_id = secrets.token_hex(8)
    path.write_text(run_id + "\n")
    return run_id
