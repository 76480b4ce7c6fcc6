"""Vocabularies of entity tables: what is read of files, and what is refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format
from pyarrow import fs
from rankspec.twhin.v1.model_pb2 import TwhinEmbeddingsConfig

from rankspec.families.twhin.program.vocabulary import Vocabulary, check_same, identities, vocabularies_of
from rankspec.trainer.data.storage import address
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError


def _read(path: Path | str, rows: int = 3) -> Vocabulary:
    config = text_format.Parse(
        f'tables {{ name: "plain" }} tables {{ name: "t" num_embeddings: {rows} vocab: "{path}" }}',
        TwhinEmbeddingsConfig(),
    )
    (name,) = found = vocabularies_of(config.tables)
    assert name == "t"
    return found["t"]


def _parquet(path: Path, *values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": list(values)}), path)
    return path


def _text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def _ids(*values: object) -> np.ndarray:
    return np.array(values, object if isinstance(values[0], str) else np.int64)


def test_text_file_has_an_entity_a_line(tmp_path: Path) -> None:
    for number, ending in enumerate(("\n", "")):
        vocabulary = _read(_text(tmp_path / f"{number}.txt", f"b\né ü\r\na{ending}"))

        assert vocabulary.rows(_ids("a", "b", "é ü", "A")).tolist() == [2, 0, 1, -1]


def test_parquet_file_has_strings_or_numbers(tmp_path: Path) -> None:
    texts = _read(_parquet(tmp_path / "a.parquet", "7", "x"))
    numbers = _read(_parquet(tmp_path / "b.parquet", 9, -5, 2**62))

    assert (texts.is_text, numbers.is_text) == (True, False)
    assert texts.rows(_ids("x", "8", "7")).tolist() == [1, -1, 0]
    assert numbers.rows(_ids(2**62, 0, 9, 10, -5, -6)).tolist() == [2, -1, 0, -1, 1, -1]


def test_strings_may_be_a_dictionary(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array(["b", "a"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "a.parquet")

    assert _read(tmp_path / "a.parquet").rows(_ids("a", "b")).tolist() == [1, 0]


def test_files_of_a_folder_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    _parquet(tmp_path / "v" / "part-1.parquet", 30)
    _parquet(tmp_path / "v" / "part-0.parquet", 10, 20)
    (tmp_path / "v" / "_SUCCESS").touch()

    assert _read(tmp_path / "v").rows(_ids(10, 20, 30)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", "a\nb\na\n", "the entity 'a' is there twice"),
        ("a.txt", "a\n\nb\n", "line 2: is empty"),
        ("a.txt", "", "holds no entity"),
        ("a.txt", "a\nb\nc\nd\n", "4 entities, and the table 3 rows; raise num_embeddings"),
        ("a.csv", "a\n", "neither a .parquet nor a .txt file"),
        ("a.parquet", "no", "cannot be read as Parquet"),
    ],
    ids=["twice", "empty_line", "none", "too_many", "other_form", "no_parquet"],
)
def test_file_that_is_no_vocabulary_is_refused_by_its_name(tmp_path: Path, name: str, content: str, words: str) -> None:
    path = _text(tmp_path / name, content)

    with pytest.raises(DataError, match=words) as caught:
        _read(path)
    assert caught.value.path == "model.embeddings.tables[1].vocab"
    assert str(path) in caught.value.message


def test_number_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the entity 5 is there twice"):
        _read(_parquet(tmp_path / "a.parquet", 5, 1, 5))


def test_missing_value_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 1.*there is no value"):
        _read(_parquet(tmp_path / "a.parquet", "a", None))


def test_column_of_other_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"0\.5 is no whole number"):
        _read(_parquet(tmp_path / "a.parquet", 0.5))


def test_vocabulary_may_lie_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _parquet(tmp_path / "bucket/v/part-1.parquet", "c")
    _parquet(tmp_path / "bucket/v/part-0.parquet", "a", "b")
    _text(tmp_path / "bucket/v.txt", "b\n")
    files = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    monkeypatch.setattr(address, "connected", lambda _uri: files)

    assert _read("s3://bucket/v").rows(_ids("a", "b", "c")).tolist() == [0, 1, 2]
    assert _read("s3://bucket/v.txt").rows(_ids("b")).tolist() == [0]
    assert _read(f"file://{tmp_path}/bucket/v.txt").rows(_ids("b")).tolist() == [0]
    with pytest.raises(DataError, match=r"s3://bucket/w\.txt: there is no such file"):
        _read("s3://bucket/w.txt")


def test_missing_file_and_folder_without_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file or folder"):
        _read(tmp_path / "none.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no Parquet file"):
        _read(tmp_path / "empty")


@pytest.mark.parametrize(
    ("then", "now", "is_same"),
    [
        (("a", "b"), ("a", "b"), True),
        (("a", "b"), ("a", "b", "c"), True),
        (("a", "b"), ("b", "a"), False),
        (("a", "b"), ("a",), False),
        (("ab", "c"), ("a", "bc"), False),
        ((1, 2), (1, 2, 3), True),
        ((1, 2), (2, 1, 3), False),
        (("1",), (1,), False),
    ],
)
def test_vocabulary_may_grow_at_its_end_alone(then: tuple[object, ...], now: tuple[object, ...], is_same: bool) -> None:
    saved = identities({"t": Vocabulary("then", [_ids(*then)])})
    vocabularies = {"t": Vocabulary("now", [_ids(*now)])}

    if is_same:
        check_same(vocabularies, {"t"}, saved, "run/10")
        return
    with pytest.raises(TrainError, match='run/10 was trained with another vocabulary of the table "t"'):
        check_same(vocabularies, {"t"}, saved, "run/10")


def test_vocabulary_of_a_table_that_is_gone_does_not_matter() -> None:
    check_same({}, {"u"}, identities({"t": Vocabulary("then", [_ids("a")])}), "run/10")


@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.list_(pa.string(), 1), pa.large_list(pa.string())])
def test_strings_may_be_lists_of_one(tmp_path: Path, kind: pa.DataType) -> None:
    pq.write_table(pa.table({"id": pa.array([["b"], ["a"]], kind)}), tmp_path / "a.parquet")

    assert _read(tmp_path / "a.parquet").rows(_ids("a", "b")).tolist() == [1, 0]


def test_list_of_two_strings_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([["b"], ["a", "c"]])}), tmp_path / "a.parquet")

    with pytest.raises(DataError, match='row 1, column "id": there are 2 values'):
        _read(tmp_path / "a.parquet")


def test_strings_beside_numbers_are_refused(tmp_path: Path) -> None:
    _parquet(tmp_path / "v" / "part-0.parquet", "a")
    _parquet(tmp_path / "v" / "part-1.parquet", 1)

    with pytest.raises(DataError, match="some files hold strings and others whole numbers"):
        _read(tmp_path / "v")


def test_vocabulary_that_is_gone_is_another() -> None:
    with pytest.raises(TrainError, match="another vocabulary"):
        check_same({}, {"t"}, identities({"t": Vocabulary("then", [_ids("a")])}), "run/10")
