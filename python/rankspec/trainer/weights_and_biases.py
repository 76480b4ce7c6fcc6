"""Reports a run to a Weights & Biases server, or into a folder that can be sent to one later."""

import errno
import ipaddress
import os
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from google.protobuf.json_format import MessageToDict

from rankspec.claims.registry import obeys
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.train.v1.wandb_pb2 import WandbConfig
from rankspec.trainer.errors import TrainError
from rankspec.trainer.folder import RUN_ID_FILE
from rankspec.trainer.home_folder import expanded

_SECONDS_FOR_AN_ANSWER = 5.0
# Servers that may get the key besides the public one: `host` or `host:port`, separated by commas or spaces.
HOSTS_VARIABLE = "RANKSPEC_WANDB_HOSTS"
_SERVER_VARIABLE = "WANDB_BASE_URL"
_PUBLIC_SERVER = "https://api.wandb.ai"
_KEY = re.compile(rb"[A-Za-z0-9_-]{16,256}")
_MOST_KEY_BYTES = 4096


@obeys(RuntimeConfig, "wandb")
def is_reported(config: RuntimeConfig) -> bool:
    """Whether the config asks for reports to a server."""
    return config.HasField("wandb")


@obeys(RuntimeConfig, "wandb")
def require_wandb(config: RuntimeConfig) -> None:
    """Makes sure, before anything is trained, that a run that is to be reported can be.

    Raises:
        TrainError: if the client library or the key is missing, or the key may not go to the server.
    """
    if not is_reported(config):
        return
    if find_spec("wandb") is None:
        raise TrainError(
            "reporting to Weights & Biases takes its client library; install it with "
            "`pip install rankspec[wandb]`, or drop this",
            "runtime.wandb",
        )
    require_allowed(server_of(config.wandb))
    read_key(config.wandb)


@obeys(WandbConfig, "key_path")
def read_key(config: WandbConfig) -> str:
    """The API key.

    Raises:
        TrainError: if the file cannot be read, or its first line is empty or no key.
    """
    try:
        key = _first_line(Path(expanded(config.key_path, "runtime.wandb.key_path")))
    except OSError as error:
        raise TrainError(f"{config.key_path} cannot be read: {error.strerror}", "runtime.wandb.key_path") from error
    if not key:
        raise TrainError(
            f"the first line of {config.key_path} is empty; write the API key there", "runtime.wandb.key_path"
        )
    if not _KEY.fullmatch(key):
        # Not a word of it: it may be anything.
        raise TrainError(
            f"the first line of {config.key_path} is no API key; name the file that holds it", "runtime.wandb.key_path"
        )
    return key.decode()


def _first_line(path: Path) -> bytes:
    """The first line of a file, as far as a key could reach.

    Raises:
        OSError: if it cannot be read, or is no plain file and might have no end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no plain file")
    with path.open("rb") as file:
        return file.readline(_MOST_KEY_BYTES).strip()


@obeys(WandbConfig, "host")
def server_of(config: WandbConfig) -> str:
    """The server's address: the config's, or what the environment says, or the public one.

    The client library would also take it from a file in the current folder, which may be anybody's.
    """
    return config.host or os.environ.get(_SERVER_VARIABLE) or _librarys_server()


def _librarys_server() -> str:
    import wandb

    # A new Settings has the library's defaults alone, while `wandb.setup()` reads files.
    server: str = wandb.Settings().base_url
    return server


def require_allowed(host: str) -> None:
    """Makes sure that a key may go to a server: a config is no authority on that, whoever starts the run is.

    Args:
        host: the server's address.

    Raises:
        TrainError: if it is neither the public server, nor this machine, nor one that the environment names.
    """
    server = urlsplit(host)
    name, port = (server.hostname or "").lower(), server.port or (443 if server.scheme == "https" else 80)
    allowed = re.split(r"[\s,]+", os.environ.get(HOSTS_VARIABLE, "").lower())
    known = (_PUBLIC_SERVER, _librarys_server(), os.environ.get(_SERVER_VARIABLE, ""))
    if host.rstrip("/") in [one.rstrip("/") for one in known] or _is_here(name):
        return
    if server.scheme != "https":
        raise TrainError(f"{host} would get the API key unencrypted; write an https address", "runtime.wandb.host")
    if f"{name}:{port}" not in allowed and not (port == 443 and name in allowed):
        entry = name if port == 443 else f"{name}:{port}"
        raise TrainError(
            f"{host} would get the API key, and the environment does not allow that; if you trust it, set "
            f"{HOSTS_VARIABLE}={entry}",
            "runtime.wandb.host",
        )


def _is_here(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class WeightsAndBiases:
    """A tracker. A run that resumes goes on reporting into the same run of the server."""

    def __init__(self, config: Any, folder: Path, *, resumes: bool, say: Callable[[str], None]) -> None:
        """Begins or takes up the run.

        Args:
            config: the whole config, which is recorded with the run; `runtime.wandb` says where to report.
            folder: the run's folder; what is reported is kept there too, and that is all of it without a network.
            resumes: whether the run goes on from a checkpoint.
            say: takes a line for people.
        """
        import wandb

        chosen = config.runtime.wandb
        server = server_of(chosen)
        self._run = wandb.init(
            **_labels_of(chosen),
            config={
                **MessageToDict(config, preserving_proto_field_name=True),
                "metadata": _metadata_of(chosen),
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


@obeys(WandbConfig, "name", "entity", "project", "notes", "tags")
def _labels_of(config: WandbConfig) -> dict[str, Any]:
    """What the server files a run under, as arguments of the client library."""
    texts = ("name", "entity", "project", "notes")
    return {name: getattr(config, name) or None for name in texts} | {"tags": list(config.tags)}


@obeys(WandbConfig, "metadata")
def _metadata_of(config: WandbConfig) -> dict[str, str]:
    return dict(config.metadata)


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
