"""Every verb obeys the configuration, and the messages obey the logger's settings."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytracer.records.reader import Trace

from .conftest import Pytracer

Configure = Callable[..., None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write the configuration of the commands that follow."""

    def write(**content: Any) -> None:
        (tmp_path / "config.json").write_text(json.dumps(content))
        monkeypatch.setenv("PYTRACER_CONFIG", str(tmp_path / "config.json"))

    return write


@pytest.fixture(autouse=True)
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text("def f(x): return x * 0.1\nprint(f(3.0))\n")
    return path


def test_the_cache_is_where_the_configuration_says(pytracer: Pytracer, tmp_path: Path, configure: Configure) -> None:
    configure(io={"cache": {"root": "deep/cache"}}, run={"samples": 2})
    root = tmp_path / "deep" / "cache"
    shown = pytracer("run", "--json", "script.py")
    assert shown.returncode == 0, shown.stderr
    assert len(list((root / "traces").iterdir())) == 3
    assert pytracer("trace", "--command", "script.py").returncode == 0
    assert pytracer("parse").returncode == 0
    listed = json.loads(pytracer("info", "--json").stdout)
    assert [len(listed[kind]) for kind in ("traces", "results")] == [4, 2]
    assert pytracer("clean").stdout.startswith(f"removed {root}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "deep", "script.py"]
    assert not root.exists()


def test_what_the_traced_process_is_asked(pytracer: Pytracer, tmp_path: Path, configure: Configure) -> None:
    configure(limits={"depth": 2, "array_bytes": "1 MB"}, follow=False, seed=5, trace={"noise": "sr"})
    assert pytracer("trace", "--backtrace", "--follow", "--limit", "2 MiB", "--command", "script.py").returncode == 0
    [trace] = (tmp_path / ".__pytracercache__" / "traces").iterdir()
    spec = json.loads((trace / "spec.json").read_text())
    assert spec["limits"] == {"depth": 2, "items": 64, "array_bytes": 1_000_000, "trace_bytes": 2 << 20}
    assert (spec["backtrace"], spec["follow"]) == (True, True)
    assert spec["noise"] == {"model": "sr", "seed": 5, "sample": 1, "settings": {}, "missing": []}


def test_limits_reach_the_recorder(pytracer: Pytracer, tmp_path: Path, configure: Configure) -> None:
    configure(limits={"items": 2, "array_bytes": 100})
    (tmp_path / "script.py").write_text(
        "import numpy as np\ndef f(x, y): return 0\nf([None] * 5, np.ones(50))\nf([None] * 2, np.ones(2))\n"
    )
    assert pytracer("trace", "--trace", "__main__.f", "--command", "script.py").returncode == 0
    [trace] = (tmp_path / ".__pytracercache__" / "traces").iterdir()
    counters = Trace.open(trace).counters()
    assert (counters["values_truncated"], counters["arrays_omitted"], counters["bytes_omitted"]) == (1, 1, 400)


@pytest.mark.parametrize("size", ["0", "many", "1 MB/s", "-1"])
def test_sizes_that_are_none(pytracer: Pytracer, size: str) -> None:
    shown = pytracer("trace", f"--limit={size}", "--command", "script.py")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert f"argument --limit: {size!r} is no size; write it as " in shown.stderr


def test_info_prints_each_setting_and_its_origin(pytracer: Pytracer, tmp_path: Path, configure: Configure) -> None:
    configure(seed=3, limits={"trace_bytes": "1 GiB"}, modules_to_load=["numpy"])
    shown = pytracer("info", "--config")
    assert (shown.returncode, shown.stderr) == (0, "")
    path = str(tmp_path / "config.json")
    assert shown.stdout.startswith(f"Configuration file: {path}\n")
    found = {line.split()[0]: line.split(maxsplit=1)[1].strip() for line in shown.stdout.splitlines()[2:]}
    assert re.fullmatch(rf"3 +{re.escape(path)}", found["seed"])
    assert re.fullmatch(rf"1\.0 GiB +{re.escape(path)}", found["limits.trace_bytes"])
    assert re.fullmatch(r"sr +default", found["run.noise"])
    listed = json.loads(pytracer("info", "--config", "--json").stdout)
    assert list(listed) == ["config"]
    assert listed["config"]["file"] == path
    assert listed["config"]["settings"]["modules_to_load"] == {"value": ["numpy"], "origin": path}
    assert listed["config"]["settings"]["limits.trace_bytes"] == {"value": 1 << 30, "origin": path}
    assert list(listed["config"]["settings"]) == list(found)


@pytest.mark.parametrize(
    "verb", [["run", "script.py"], ["trace", "--command", "script.py"], ["parse"], ["info"], ["clean"]]
)
def test_a_wrong_configuration_stops_every_verb(
    pytracer: Pytracer, tmp_path: Path, configure: Configure, verb: list[str]
) -> None:
    configure(io={"cash": {"root": "x"}})
    shown = pytracer(*verb)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == (
        f"pytracer: error: unknown key 'io.cash' in {str(tmp_path / 'config.json')!r}; "
        "accepted: io.type, io.backtrace, io.cache.root\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "script.py"]
    assert pytracer(verb[0], "--help").returncode == 0


def test_names_of_the_configuration_that_do_not_exist(pytracer: Pytracer, configure: Configure) -> None:
    configure(run={"noise": "gaussian"}, modules_to_load=["nummpy"])
    refused = pytracer("run", "script.py").stderr
    assert re.match(r"pytracer: error: run\.noise in '/.*/config\.json': unknown noise model 'gaussian'; ", refused)
    refused = pytracer("run", "--noise", "sr", "script.py").stderr
    assert re.match(r"pytracer: error: modules_to_load in '/.*/config\.json': no module named 'nummpy' \(did ", refused)
    refused = pytracer("run", "--noise", "sr", "--trace", "numppy", "script.py").stderr
    assert refused.startswith("pytracer: error: no module named 'numppy'")


def test_a_cache_folder_with_other_files_is_refused(pytracer: Pytracer, tmp_path: Path, configure: Configure) -> None:
    configure(io={"cache": {"root": "."}})
    shown = pytracer("trace", "--command", "script.py")
    assert shown.returncode == 2
    assert "has files that Pytracer did not make; choose another folder for io.cache.root" in shown.stderr
    assert pytracer("clean", "-f").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "script.py"]


def test_log_files(pytracer: Pytracer, tmp_path: Path) -> None:
    pytracer("run", "-n", "2", "script.py")
    listed = json.loads(pytracer("info", "--json").stdout)
    for trace in listed["traces"]:
        assert trace["args"] == ["run", "-n", "2", "script.py"]
        assert trace["log_name"] == "pytracer.log"
        text = Path(trace["log_path"]).read_text()
        assert re.search(rf" sample {trace['sample']}, noise {trace['noise']}: started as process \d+\n", text)
        assert text.endswith(" exited with status 0\n")
        assert (trace["report_name"], trace["report_path"]) == (None, None)
    [result] = listed["results"]
    assert sorted(result["traces"]) == sorted(trace["path"] for trace in listed["traces"])
    assert (result["args"], result["problem"]) == (["run", "-n", "2", "script.py"], None)
    assert result["log_name"] == Path(result["path"]).stem + ".log"
    assert Path(result["log_path"]).is_file()
    pytracer("parse", "-o", "elsewhere.h5")
    assert not (tmp_path / "elsewhere.log").exists()


def test_level(pytracer: Pytracer, configure: Configure) -> None:
    configure(logger={"level": "warning"})
    assert pytracer("trace", "--command", "script.py").stderr == ""
    configure(logger={"level": "error"})
    refused = pytracer("trace", "--command", "nowhere.py")
    assert refused.stderr.startswith("pytracer: error: no script 'nowhere.py'")
    configure(logger={"level": "debug"})
    assert pytracer("info").stderr.startswith("pytracer: configuration: /")


def test_format(pytracer: Pytracer, configure: Configure) -> None:
    configure(logger={"format": "logger"})
    shown = pytracer("trace", "--command", "script.py").stderr
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] INFO: trace in /.*\n", shown)


