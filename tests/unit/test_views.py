"""What an adapter sees of messages, and what is noted of its reading.

The adapters here claim no field that the trainer does not claim as well: other tests ask what is claimed at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import pytest
from google.protobuf import text_format
from rankspec.optim.v1.learning_rate_pb2 import LearningRate
from rankspec.recap.v1.layers_pb2 import DenseLayerConfig, DropoutConfig, MlpConfig
from rankspec.recap.v1.optimizer_pb2 import MultiTaskLearningRates
from tests.claims import fields_read

from rankspec.claims.registry import all_claims, forget_reads, obeys
from rankspec.claims.views import whole_message

MLP = "rankspec.recap.v1.MlpConfig"


@pytest.fixture(autouse=True)
def _nothing_read() -> None:
    forget_reads()


@pytest.fixture
def config() -> MlpConfig:
    return text_format.Parse(
        "layers { layer_size: 4 dropout { rate: 0.5 } } layers { layer_size: 1 } dropout { rate: 0.25 }", MlpConfig()
    )


@obeys(DropoutConfig, "rate")
def rate_of(config: DropoutConfig) -> float:
    return config.rate


@obeys(MlpConfig, "layers", "dropout", "batch_norm")
@obeys(DenseLayerConfig, "layer_size")
def widths(config: MlpConfig) -> list[int]:
    return [layer.layer_size for layer in config.layers]


@obeys(MlpConfig, "dropout")
def rate_of_inner(config: MlpConfig, *, itself: bool = False) -> float:
    return config.dropout.rate if itself else rate_of(config.dropout)


def _reads(adapter: str) -> dict[str, bool]:
    """By field, whether an adapter of this file has read it."""
    return {claim.field: claim.is_read for claim in all_claims() if claim.adapter == f"{__name__}.{adapter}"}


def test_claimed_fields_are_read_through_messages_and_lists(config: MlpConfig) -> None:
    assert widths(config) == [4, 1]


def test_claim_that_is_not_read_is_visible(config: MlpConfig) -> None:
    widths(config)

    assert _reads("widths") == {"layer_size": True, "batch_norm": False, "dropout": False, "layers": True}
    assert fields_read() == {MLP: {"layers"}, "rankspec.recap.v1.DenseLayerConfig": {"layer_size"}}
    forget_reads()
    assert fields_read() == {}
    assert not any(_reads("widths").values())


def test_unclaimed_field_cannot_be_read(config: MlpConfig) -> None:
    @obeys(MlpConfig, "layers")
    def adapter(config: MlpConfig) -> object:
        return config.layer_sizes

    with pytest.raises(AssertionError, match=rf"adapter reads {MLP}\.layer_sizes and does not claim it"):
        adapter(config)
    with pytest.raises(AssertionError, match=rf"adapter reads {MLP}\.layer_sizes"):
        adapter(config=config)


def test_field_of_a_message_inside_needs_a_claim_of_its_own(config: MlpConfig) -> None:
    with pytest.raises(AssertionError, match=r"rate_of_inner reads rankspec\.recap\.v1\.DropoutConfig\.rate"):
        rate_of_inner(config, itself=True)


def test_view_that_is_passed_on_has_the_other_adapters_claims(config: MlpConfig) -> None:
    assert rate_of_inner(config) == 0.25
    assert _reads("rate_of_inner") == {"dropout": True}
    assert _reads("rate_of") == {"rate": True}


def test_list_that_is_passed_on_has_the_other_adapters_claims(config: MlpConfig) -> None:
    @obeys(DenseLayerConfig, "layer_size")
    def last(layers: Sequence[DenseLayerConfig]) -> int:
        return layers[-1].layer_size

    @obeys(MlpConfig, "layers")
    def through_another(config: MlpConfig) -> int:
        return last(config.layers)

    assert through_another(config) == last(config.layers) == 1
    assert [layer.layer_size for layer in config.layers[1:]] == [1]


def test_generator_reads_by_its_claims(config: MlpConfig) -> None:
    @obeys(MlpConfig, "layers")
    @obeys(DenseLayerConfig, "layer_size")
    def each(config: MlpConfig) -> Iterator[int]:
        for layer in config.layers:
            yield layer.layer_size

    assert list(each(config)) == [4, 1]


def test_map_of_messages_is_read_without_making_entries() -> None:
    @obeys(MultiTaskLearningRates, "tower_learning_rates")
    @obeys(LearningRate, "constant")
    def rates(config: MultiTaskLearningRates) -> tuple[dict[str, float], bool, bool]:
        towers = config.tower_learning_rates
        with pytest.raises(KeyError):
            towers["reply"]
        return {name: rate.constant for name, rate in towers.items()}, "like" in towers, "reply" in towers

    config = text_format.Parse('tower_learning_rates { key: "like" value { constant: 0.5 } }', MultiTaskLearningRates())

    assert rates(config) == ({"like": 0.5}, True, False)
    assert list(config.tower_learning_rates) == ["like"]


@obeys(MlpConfig, "layers")
@obeys(DenseLayerConfig, "layer_size")
class Keeper:
    def __init__(self, config: MlpConfig) -> None:
        self.config = config

    def widths(self) -> list[int]:
        return [layer.layer_size for layer in self.config.layers]

    def sizes(self) -> list[int]:
        return list(self.config.layer_sizes)


def test_class_keeps_a_view_with_its_claims(config: MlpConfig) -> None:
    keeper = Keeper(config)

    assert keeper.widths() == [4, 1]
    assert _reads("Keeper") == {"layer_size": True, "layers": True}
    with pytest.raises(AssertionError, match=r"Keeper reads .*\.layer_sizes"):
        keeper.sizes()


def test_method_has_claims_of_its_own(config: MlpConfig) -> None:
    class Owner:
        @classmethod
        @obeys(MlpConfig, "final_layer_activation")
        def activates(cls, config: MlpConfig) -> bool:
            return config.final_layer_activation

    assert Owner.activates(config) is False


@obeys(MlpConfig, "dropout", "final_layer_activation")
@obeys(LearningRate, "constant")
def presence(config: MlpConfig, rate: LearningRate) -> SimpleNamespace:
    return SimpleNamespace(
        dropout=config.HasField("dropout"),
        activation=config.HasField("final_layer_activation"),
        chosen=rate.WhichOneof("lr"),
        name=config.DESCRIPTOR.full_name,
        equals=config == whole_message(config) and config != MlpConfig(),
        unclaimed=lambda: config.HasField("layers"),
    )


def test_presence_is_that_of_the_message(config: MlpConfig) -> None:
    seen = presence(config, LearningRate(constant=1))

    assert (seen.dropout, seen.activation, seen.chosen, seen.name, seen.equals) == (True, False, "constant", MLP, True)
    with pytest.raises(AssertionError, match=r"presence reads .*\.layers"):
        seen.unclaimed()


def test_presence_of_a_message_reads_it_and_that_of_a_value_does_not(config: MlpConfig) -> None:
    presence(config, LearningRate())

    assert _reads("presence") == {"dropout": True, "final_layer_activation": False, "constant": False}


def test_oneof_is_asked_only_by_who_claims_a_member() -> None:
    @obeys(LearningRate)
    def adapter(rate: LearningRate) -> object:
        return rate.WhichOneof("lr")

    with pytest.raises(AssertionError, match=r"adapter reads .*LearningRate\.lr and claims no member"):
        adapter(LearningRate(constant=1))


def test_whole_message_is_taken_by_name_alone(config: MlpConfig) -> None:
    @obeys(MlpConfig, "layers")
    def copied(config: MlpConfig, *, whole: bool) -> MlpConfig:
        copy = MlpConfig()
        copy.CopyFrom(whole_message(config) if whole else MlpConfig.FromString(config.SerializeToString()))
        return copy

    assert copied(config, whole=True) == config
    assert whole_message(config) is config
    assert fields_read() == {}
    with pytest.raises(AssertionError, match=r"copied uses SerializeToString of .*whole_message"):
        copied(config, whole=False)


def test_view_cannot_be_written(config: MlpConfig) -> None:
    @obeys(MlpConfig, "final_layer_activation")
    def adapter(config: MlpConfig) -> None:
        config.final_layer_activation = True

    with pytest.raises(AttributeError):
        adapter(config)


def test_claim_of_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match=rf"{MLP} has no field breadth"):
        obeys(MlpConfig, "breadth")
