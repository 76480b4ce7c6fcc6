"""Names of metrics: `metric@group/task`."""

import pytest

from rankspec.metrics.metric_name import MetricName, parsed_name

NAMES = {
    "loss": MetricName("loss"),
    "auroc/home.like": MetricName("auroc", task="home.like"),
    "loss@new-users": MetricName("loss", "new-users"),
    "auroc@a.b/home.like-2": MetricName("auroc", "a.b", "home.like-2"),
    "learning_rate/backbone/user": MetricName("learning_rate", task="backbone/user"),
}


@pytest.mark.parametrize(("text", "name"), NAMES.items(), ids=NAMES)
def test_names_are_written_and_read_back(text: str, name: MetricName) -> None:
    assert parsed_name(text) == name
    assert str(name) == text
