"""Probes of the messages that every family has: `runtime` and `training`."""

from tests.liveness import observations as see
from tests.liveness.directions import FEWER, MORE, larger, smaller
from tests.liveness.probe import Probe

_KEY = 'runtime.wandb.key_path="${LIVENESS_DATA}/key"'


def _wandb(field: str, value: str) -> Probe:
    return Probe(f"runtime.wandb.{field}", value, see.tracker_call, given=(_KEY,))


PROBES = (
    Probe("mode", "JOB_MODE_EVALUATE", see.what_run_does, given=("training.eval_timeout_in_s=0.01",)),
    Probe("runtime.enable_tensorfloat32", "true", see.flags),
    Probe("runtime.deterministic", "true", see.flags),
    Probe("runtime.enable_amp", "true", see.updates),
    Probe("runtime.amp_dtype", "AMP_DTYPE_FLOAT16", see.updates, given=("runtime.enable_amp=true",)),
    Probe("runtime.seed", "4", see.first_values),
    Probe("runtime.seed", "4", see.training_batches),
    Probe("runtime.device", "DEVICE_AUTO", see.device),
    Probe("runtime.wandb.key_path", "${LIVENESS_DATA}/key", see.tracker_call),
    _wandb("key_path", "${LIVENESS_DATA}/other_key"),
    _wandb("host", "http://localhost:1"),
    _wandb("name", "first"),
    _wandb("entity", "team"),
    _wandb("project", "ranking"),
    _wandb("notes", "with more rows"),
    _wandb("tags", '["a", "b"]'),
    _wandb('metadata["cluster"]', "north"),
    Probe("training.save_dir", "elsewhere/run", see.folder),
    Probe("training.num_train_steps", "5", see.reports, MORE),
    Probe("training.initial_checkpoint_dir", "${LIVENESS_DATA}/first/2", see.journal),
    Probe("training.checkpoint_every_n", "1", see.checkpoints, MORE),
    Probe("training.checkpoint_max_to_keep", "1", see.checkpoints, FEWER),
    Probe("training.train_log_every_n", "2", see.reports, FEWER),
    Probe("training.eval_log_every_n", "1", see.evaluations, MORE),
    Probe("training.num_eval_steps", "1", see.figures),
    Probe("training.eval_timeout_in_s", "7200", see.waiting_time, larger()),
    Probe("training.gradient_accumulation", "2", see.gradients),
    Probe("training.gradient_clip_norm", "1e-3", see.gradients, smaller()),
)
