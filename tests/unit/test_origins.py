"""Places of values: a single look-up finds what the map of all places has."""

from pathlib import Path

import pytest
from rankspec.recap.v1 import recap_pb2

from rankspec.loading import check
from rankspec.source import read_textproto
from rankspec.source.origins import parents

LOCAL_PROD = Path(__file__).parents[2] / "configs" / "recap" / "local_prod.textproto"


def test_single_look_ups_agree_with_all_places() -> None:
    data = LOCAL_PROD.read_bytes()
    everything = read_textproto(data, recap_pb2.RecapConfig, "x").origins.marks()

    for path in [*everything][::40]:
        # A document of its own: after many look-ups one computes everything.
        origins = read_textproto(data, recap_pb2.RecapConfig, "x").origins
        assert origins.nearest_mark(path) == (path, everything[path])
        assert origins.name(path) == everything[path].name
        assert origins.value(path) == everything[path].value


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("training.gradient_accumulation", id="absent_field"),
        pytest.param('model.tasks["no such task"].mlp_config', id="absent_entry"),
        pytest.param("model.backbone.mask_net_config.mask_blocks[9].output_size", id="absent_element"),
        pytest.param("nothing.of.this", id="no_field"),
    ],
)
def test_what_is_absent_is_found_at_the_deepest_block_around_it(path: str) -> None:
    data = LOCAL_PROD.read_bytes()
    everything = read_textproto(data, recap_pb2.RecapConfig, "x").origins.marks()
    expected = next(((prefix, everything[prefix].name) for prefix in parents(path) if prefix in everything), None)

    assert read_textproto(data, recap_pb2.RecapConfig, "x").origins.nearest(path) == expected


def test_many_look_ups_find_the_same() -> None:
    origins = read_textproto(LOCAL_PROD.read_bytes(), recap_pb2.RecapConfig, "x").origins

    places = {origins.value("training.num_train_steps") for _ in range(200)}

    assert len(places) == 1


@pytest.mark.parametrize("name", ["a.json", "a.yaml", "a.textproto"])
def test_list_that_cannot_be_read_is_not_also_missing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("layer_sizes: x" if name != "a.json" else '{"layer_sizes": 16}')

    loaded = check(path, message="rankspec.recap.v1.MlpConfig")

    assert [diagnostic.code for diagnostic in loaded.diagnostics] == ["parse.wrong_type"]
