from pathlib import Path

import pytest

from rankspec.trainer.home_folder import NoHomeError, expanded


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~", "{home}"),
        ("~/run", "{home}/run"),
        ("~/data/**/part-*.parquet", "{home}/data/**/part-*.parquet"),
        ("~root/x", "{root}/x"),
        ("./~/run", "./~/run"),
        ("a/~/b", "a/~/b"),
        ("/data//a/", "/data//a/"),
    ],
)
def test_home_folder_is_put_in_at_the_beginning_alone(
    written: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = str(Path("~root").expanduser())

    assert expanded(written, "training.save_dir") == meant.format(home=tmp_path, root=root)


def test_home_folder_of_nobody_is_an_error_at_the_field() -> None:
    with pytest.raises(NoHomeError, match="~nobody_of_this_name is nobody's home") as caught:
        expanded("~nobody_of_this_name/run", "training.save_dir")

    assert caught.value.path == "training.save_dir"
    assert caught.value.code == "path.no_home"
