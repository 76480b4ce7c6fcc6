"""Warnings: values that are legal, and known to hurt.

They are no part of the verdict that all languages share: a config with warnings is right, and `check` says
so. All of them stand in one table, `ADVICE`, and on the page `docs/warnings.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.schema.descriptors import descriptor_of
from rankspec.schema.field_paths import ROOT, path_of
from rankspec.schema.leaves import Place, messages

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from rankspec.formats.document import Document


# A warning's field and what to say of its value; None where there is nothing to warn of.
Finding = tuple[str, str] | None


class Advice(NamedTuple):
    """One kind of warning.

    Attributes:
        code: Its id, `advice.` and a name.
        messages: Full names of the message types that it looks at.
        find: Takes a message of such a type and the whole config; answers the name of the field to warn at
            and what to say of its value, or None where there is nothing to warn of.
        remedy: What to write instead.
    """

    code: str
    messages: tuple[str, ...]
    find: Callable[[Any, Any], Finding]
    remedy: str


def _where(hurts: Callable[[Any, Any], bool], field: str, text: str) -> Callable[[Any, Any], Finding]:
    """Warns at a field of every message that, in its config, hurts; `{0}` in the text stands for the message."""
    return lambda message, config: (field, text.format(message)) if hurts(message, config) else None


def _steps(config: Any) -> int | None:
    """Returns the length of the run, if the whole config is a run."""
    return config.training.num_train_steps if "training" in config.DESCRIPTOR.fields_by_name else None


def _batch_norm_of_one_row(_norm: Any, config: Any) -> Finding:
    train_data = getattr(config, "train_data", None)
    if getattr(train_data, "global_batch_size", 0) != 1:
        return None
    return "", "batch norm over micro-batches of 1 row makes every feature 0"


def _ramp_past_the_end(schedule: Any, config: Any) -> Finding:
    steps = _steps(config)
    if steps is None or schedule.num_ramp_steps <= steps:
        return None
    ramp, rate = schedule.num_ramp_steps, schedule.learning_rate
    text = f"training ends at step {steps}, within the ramp of {ramp} steps: the rate never gets to {rate:g}"
    return "num_ramp_steps", text


def _boundary_past_the_end(schedule: Any, config: Any) -> Finding:
    steps = _steps(config)
    late = [b for b in schedule.learning_rate_boundaries if steps is not None and b >= steps]
    if not late:
        return None
    return "learning_rate_boundaries", f"training ends at step {steps}: the boundary {late[0]} is never reached"


def _adam_betas_swapped(adam: Any, _config: Any) -> Finding:
    if "betas" in adam.DESCRIPTOR.fields_by_name:
        name, betas = "betas", tuple(adam.betas)
    else:
        name, betas = "beta_1", (adam.beta_1, adam.beta_2)
    if len(betas) != 2 or betas[0] <= betas[1]:
        return None
    return name, f"the first moment decays more slowly ({betas[0]:g}) than the second ({betas[1]:g})"


def _calibration_of_nothing(config: Any, _config: Any) -> Finding:
    calibration = config.DESCRIPTOR.fields_by_name["downsampling_correction"].enum_type.values_by_name[
        "DOWNSAMPLING_CORRECTION_CALIBRATION"
    ]
    rates = [
        rate
        for task in config.train_data.tasks.values()
        for rate in (task.pos_downsampling_rate, task.neg_downsampling_rate)
    ]
    if config.downsampling_correction != calibration.number or any(rate != 1 for rate in rates):
        return None
    return "downsampling_correction", "no task of train_data is downsampled, so there is nothing to calibrate"


def _last_perceptron(network: Any) -> str | None:
    """The field of the perceptron that a network of `TaskModel`'s ends in; none where something else comes last."""
    kind = network.WhichOneof("architecture")
    if kind == "mlp_config":
        return kind
    field = {"mask_net_config": "mlp", "dcn_config": "output_mlp", "dlrm_config": "top_mlp"}.get(kind)
    return f"{kind}.{field}" if field and getattr(network, kind).HasField(field) else None


def _linear_behind_linear(model: Any, _config: Any) -> Finding:
    """A linear layer that reads another's output, as a perceptron's first does a perceptron's last."""
    towers = sorted(name for name, task in model.tasks.items() if task.HasField("mlp_config"))
    path = _last_perceptron(model.backbone) if towers and model.HasField("backbone") else None
    if path is None or attrgetter(path)(model.backbone).final_layer_activation:
        return None
    text = f"the backbone ends in a linear layer, and the tower of {towers[0]} begins with one: the two are one"
    return f"backbone.{path}", text


