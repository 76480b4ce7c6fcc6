"""The command line: exit statuses, forms of reports, and what a verb imports."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rankspec.recap.v1 import recap_pb2
from tests.unit.example_configs import VALID, write

from rankspec.cli import VERBS, main

WRONG = VALID.replace("global_batch_size: 32", "global_batch_size: -5")
WARNING = VALID.replace("constant: 0.01", "constant: 0")
OURS = ("check", "resolve", "fingerprint", "diff", "explain", "schema", "convert")


@pytest.mark.parametrize("verb", OURS)
def test_help_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0

    assert f"  rankspec {verb} " in capsys.readouterr().out


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    output = capsys.readouterr().out
    assert all(verb in output for verb in VERBS)


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out.startswith("rankspec ")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["predict", "ranker.textproto"], id="predict_without_file"),
        pytest.param(["predict", "ranker.textproto", "-o", "s3://bucket/scores.parquet"], id="predict_to_an_address"),
        pytest.param(["predict", "ranker.textproto", "-o", "scores.parquet", "--top", "3"], id="top_without_by"),
        pytest.param(
            ["predict", "ranker.textproto", "-o", "scores.parquet", "--checkpoint", "last"], id="unknown_checkpoint"
        ),
        pytest.param([], id="nothing"),
        pytest.param(["chek", "x"], id="unknown_verb"),
        pytest.param(["check"], id="no_file"),
        pytest.param(["check", "x", "--format", "xml"], id="unknown_format"),
        pytest.param(["diff", "one"], id="diff_of_one"),
        pytest.param(["resolve", "x", "-o", "x.toml"], id="unknown_form"),
        pytest.param(["resolve", "x", "--blame", "--format", "json"], id="blame_in_json"),
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "error" in capsys.readouterr().err


class TestCheck:
    @pytest.mark.parametrize(
        ("text", "status"),
        [
            pytest.param(VALID, 0, id="valid"),
            pytest.param(WARNING, 0, id="warning"),
            pytest.param(WRONG, 1, id="wrong"),
        ],
    )
    def test_status_says_whether_there_is_an_error(self, tmp_path: Path, text: str, status: int) -> None:
        assert main(["check", str(write(tmp_path, text))]) == status

    def test_every_file_is_checked_by_itself(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        files = [write(tmp_path, WRONG, name) for name in ("a.textproto", "b.textproto")]

        assert main(["check", *map(str, files)]) == 1

        output = capsys.readouterr().out
        assert all(f"{file}:13:22: error:" in output for file in files)
        assert output.endswith("2 files checked: 2 errors\n")

    def test_json_is_data(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = write(tmp_path, WRONG)

        assert main(["check", "--format", "json", str(path)]) == 1

        assert json.loads(capsys.readouterr().out) == {
            "ok": False,
            "diagnostics": [
                {
                    "file": str(path),
                    "line": 13,
                    "column": 22,
                    "severity": "error",
                    "code": "int32.gt",
                    "path": "train_data.global_batch_size",
                    "message": "must be greater than 0, got -5",
                    "suggestion": "the nearest allowed value is 1",
                }
            ],
        }

    def test_sarif_names_file_and_line(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "--format", "sarif", str(write(tmp_path, WRONG))]) == 1

        (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 13

    def test_folder_stands_for_its_configs(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "inner").mkdir()
        write(tmp_path, VALID)
        write(tmp_path / "inner", WRONG, "b.txtpb")
        write(tmp_path, "[1, 2]", "data.json")

        assert main(["check", str(tmp_path)]) == 1
        assert "2 files checked: 1 error" in capsys.readouterr().out

    def test_folder_without_configs_is_a_diagnostic(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(tmp_path)]) == 1
        assert "file.no_configs" in capsys.readouterr().out

    def test_file_that_is_named_twice_is_checked_once(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = write(tmp_path, WRONG)

        main(["check", str(path), str(tmp_path), str(path)])

        assert capsys.readouterr().out.endswith("1 file checked: 1 error\n")

    def test_empty_name_is_not_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write(tmp_path, VALID)
        monkeypatch.chdir(tmp_path)

        assert main(["check", ""]) == 1
        assert "file.missing" in capsys.readouterr().out

    @pytest.mark.parametrize("form", ["text", "json", "sarif"])
    @pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict"])
    def test_odd_names_are_printed_whatever_the_encoding(self, tmp_path: Path, form: str, encoding: str) -> None:
        path = os.fsdecode(os.fsencode(tmp_path / "caf\u00e9-") + b"\xff\n.textproto")
        Path(path).write_text(WRONG.replace("liked", "\\033[31mliked\\303\\251"))
        command = [sys.executable, "-m", "rankspec", "check", "--format", form, path]

        result = subprocess.run(
            command, capture_output=True, check=False, env=os.environ | {"PYTHONIOENCODING": encoding}
        )

        assert (result.returncode, result.stderr) == (1, b"")
        assert b"\x1b" not in result.stdout
        assert b"int32.gt" in result.stdout
        if form != "text":
            json.loads(result.stdout)

    def test_missing_file_does_not_hide_the_others(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(tmp_path / "no.textproto"), str(write(tmp_path, WRONG))]) == 1

        output = capsys.readouterr().out
        assert "file.missing" in output
        assert "int32.gt" in output

    def test_standard_input_is_checked(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))

        assert main(["check", "-"]) == 1
        assert "<stdin>:13:22: error:" in capsys.readouterr().out

    @pytest.mark.parametrize(("choice", "colored"), [("always", True), ("never", False), ("auto", False)])
    def test_color_is_written_when_asked_for(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], choice: str, *, colored: bool
    ) -> None:
        main(["check", "--color", choice, str(write(tmp_path, WRONG))])

        assert ("\x1b[" in capsys.readouterr().out) is colored

    def test_message_names_the_type_of_files_without_a_header(self, tmp_path: Path) -> None:
        path = write(tmp_path, "constant: 0.5")

        assert main(["check", str(path)]) == 1
        assert main(["check", "--message", "LearningRate", str(path)]) == 0


class TestResolve:
    def test_output_is_the_resolved_config(self, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        assert main(["resolve", str(write(tmp_path, VALID)), "--set", "training.num_train_steps=7"]) == 0

        output = capfdbinary.readouterr().out.decode()
        assert output.startswith("# proto-file: rankspec/recap/v1/recap.proto\n# proto-message: RecapConfig\n")
        assert "  num_train_steps: 7\n" in output
        assert "  checkpoint_every_n: 1000\n" in output

    @pytest.mark.parametrize("name", ["out.textproto", "out.json", "out.binpb"])
    def test_output_file_is_in_the_form_of_its_extension_and_valid(self, tmp_path: Path, name: str) -> None:
        out = tmp_path / name

        assert main(["resolve", str(write(tmp_path, VALID)), "-o", str(out)]) == 0
        assert main(["check", str(out)]) == 0

    def test_format_goes_before_the_extension(self, tmp_path: Path) -> None:
        out = tmp_path / "out.dat"

        assert main(["resolve", str(write(tmp_path, VALID)), "-o", str(out), "--format", "binary"]) == 0
        assert recap_pb2.RecapConfig.FromString(out.read_bytes()).train_data.global_batch_size == 32

    def test_mistakes_go_to_the_standard_error(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["resolve", str(write(tmp_path, WRONG))]) == 1

        captured = capsys.readouterr()
        assert captured.out == ""
        assert "int32.gt" in captured.err

    def test_output_that_cannot_be_written_is_an_error(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "no" / "such" / "out.textproto"

        assert main(["resolve", str(write(tmp_path, VALID)), "-o", str(out)]) == 1
        assert str(out) in capsys.readouterr().err


def test_fingerprint_prints_both_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fingerprint", str(write(tmp_path, VALID))]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in lines] == ["semantic", "full"]
    assert all(len(bytes.fromhex(digest)) == 32 for _, digest in lines)


class TestDiff:
    def test_changes_and_verdict_are_printed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        old = write(tmp_path, VALID, "a.textproto")
        new = write(tmp_path, VALID.replace("0.01", "0.02"), "b.textproto")

        assert main(["diff", str(old), str(new)]) == 0

        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == ("optimizer.single_task_learning_rate.constant: 0.01 -> 0.02  (semantic, resume: warn)")
        assert "resume: warn" in lines[-1]

    def test_json_is_data(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = str(write(tmp_path, VALID))

        assert main(["diff", path, path, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"resume": "free", "changes": [], "effects": []}

    def test_configs_of_different_messages_are_refused(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        old = write(tmp_path, VALID, "a.textproto")
        rate = write(tmp_path, "# proto-message: rankspec.optim.v1.LearningRate\nconstant: 1", "b.textproto")

        assert main(["diff", str(old), str(rate)]) == 1
        assert "LearningRate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        pytest.param(["chek", "x"], "did you mean `check`?", id="verb"),
        pytest.param(["zzz"], "the verbs are check, resolve", id="no_verb_at_all"),
        pytest.param(["explain", "trainng.num_train_steps"], "did you mean `training.num_train_steps`?", id="path"),
        pytest.param(["explain", "RecapConfg"], "did you mean `RecapConfig`?", id="message"),
        pytest.param(["schema", "RecapConfg"], "did you mean `RecapConfig`?", id="schema"),
    ],
)
def test_misspelling_on_the_command_line_is_guessed(
    arguments: list[str], suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) != 0
    assert suggestion in capsys.readouterr().err


@pytest.mark.parametrize(("subject", "status"), [("training.num_train_steps", 0), ("zzzz", 1)])
def test_explain_says_whether_it_found_something(subject: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", subject]) == status
    captured = capsys.readouterr()
    assert subject in captured.out + captured.err


def test_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rankspec", "resolve", str(write(tmp_path, VALID))]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["check", "CONFIG"], id="check"),
        pytest.param(["resolve", "--blame", "CONFIG"], id="resolve"),
        pytest.param(["fingerprint", "CONFIG"], id="fingerprint"),
        pytest.param(["diff", "CONFIG", "CONFIG"], id="diff"),
        pytest.param(["explain", "optimizer.adam"], id="explain"),
        pytest.param(["schema", "RecapConfig"], id="schema"),
    ],
)
def test_no_verb_of_the_authoring_side_imports_heavy_libraries(tmp_path: Path, arguments: list[str]) -> None:
    config = str(write(tmp_path, VALID))
    given = [config if argument == "CONFIG" else argument for argument in arguments]
    program = (
        "import sys\n"
        "from rankspec.cli import main\n"
        f"status = main({given!r})\n"
        "heavy = {'torch', 'numpy', 'pyarrow', 'rich', 'sklearn'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
        "sys.exit(status)\n"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
