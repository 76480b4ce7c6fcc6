"""Trains every architecture on MovieLens-100K, as backbone and as tower under each way of sharing that fits it.

Prints the AUC on the test part beside that of a logistic regression on the same rows: `make architectures`, or
`python -m benchmarks.architectures`. Each starts from a shipped config; nineteen runs take ten minutes or so.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from google.protobuf import text_format
from rankspec.recap.v1.architecture_pb2 import TaskModel
from rankspec.recap.v1.recap_pb2 import RecapConfig

from rankspec.baselines.models import logistic_regression
from rankspec.cli import main as rankspec
from rankspec.composition.compose import compose
from rankspec.datasets import movielens
from rankspec.families.recap.program.baseline_rows import BaselineData
from rankspec.formats.writing import to_textproto
from rankspec.metrics.auroc import auroc
from rankspec.schema.defaults import resolve
from rankspec.trainer.folder import METRICS_FILE
from rankspec.trainer.journal import read_journal

_CONFIGS = Path(__file__).parents[1] / "configs/movielens"
SHIPPED = {
    "mlp": _CONFIGS / "mlp.textproto",
    "dcn": _CONFIGS / "dcn.textproto",
    "dlrm": _CONFIGS / "dlrm.textproto",
    "mask_net": _CONFIGS / "ranker.textproto",
}
_TASKS = ("liked", "loved", "disliked")
_BASELINE = "logistic regression"


class Variant(NamedTuple):
    """Where an architecture stands.

    Attributes:
        architecture: a key of `SHIPPED`.
        is_tower: it is every task's tower, and not the backbone.
        sharing: what the towers share, the end of a `MultiTaskType`.
    """

    architecture: str
    is_tower: bool
    sharing: str

    @property
    def name(self) -> str:
        """A name for folders and tables."""
        return f"{self.architecture}-{'tower' if self.is_tower else 'backbone'}-{self.sharing.lower()}"


def variants() -> Iterator[Variant]:
    """All that fit: without sharing there is no backbone, and a DLRM that reads a backbone alone has no tables."""
    for architecture in SHIPPED:
        yield Variant(architecture, is_tower=False, sharing="SHARE_ALL")
        yield Variant(architecture, is_tower=False, sharing="SHARE_PARTIAL")
        yield Variant(architecture, is_tower=True, sharing="SHARE_NONE")
        yield Variant(architecture, is_tower=True, sharing="SHARE_PARTIAL")
        if architecture != "dlrm":
            yield Variant(architecture, is_tower=True, sharing="SHARE_ALL")


def config_of(variant: Variant) -> RecapConfig:
    """The shipped config of the architecture, changed to the variant."""
    loaded = compose(SHIPPED[variant.architecture])
    config = RecapConfig()
    config.CopyFrom(loaded.message)
    config.training.save_dir = f"{os.environ['MOVIELENS_DATA']}/{variant.name}"
    text_format.Merge(f"multi_task_type: MULTI_TASK_TYPE_{variant.sharing}", config.model)
    if variant.is_tower:
        tower = tower_of(config.model.backbone)
        for task in config.model.tasks.values():
            task.CopyFrom(tower)
        _put_perceptron_below(config, has_backbone=variant.sharing != "SHARE_NONE")
    return config


def tower_of(backbone: TaskModel) -> TaskModel:
    """A backbone's network, with a layer of one output on top."""
    tower = TaskModel()
    tower.CopyFrom(backbone)
    match tower.WhichOneof("architecture"):
        case "mlp_config":
            last = tower.mlp_config
        case "dcn_config":
            last = tower.dcn_config.output_mlp
        case "dlrm_config":
            last = tower.dlrm_config.top_mlp
        case "mask_net_config":
            last = tower.mask_net_config.mlp
        case other:
            raise AssertionError(f"no such architecture: {other}")
    last.layer_sizes.append(1)
    last.ClearField("final_layer_activation")
    return tower


def _put_perceptron_below(config: RecapConfig, *, has_backbone: bool) -> None:
    config.model.ClearField("backbone")
    if has_backbone:
        config.model.backbone.mlp_config.layer_sizes[:] = [64, 32]
        config.model.backbone.mlp_config.final_layer_activation = True


def _trained(variant: Variant, folder: Path) -> dict[str, float]:
    """AUC on the test part of each task."""
    file = folder / f"{variant.name}.textproto"
    file.write_text(to_textproto(config_of(variant)))
    if rankspec(["train", str(file), "--restart"]):
        raise SystemExit(f"{variant.name} did not train")
    record = [r for r in read_journal(folder / variant.name / METRICS_FILE) if r["split"] == "test"][-1]
    return {task: record[f"auroc/{task}"] for task in _TASKS}


def _baseline() -> dict[str, float]:
    """AUC of a logistic regression on the test part of each task."""
    data = BaselineData(resolve(compose(SHIPPED["mask_net"]).message))
    train, test = data.training_rows(), data.validation_rows("test")
    return {
        task: auroc(logistic_regression(train, task).predict(test), test.labels[task], test.weights[task])
        for task in _TASKS
    }


def _line(name: str, aucs: dict[str, float]) -> str:
    return f"{name:32}" + "".join(f"{aucs[task]:10.4f}" for task in _TASKS)


def main() -> int:
    """Trains what the command line names, or all; 1 if one is not above logistic regression."""
    parser = ArgumentParser(prog="python -m benchmarks.architectures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as dlrm-tower-share_none; all without a name")
    parser.add_argument("--folder", type=Path, default=Path("build/architectures"), help="where data and runs go")
    parser.add_argument(
        "--source", type=Path, metavar="DIR", help="MovieLens-100K's files; default: they are downloaded"
    )
    arguments = parser.parse_args()
    chosen = [variant for variant in variants() if not arguments.names or variant.name in arguments.names]
    if len(chosen) < len(arguments.names):
        parser.error(f"there are {', '.join(variant.name for variant in variants())}")
    os.environ["MOVIELENS_DATA"] = str(arguments.folder)
    movielens.prepare(arguments.folder / "data", arguments.source, cache=arguments.folder / "download")
    baseline = _baseline()
    reached = {variant.name: _trained(variant, arguments.folder) for variant in chosen}
    print(f"{'AUC on the test part':32}" + "".join(f"{task:>10}" for task in _TASKS))
    for name, aucs in {_BASELINE: baseline, **reached}.items():
        print(_line(name, aucs))
    return int(any(aucs[task] <= baseline[task] for aucs in reached.values() for task in _TASKS))


if __name__ == "__main__":
    sys.exit(main())
