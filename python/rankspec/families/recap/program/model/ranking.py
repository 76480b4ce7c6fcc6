"""The ranking model: inputs, backbone, a tower per task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.downsampling import calibration_shift
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.initialization import initialize
from rankspec.families.recap.program.model.inputs import InputLayer, build_input_layer
from rankspec.families.recap.program.model.networks import Network, applied, build_network
from rankspec.families.recap.program.model.z_score import ZScoreLog
from rankspec.families.recap.program.tasks import Tasks, build_tasks, module_key
from rankspec.recap.v1 import model_pb2
from rankspec.recap.v1.architecture_pb2 import AffineMap as AffineMapConfig
from rankspec.recap.v1.architecture_pb2 import TaskModel
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.inputs import Input

# The block that the backbone's output is.
_BACKBONE = "backbone"


class AffineMap(nn.Module):
    """scale * logit + bias, both trained."""

    def __init__(self, scale: float, bias: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, logits: Tensor) -> Tensor:
        """Maps logits of any shape, in float32 at least."""
        return torch.addcmul(self.bias, self.scale, logits.to(self.scale.dtype))


class Tower(nn.Module):
    """A task's network, and the map of its logit where there is one."""

    def __init__(self, network: Network, affine_map: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.affine_map = affine_map

    def forward(self, inputs: Blocks) -> Tensor:
        """Outputs `[B, 1]`."""
        return self.affine_map(applied(self.network, inputs))


class RankingModel(nn.Module):
    """A multi-task ranking model.

    Args:
        input_layer: turns a batch into the model's inputs.
        backbone: what the towers share, or none.
        tasks: the tasks, in the order of the outputs.
        towers: the tower of every task, by its name.
        shift: added to each logit before its probability is taken, `[T]`.
        position: shared by all layers that draw random numbers.
        keeps_inputs: towers read the inputs beside the backbone's output.

    Attributes:
        task_names: the tasks, in the order of the outputs.
    """

    def __init__(
        self,
        input_layer: InputLayer,
        backbone: Network | None,
        tasks: Tasks,
        towers: dict[str, Tower],
        shift: Tensor,
        position: RandomPosition,
        *,
        keeps_inputs: bool,
    ) -> None:
        super().__init__()
        self.task_names = tasks.names
        self._tasks = tasks
        self.inputs = input_layer
        self.backbone = backbone
        self.towers = nn.ModuleDict({module_key(name): towers[name] for name in tasks.names})
        self.keeps_inputs = keeps_inputs
        self._position = position
        # Follows from the config, so no checkpoint may bring back another.
        self._shift: Tensor
        self.register_buffer("_shift", shift, persistent=False)

    def forward(self, batch: RecapBatch) -> Tensor:
        """Outputs of every task's tower, `[B, T]`, float32, for the rows of one process: a logit, or a number."""
        self._position.first_row = batch.first_row
        self._position.global_rows = batch.global_rows
        values = self.inputs(batch)
        if self.backbone is not None:
            shared = applied(self.backbone, values)
            values = values.with_block(_BACKBONE, shared) if self.keeps_inputs else Blocks({_BACKBONE: shared})
        return torch.cat([tower(values) for tower in self.towers.values()], dim=1).float()

    def final_outputs(self, outputs: Tensor) -> Tensor:
        """Outputs `[B, T]`, calibrated where the spec says so: logits, or a regression's value."""
        return outputs + self._shift

    def predictions(self, outputs: Tensor) -> Tensor:
        """What is served, `[B, T]`, of outputs `[B, T]`: probabilities, or a regression's values."""
        return self._tasks.predictions(self.final_outputs(outputs))

    def set_position(self, step: int, micro_batch: int = 0) -> None:
        """Says where in the run the next forward pass is; dropout in training depends on nothing else.

        Args:
            step: optimizer steps made so far.
            micro_batch: number of the batch within the step, from 0.
        """
        self._position.step = step
        self._position.micro_batch = micro_batch

    def buffers_from_files(self) -> dict[str, str]:
        """The buffers that were read from files, by name, each with the field that names its file."""
        return {
            f"{name}.{buffer}": module.field
            for name, module in self.named_modules()
            if isinstance(module, ZScoreLog)
            for buffer in module.from_file
        }

    @property
    def id_ranges(self) -> tuple[IdRange, ...]:
        """The ids that the model has rows for; what reads them lets no others pass."""
        return self.inputs.id_ranges

    def tower(self, task_name: str) -> nn.Module:
        """The tower of a task."""
        return self.towers[module_key(task_name)]


@obeys(RecapConfig, "model")
@obeys(ModelConfig, "multi_task_type")
def build_ranking_model(config: RecapConfig, inputs: Sequence[Input], seed: int) -> RankingModel:
    """A model of a run, on the CPU, with its first values.

    Args:
        config: the run.
        inputs: the data's inputs with their widths.
        seed: of its first values and of the random numbers that its layers draw.

    Returns:
        The model, in training mode. Its values depend on the seed and its shapes alone.

    Raises:
        TrainError: if the data do not have what the model reads, or a part would be empty.
    """
    position = RandomPosition(seed)
    input_layer = build_input_layer(config.model, inputs, position)
    tasks = build_tasks(config.model)
    backbone, towers = _build_networks(config.model, tasks.names, input_layer.widths, position)
    model = RankingModel(
        input_layer,
        backbone,
        tasks,
        towers,
        calibration_shift(config, tasks.names),
        position,
        keeps_inputs=config.model.multi_task_type == model_pb2.MULTI_TASK_TYPE_SHARE_PARTIAL,
    )
    initialize(model, seed)
    return model


@obeys(ModelConfig, "tasks", "multi_task_type", "backbone")
def _build_networks(
    config: ModelConfig, names: Sequence[str], widths: Mapping[str, int], position: RandomPosition
) -> tuple[Network | None, dict[str, Tower]]:
    backbone = None
    if config.multi_task_type != model_pb2.MULTI_TASK_TYPE_SHARE_NONE:
        backbone = build_network(config.backbone, widths, "model.backbone", position)
        is_partial = config.multi_task_type == model_pb2.MULTI_TASK_TYPE_SHARE_PARTIAL
        widths = {**(widths if is_partial else {}), _BACKBONE: backbone.out_features}
    return backbone, {name: _build_tower(config.tasks[name], name, widths, position) for name in names}


@obeys(TaskModel, "affine_map")
@obeys(AffineMapConfig, "scale", "bias")
def _build_tower(config: TaskModel, name: str, widths: Mapping[str, int], position: RandomPosition) -> Tower:
    network = build_network(config, widths, f'model.tasks["{name}"]', position)
    assert network.out_features == 1, "the spec's rules let a tower give one logit"
    affine_map: nn.Module = nn.Identity()
    if config.HasField("affine_map"):
        affine_map = AffineMap(config.affine_map.scale, config.affine_map.bias)
    return Tower(network, affine_map)
