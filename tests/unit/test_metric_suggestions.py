"""A name that is none of a metric is told with the one that was meant, where one is near."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rankspec.checking.check import check
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.families.recap.task_kinds import LOSS, METRICS
from rankspec.metrics.metric_name import METRIC_NAMES

CONFIG = Path(__file__).parents[2] / "configs/movielens/ranker.textproto"
NEW_USERS = 'model.stratifiers={name: "new_users" index: 0 value: 1}'


def _told(path: str, value: str, *more: str) -> Diagnostic:
    valid = 'training.best_checkpoint.validation_data="validation"' if "best" in path else "training.num_train_steps=2"
    checked = check([str(CONFIG)], overrides=[f'{path}="{value}"', valid, *more])
    return next(one for one in checked.diagnostics if one.path == path and one.suggestion)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("aurc/liked", "auroc/liked"),
        ("auroc/likd", "auroc/liked"),
        ("rsme/loved", "rmse/loved"),
        ("AUROC/liked", "auroc/liked"),
        ("auroc@/liked", "auroc/liked"),
        ("auroc@new_user/liked", "auroc@new_users/liked"),
        ("aurc@new_users/liked", "auroc@new_users/liked"),
        ("liked/auroc", "auroc/liked"),
        ("auroc_liked", "auroc/liked"),
        ("auroc: liked", "auroc/liked"),
        ("los", "loss"),
    ],
)
def test_followed_metric_is_guessed(value: str, meant: str) -> None:
    found = _told("training.best_checkpoint.metric", value, NEW_USERS)
    assert found.suggestion == f"did you mean `{meant}`?"
    assert "^" not in found.message


@pytest.mark.parametrize(
    ("value", "suggestion"),
    [
        ("auroc@/x", "write a metric and its task, such as `auroc/disliked`"),
        ("xyzzy/liked", "name loss, auroc, "),
        ("auroc", "write it as auroc/<task>"),
        ("auroc@elsewhere/liked", "name one of them, or drop the @"),
    ],
)
def test_without_a_guess_the_way_out_stands(value: str, suggestion: str) -> None:
    found = _told("training.best_checkpoint.metric", value)
    assert found.suggestion is not None
    assert found.suggestion.startswith(suggestion)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("aurc", "auroc"),
        ("loss, auroc", "loss,auroc"),
        ("loss;rce", "loss,rce"),
        ("auroc/liked,loss", "auroc,loss"),
        ("logloss,rec@new_users", "loss,rce@new_users"),
    ],
)
def test_listed_metrics_are_guessed(value: str, meant: str) -> None:
    assert _told("which_metrics", value, NEW_USERS).suggestion == f"did you mean `{meant}`?"


def test_listed_metrics_that_are_like_nothing_are_told_the_names() -> None:
    assert str(_told("which_metrics", "xyzzy,loss").suggestion).startswith("join some of loss, auroc")


def test_every_metric_is_known() -> None:
    assert {LOSS, *(name for of_kind in METRICS.values() for name in of_kind)} <= set(METRIC_NAMES)


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_every_known_name_is_taken_by_the_rules_and_said_by_them(name: str) -> None:
    of_groups = "groups={name: 'g' index: 0}"
    loaded = check([str(CONFIG)], overrides=[f"which_metrics={name}@g", of_groups])
    told = _told("which_metrics", "xyzzy")

    assert "recap.config.known_metrics" not in {diagnostic.code for diagnostic in loaded.diagnostics}
    assert re.search(rf"\b{name}\b", str(told.suggestion))
