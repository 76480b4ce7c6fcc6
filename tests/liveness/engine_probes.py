"""Probes of the messages that every family has: `runtime` and `training`."""

from tests.liveness import observations as see
from tests.liveness.directions import FEWER, MORE, larger, smaller
from tests.liveness.probe import Probe

_KEY = 'runtime.wandb.key_path="${LIVENESS_DATA}/key"'


def _wandb(field: str, value: str) -> Probe:
    return Probe(f"runtime.wandb.{field}", value, see.TRACKER_CALL, given=(_KEY,))


PROBES = (
    Probe("runtime.enable_tensorfloat32", "true", see.FLAGS),
    Probe("runtime.deterministic", "true", see.FLAGS),
    Probe("runtime.enable_amp", "true", see.UPDATES),
    Probe("runtime.amp_dtype", "AMP_DTYPE_FLOAT16", see.UPDATES, given=("runtime.enable_amp=true",)),
    Probe("runtime.seed", "4", see.FIRST_VALUES),
    Probe("runtime.seed", "4", see.TRAINING_BATCHES),
    Probe("runtime.device", "DEVICE_AUTO", see.DEVICE),
    Probe("runtime.wandb.key_path", "${LIVENESS_DATA}/key", see.TRACKER_CALL),
    _wandb("key_path", "${LIVENESS_DATA}/other_key"),
    _wandb("host", "http://localhost:1"),
    _wandb("name", "first"),
    _wandb("entity", "team"),
    _wandb("project", "ranking"),
    _wandb("notes", "with more rows"),
    _wandb("tags", '["a", "b"]'),
    _wandb('metadata["cluster"]', "north"),
    Probe("training.save_dir", "elsewhere/run", see.FOLDER),
    Probe("training.num_train_steps", "5", see.REPORTS, MORE),
    Probe("training.initial_checkpoint_dir", "${LIVENESS_DATA}/first/2", see.JOURNAL),
    Probe("training.checkpoint_every_n", "1", see.CHECKPOINTS, MORE),
    Probe("training.checkpoint_max_to_keep", "1", see.CHECKPOINTS, FEWER),
    Probe("training.train_log_every_n", "2", see.REPORTS, FEWER),
    Probe("training.eval_log_every_n", "1", see.EVALUATIONS, MORE),
    Probe("training.num_eval_steps", "1", see.FIGURES),
    Probe("training.eval_timeout_in_s", "7200", see.WAITING_TIME, larger()),
    Probe("training.gradient_accumulation", "2", see.GRADIENTS),
    Probe("training.gradient_clip_norm", "1e-3", see.GRADIENTS, smaller()),
)
