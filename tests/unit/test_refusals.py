"""What other trainers' users ran into, refused by `check` with one line that says what to write instead."""

from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check
from rankspec.diagnostics.diagnostic import Diagnostic

_INPUTS = 'inputs: "data/*.parquet"'


def _errors(tmp_path: Path, old: str, new: str) -> list[Diagnostic]:
    assert old in VALID
    return [d for d in check(write(tmp_path, VALID.replace(old, new, 1))).diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    ("new", "path", "code", "words"),
    [
        pytest.param(
            'inputs: "abfs://bucket/*.parquet"', "train_data.inputs", "recap.data.local_paths", "abfs:/", id="address"
        ),
        pytest.param(
            'inputs: "s3://key:secret@bucket/*.parquet"',
            "train_data.inputs",
            "recap.data.local_paths",
            "no user name and no password",
            id="password",
        ),
        pytest.param('inputs: "  "', "train_data.inputs", "recap.data.local_paths", "blanks", id="blanks"),
        pytest.param('inputs: "a\\nb"', "train_data.inputs", "recap.data.local_paths", "line breaks", id="line_break"),
        pytest.param(
            'explicit_date_inputs { data_root: "." end_date: "2023/02/30" days: 2 }',
            "train_data.explicit_date_inputs.end_date",
            "recap.explicit_date_inputs.calendar",
            "2023/02/30 is no day",
            id="no_day",
        ),
        pytest.param(
            'explicit_date_inputs { data_root: "." end_date: "0001/01/01" days: 2 }',
            "train_data.explicit_date_inputs.days",
            "recap.explicit_date_inputs.calendar",
            "before the year 1",
            id="before_the_calendar",
        ),
        pytest.param(
            'explicit_date_inputs { data_root: "." end_date: "2023/02/28" days: 2147483647 }',
            "train_data.explicit_date_inputs.days",
            "recap.explicit_date_inputs.span",
            "at most 36525",
            id="endless_span",
        ),
    ],
)
def test_files_that_cannot_be_are_one_error_at_their_field(
    tmp_path: Path, new: str, path: str, code: str, words: str
) -> None:
    (error,) = _errors(tmp_path, _INPUTS, new)

    assert (error.path, error.code) == (path, code)
    assert words in error.message
    assert error.position is not None
    assert error.suggestion


@pytest.mark.parametrize("name", ["train", "timing"])
def test_validation_set_cannot_take_the_name_of_the_runs_own_figures(tmp_path: Path, name: str) -> None:
    (error,) = _errors(
        tmp_path,
        "optimizer {",
        f'validation_data {{ key: "{name}" value {{ inherit_train_data: true }} }}\noptimizer {{',
    )

    assert (error.path, error.code) == (f'validation_data["{name}"]', "string.not_in")
    assert f"must be none of `train`, `timing`, got `{name}`" in error.message


@pytest.mark.parametrize("rate", ["1e-40", "5e-324"])
def test_rate_whose_weight_overflows_is_refused(tmp_path: Path, rate: str) -> None:
    (error,) = _errors(tmp_path, 'key: "liked" value {}', f'key: "liked" value {{ neg_downsampling_rate: {rate} }}')

    assert (error.path, error.code) == ('train_data.tasks["liked"].neg_downsampling_rate', "double.gt_lte")
