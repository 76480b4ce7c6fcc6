from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.embedding_pb2 import SmallEmbeddingsConfig
from torch import Tensor
from torch.nn import functional

from rankspec.encoding.lists import PADDING
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.id_lists import PaddedIds, RaggedIds
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.embeddings import build_small_embeddings
from rankspec.families.recap.program.model.initialization import initialize
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input

torch.set_num_threads(1)

TABLES = """
tables { name: "type" num_embeddings: 4 embedding_dim: 3 index: 2 }
tables { name: "keys" num_embeddings: 6 embedding_dim: 2 index: 0 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET }
"""
IDS = torch.tensor([[0, 99, 3], [5, 99, 0], [2, 99, 1]])


def _built(text: str = TABLES, columns: int = 3) -> Any:
    config = text_format.Parse(text, SmallEmbeddingsConfig())
    position = RandomPosition(seed=0, step=0, global_rows=100)
    inputs = {
        "discrete": Input("discrete", "ids", "int64", columns, columns),
        "tags": Input("tags", "t", "int64", -1, -1),
    }
    tables = build_small_embeddings(config, inputs, "model.small_embeddings", position)
    initialize(tables, seed=0)
    return tables


def _batch(ids: Tensor, lists: Sequence[Sequence[int]] = ()) -> RecapBatch:
    """Rows with such discrete features, and with lists of the input `tags`."""
    nothing = torch.empty(len(ids), 0)
    return RecapBatch(
        continuous=nothing,
        binary=nothing,
        labels=nothing,
        weights=nothing,
        discrete=ids,
        lists={"tags": _ragged(lists)},
        first_row=0,
        global_rows=len(ids),
    )


def _ragged(lists: Sequence[Sequence[int]]) -> RaggedIds:
    values = torch.tensor([one for row in lists for one in row], dtype=torch.int64)
    return RaggedIds(values, torch.tensor([0, *accumulate(len(row) for row in lists)]))


def _joined(blocks: dict[str, Tensor]) -> Tensor:
    return Blocks(blocks).joined


def test_rows_are_joined_in_the_order_of_the_spec() -> None:
    tables = _built()
    types, keys = (table.weight for table in tables.tables.values())
    assert tables.widths == {"small_embeddings/type": 3, "small_embeddings/keys": 2}
    assert torch.equal(_joined(tables(_batch(IDS))), torch.cat([types[[3, 0, 1]], keys[[0, 5, 2]]], dim=1))


def test_only_tables_with_a_bucket_have_a_further_row() -> None:
    assert [tuple(table.weight.shape) for table in _built().tables.values()] == [(4, 3), (7, 2)]


@pytest.mark.parametrize("stray", [6, -1, 2**62, -(2**62)])
def test_ids_out_of_range_share_a_trained_bucket(stray: int) -> None:
    tables = _built()
    ids = torch.tensor([[stray, 0, 0], [2, 0, 0]])
    bucket = tables.tables["table_keys"].weight
    rows = _joined(tables(_batch(ids)))
    assert torch.equal(rows[0, 3:], bucket[6])
    rows.sum().backward()
    assert bucket.grad[:, 0].tolist() == [0, 0, 1, 0, 0, 0, 1]


def test_tables_without_a_bucket_say_which_ids_they_have() -> None:
    assert _built().id_ranges == (IdRange("discrete", 2, 4, "type", "model.small_embeddings.tables[0].num_embeddings"),)


def test_a_table_cannot_read_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match="there is no column 2: discrete has 2 columns") as caught:
        _built(columns=2)
    assert caught.value.path == "model.small_embeddings.tables[0].index"


def test_rows_start_normal_with_the_deviation_asked_for() -> None:
    tables = _built('tables { name: "t" num_embeddings: 2000 embedding_dim: 16 index: 0 init_std: 0.5 }')
    weight = tables.tables["table_t"].weight.detach()
    assert weight.std().item() == pytest.approx(0.5, rel=0.02)
    assert weight.mean().abs().item() < 0.5 / math.sqrt(weight.numel()) * 4
    assert ((weight.abs() < 0.5).float().mean().item()) == pytest.approx(0.683, abs=0.01)


def test_dropout_of_the_joined_rows() -> None:
    tables = _built(TABLES + "dropout { rate: 0.5 }")
    rows = _joined(tables(_batch(IDS)))
    kept = _joined(tables.eval()(_batch(IDS)))
    assert 0 < (rows == 0).sum() < rows.numel()
    torch.testing.assert_close(rows[rows != 0], 2 * kept[rows != 0])


def test_gradient_is_that_of_the_looked_up_rows() -> None:
    tables = _built()
    _joined(tables(_batch(torch.tensor([[1, 0, 2], [1, 0, 2]])))).sum().backward()
    keys = functional.one_hot(torch.tensor([1]), 7).T * 2.0
    assert torch.equal(tables.tables["table_keys"].weight.grad, keys.expand(7, 2))


def test_no_rows_are_no_error() -> None:
    assert _joined(_built()(_batch(IDS[:0]))).shape == (0, 5)


LISTS = [[3, 1, 1], [], [5], [9, -4, 0]]
POOLED = """
tables { name: "tags" num_embeddings: 6 embedding_dim: 2 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET
  list { input: "tags" pooling: %s } }
"""


@pytest.mark.parametrize("pooling", ["SUM", "MEAN"])
def test_the_rows_of_a_list_are_added_up_or_averaged(pooling: str) -> None:
    tables = _built(POOLED % f"POOLING_{pooling}")
    weight = tables.tables["table_tags"].weight.detach()
    # Ids that are no row's share the last; those of a list are counted one by one.
    rows = [weight[[min(one if one >= 0 else 6, 6) for one in ids]].double() for ids in LISTS]
    expected = torch.stack([own.sum(0) / (max(len(own), 1) if pooling == "MEAN" else 1) for own in rows])
    found = _joined(tables(_batch(torch.empty(4, 0), LISTS)))
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-7)
    assert found[1].tolist() == [0.0, 0.0]


def test_ids_of_lists_are_trained_as_often_as_they_occur() -> None:
    tables = _built(POOLED % "POOLING_SUM")
    _joined(tables(_batch(torch.empty(4, 0), LISTS))).sum().backward()
    assert tables.tables["table_tags"].weight.grad[:, 0].tolist() == [1, 2, 0, 1, 0, 1, 2]


@pytest.mark.parametrize("is_mean", [False, True])
def test_padded_lists_are_pooled_as_lists_are(is_mean: bool) -> None:
    weight, ragged = torch.randn(10, 3), _ragged([[3, 1, 1], [], [5]])
    padded = PaddedIds(torch.tensor([[3, 1, 1], [PADDING] * 3, [5, PADDING, PADDING]]))
    both = [ids.pooled(weight, lambda values: values, is_mean=is_mean) for ids in (ragged, padded)]
    torch.testing.assert_close(both[0], both[1], rtol=0, atol=1e-6)


def test_lists_are_asked_of_an_input_that_has_them() -> None:
    text = POOLED % "POOLING_SUM"
    with pytest.raises(DataError, match='the rows of "other" are no lists') as caught:
        _built(text.replace('input: "tags"', 'input: "other"'))
    assert caught.value.path == "model.small_embeddings.tables[0].list.input"


def test_ranges_of_lists_are_of_all_their_ids() -> None:
    text = (POOLED % "POOLING_SUM").replace("out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET", "")
    (one,) = _built(text).id_ranges
    assert one == IdRange("tags", None, 6, "tags", "model.small_embeddings.tables[0].num_embeddings")
