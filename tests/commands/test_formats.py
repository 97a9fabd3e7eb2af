"""The pickle format from the command line: written by trace and run, listed by info, read by parse; the original's too."""

import json
import os
import pickle
import re
import shutil
from pathlib import Path

import pytest

from .conftest import Pytracer

CACHE = ".__pytracercache__"


def report(output: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(output)
    return {key: value for key, value in found.items() if key != "result"}


def test_run_with_pickle_traces_reports_what_native_ones_do(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    for form in ("native", "pickle"):
        done = pytracer("run", "-n", 3, "--json", "--format", form, "-o", f"{form}.h5", programs / "cancels.py")
        assert done.returncode == 0, done.stderr
        (tmp_path / f"{form}.json").write_text(done.stdout)
    own = r'\d{8}T\d{6}\.\d+|\d+T\d\d:\d\d:\d\d(\.\d+)?|"duration_ns": \d+|native|pickle'
    texts = [re.sub(own, "", (tmp_path / f"{form}.json").read_text()) for form in ("native", "pickle")]
    assert texts[0] == texts[1]
    folder = tmp_path / CACHE / "traces"
    pickles = sorted(folder.glob("*.pkl"))
    assert len(pickles) == 4
    assert not any((path.with_suffix("") / "process-0").exists() for path in pickles)


def test_info_lists_pickle_traces_and_parse_reads_them(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    (tmp_path / "configuration.json").write_text('{"io": {"type": "pickle"}}')
    for sample in range(1, 4):
        done = pytracer(
            "trace", "--noise", "sr", "--sample", sample, "--command", programs / "cancels.py",
            env={**os.environ, "PYTRACER_CONFIG": "configuration.json"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    traces = json.loads(pytracer("info", "--trace", "--json").stdout)["traces"]
    assert [trace["sample"] for trace in traces] == [1, 2, 3]
    shutil.copytree(tmp_path / CACHE / "traces", tmp_path / "loose", ignore=shutil.ignore_patterns("*[0-9]"))
    loose = json.loads(pytracer("info", "--trace", "--json", "--directory", "loose").stdout)["traces"]
    assert [(trace["sample"], trace["noise"]) for trace in loose] == [(1, "sr"), (2, "sr"), (3, "sr")]
    assert all(trace["name"].endswith(".pkl") for trace in loose)
    for form in ("auto", "pickle"):
        done = pytracer("parse", "--format", form, "--json", "--directory", "loose")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
    refused = pytracer("parse", "--format", "native", "--directory", "loose")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_traces_of_the_original_are_parsed(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for i in range(3):
        with (tmp_path / "old" / f"21010112000{i}.pkl").open("wb") as file:
            pickler = pickle.Pickler(file)
            pickler.fast = True
            for label, args in (("inputs", {"x": 1.0}), ("outputs", {"Ret": 1.0 + i * 1e-9})):
                pickler.dump(
                    {
                        "id": i,
                        "time": 0,
                        "module": "m",
                        "function": "f",
                        "label": label,
                        "args": args,
                        "backtrace": None,
                    }
                )
    done = pytracer("parse", "--directory", "old")
    assert done.returncode == 0, done.stderr
    assert "do not say how the program was perturbed" in " ".join(done.stdout.split())


@pytest.mark.parametrize("content", [b"", b"nothing", pickle.dumps({"a": print})])
def test_what_is_no_pickle_trace_is_one_line(pytracer: Pytracer, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pkl").write_bytes(content)
    done = pytracer("parse", "--filename", "bad.pkl")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Traceback" not in done.stderr
    assert "builtins.print" in done.stderr or not content.startswith(b"\x80")