def test_output_to_a_file(pytracer: Pytracer, tmp_path: Path, configure: Configure) -> None:
    configure(logger={"output": "messages.txt"})
    assert pytracer("trace", "--command", "script.py").stderr == ""
    failed = pytracer("trace", "--command", "nowhere.py").stderr
    lines = (tmp_path / "messages.txt").read_text().splitlines(keepends=True)
    assert re.fullmatch(r"pytracer: trace in /.*\n", lines[0])
    assert lines[1:] == [failed]


def test_output_to_standard_output(pytracer: Pytracer, configure: Configure) -> None:
    configure(logger={"output": "stdout"})
    shown = pytracer("trace", "--command", "script.py")
    assert re.fullmatch(r"0\.3\d*\npytracer: trace in /.*\n", shown.stdout)
    assert shown.stderr == ""


def test_output_that_cannot_be_written(pytracer: Pytracer, configure: Configure) -> None:
    configure(logger={"output": "nowhere/messages.txt"})
    shown = pytracer("info")
    assert shown.returncode == 2
    assert shown.stderr.startswith("pytracer: error: cannot write messages into 'nowhere/messages.txt': No such file")


def test_a_key_without_effect_is_remarked(pytracer: Pytracer, configure: Configure) -> None:
    configure(filter_alias=True)
    shown = pytracer("info")
    assert shown.returncode == 0
    assert re.fullmatch(r"pytracer: key 'filter_alias' in '.*' has no effect: every alias .*\n", shown.stderr)
