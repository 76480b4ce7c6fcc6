"""Places of values, and what is said of those that have none."""

from pathlib import Path

import pytest
from rankspec.recap.v1 import recap_pb2

from rankspec.checking.check import check
from rankspec.formats.textproto.reader import read_textproto

LOCAL_PROD = Path(__file__).parents[2] / "configs" / "recap" / "local_prod.textproto"


@pytest.mark.parametrize(
    ("path", "around"),
    [
        pytest.param("training.gradient_accumulation", "training", id="absent_field"),
        pytest.param('model.tasks["no such task"].mlp_config', "model.tasks", id="absent_entry"),
        pytest.param(
            "model.backbone.mask_net_config.mask_blocks[9].output_size",
            "model.backbone.mask_net_config.mask_blocks",
            id="absent_element",
        ),
    ],
)
def test_what_is_absent_is_found_at_the_deepest_block_around_it(path: str, around: str) -> None:
    origins = read_textproto(LOCAL_PROD.read_bytes(), recap_pb2.RecapConfig, "x").origins

    assert origins.nearest(path) == (around, origins.name(around))


def test_what_stands_in_no_block_has_no_place() -> None:
    origins = read_textproto(LOCAL_PROD.read_bytes(), recap_pb2.RecapConfig, "x").origins

    assert origins.nearest("nothing.of.this") is None


@pytest.mark.parametrize("name", ["a.json", "a.yaml", "a.textproto"])
def test_list_that_cannot_be_read_is_not_also_missing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("layer_sizes: x" if name != "a.json" else '{"layer_sizes": 16}')

    loaded = check(path, message="rankspec.recap.v1.MlpConfig")

    assert [diagnostic.code for diagnostic in loaded.diagnostics] == ["parse.wrong_type"]