_SCHEDULES = ("rankspec.optim.v1.LinearRampToConstant", "rankspec.optim.v1.LinearRampToCosine")
_BATCH_NORM = ("rankspec.recap.v1.BatchNormConfig",)
_RECAP = ("rankspec.recap.v1.RecapConfig",)

ADVICE = (
    Advice(
        "advice.layer_norm_epsilon_zero",
        ("rankspec.recap.v1.LayerNormConfig",),
        _where(
            lambda norm, _: norm.epsilon == 0, "epsilon", "a row whose features are all equal becomes NaN at epsilon 0"
        ),
        "write a small number such as 1e-3",
    ),
    Advice(
        "advice.batch_norm_of_one_row",
        _BATCH_NORM,
        _batch_norm_of_one_row,
        "raise train_data.global_batch_size, or normalize by layer norm",
    ),
    Advice(
        "advice.batch_norm_without_memory",
        _BATCH_NORM,
        _where(
            lambda norm, _: norm.momentum == 1,
            "momentum",
            "at momentum 1 evaluation normalizes by the last training batch alone",
        ),
        "0.1 is usual",
    ),
    Advice(
        "advice.ramp_past_the_end",
        _SCHEDULES,
        _ramp_past_the_end,
        "shorten the ramp, or raise training.num_train_steps",
    ),
    Advice(
        "advice.boundary_past_the_end",
        ("rankspec.optim.v1.PiecewiseConstant",),
        _boundary_past_the_end,
        "drop the boundary and its value, or raise training.num_train_steps",
    ),
    Advice(
        "advice.no_learning",
        ("rankspec.optim.v1.LearningRate",),
        _where(
            lambda rate, _: rate.WhichOneof("lr") == "constant" and rate.constant == 0,
            "constant",
            "at a learning rate of 0 nothing is learned",
        ),
        "write a rate above 0",
    ),
    Advice(
        "advice.adagrad_eps_zero",
        ("rankspec.optim.v1.AdagradConfig",),
        _where(
            lambda adagrad, _: adagrad.eps == 0,
            "eps",
            "at eps 0 a weight's first step is a whole learning rate, however small its gradient",
        ),
        "write a small number such as 1e-8",
    ),
    Advice(
        "advice.adam_betas_swapped",
        ("rankspec.optim.v1.AdamConfig", "rankspec.recap.v1.RecapAdamConfig"),
        _adam_betas_swapped,
        "0.9 and 0.999, in this order, are usual",
    ),
    Advice(
        "advice.calibration_of_nothing",
        _RECAP,
        _calibration_of_nothing,
        "give the rates that the data was downsampled at, or drop downsampling_correction",
    ),
    Advice(
        "advice.most_is_dropped",
        ("rankspec.recap.v1.DropoutConfig",),
        _where(
            lambda dropout, _: dropout.rate > 0.8,
            "rate",
            "{0.rate:g} is the share that is dropped, not the share that is kept",
        ),
        "0.1 to 0.5 is usual",
    ),
    Advice(
        "advice.linear_behind_linear",
        ("rankspec.recap.v1.ModelConfig",),
        _linear_behind_linear,
        "write final_layer_activation: true there",
    ),
    Advice(
        "advice.unshuffled",
        _RECAP,
        _where(
            lambda config, _: config.train_data.examples_shuffle_buffer_size == 1,
            "train_data.examples_shuffle_buffer_size",
            "training rows are read in the order of the files",
        ),
        "raise it, unless the files are shuffled already",
    ),
)


def advise(document: Document[Any], file: str | None = None) -> list[Diagnostic]:
    """Finds what is legal and known to hurt.

    Args:
        document: What to look at.
        file: The file to name for what stands in no block.

    Returns:
        Warnings; none about what could not be read.
    """
    found = [
        _warning(advice, place, message, document, file)
        for place, message in messages(document.message, _advice_on)
        for advice in _advice_on(descriptor_of(message))
    ]
    return [warning for warning in found if warning is not None]


@cache
def _advice_on(descriptor: Descriptor) -> list[Advice]:
    return [advice for advice in ADVICE if descriptor.full_name in advice.messages]


def _warning(
    advice: Advice, at: Place, message: Message, document: Document[Any], file: str | None
) -> Diagnostic | None:
    finding = advice.find(message, document.message)
    if finding is None:
        return None
    from rankspec.formats.field_positions import place_of

    name, text = finding
    place = path_of(name, descriptor_of(message)).moved(ROOT, at.path)
    if document.is_consequence(place):
        return None
    return Diagnostic(advice.code, text, place, place_of(place, document, file), "warning", advice.remedy)
