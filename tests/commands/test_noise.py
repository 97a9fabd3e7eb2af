"""Noise as a user asks for it: models, options, what is refused, and what runs around the program."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from pytracer.noise import MODELS
from pytracer.noise.platform import OFFSET_VARIABLE

from .conftest import Pytracer

HASHES = """
def order(): return 0.1 * sum(3 ** k * ord(name[0]) for k, name in enumerate({"alpha", "beta", "gamma", "delta"}))
def exact(): return 1.5
order(), exact()
"""

VALGRIND = """#!{python}
import json, os, sys
words = sys.argv[1:]
if words == ["--tool=verrou", "--version"]:
    sys.exit(print("valgrind-3.21.0"))
with open({log!r}, "a") as file:
    file.write(json.dumps(words) + "\\n")
command = next(i for i, word in enumerate(words) if not word.startswith("--"))
os.environ["STAND_IN_SEED"] = next(word for word in words if word.startswith("--vr-seed=")).partition("=")[2]
os.execvp(words[command], words[command:])
"""


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONHASHSEED", "PYTRACER_CONFIG", OFFSET_VARIABLE, "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def metas(folder: Path) -> list[dict[str, Any]]:
    """The meta.json of each trace, by sample."""
    traces = sorted((folder / ".__pytracercache__" / "traces").iterdir(), key=lambda path: int(path.suffix[1:]))
    return [json.loads((trace / "meta.json").read_text()) for trace in traces]


def report(shown: Any) -> dict[str, Any]:
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def test_platform_names_the_setting_that_changes_a_function(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(HASHES)
    found = report(pytracer("run", "-n", 6, "--json", "--noise", "platform:only=hash,memory", "script.py"))
    assert [(each["function"], each["settings"]) for each in found["explanations"]] == [
        ("__main__.order", ["PYTHONHASHSEED"])
    ]
    functions = {each["function"]: each for each in found["functions"]}
    assert functions["__main__.order"]["measurable"] == 1
    assert functions["__main__.exact"]["measurable"] == 0
    assert functions["__main__.exact"]["output_bits"]["min"] is None
    assert found["noise"]["models"] == ["platform:only=hash,memory"]
    assert len(found["noise"]["settings"]["PYTHONHASHSEED"]) == 3
    assert found["noise"]["blas_threads"] == ["1"]
    reference, *others = metas(tmp_path)
    assert reference["noise"]["settings"] == {}
    assert reference["environment"]["PYTHONHASHSEED"] == "0"
    assert [each["environment"]["PYTHONHASHSEED"] for each in others] == [
        each["noise"]["settings"]["PYTHONHASHSEED"] for each in others
    ]


def test_the_report_says_what_was_not_varied(
    pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "script.py").write_text(HASHES)
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    found = report(pytracer("run", "-n", 2, "--json", "--noise", "platform:only=hash,memory", "script.py"))
    assert (
        "hash seed of Python: PYTHONHASHSEED is set in the environment; unset it to vary it"
        in (found["noise"]["missing"])
    )


def test_options_reach_stochastic_rounding(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    for text in ("sr", "sr:mode=nearness", "sr:mode=random"):
        shown = pytracer("trace", "--noise", text, "--sample", 1, "--command", programs / "cancels.py")
        assert shown.returncode == 0, shown.stderr
    traces = sorted((tmp_path / ".__pytracercache__" / "traces").iterdir())
    models = [json.loads((trace / "meta.json").read_text())["noise"]["model"] for trace in traces]
    assert sorted(models) == ["sr", "sr", "sr:mode=nearness"]


def test_the_configuration_gives_model_and_options(
    pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTRACER_CONFIG", str(tmp_path / "config.json"))
    options = {"env": {"LABEL": "{sample},b=1+1"}, "sr": {"mode": "nearness"}, "verificarlo": {"precision": 12}}
    (tmp_path / "config.json").write_text(json.dumps({"noise": {"model": "env", "options": options}}))
    shown = pytracer("run", "-q", "-n", 2, "-c", "import os; print(os.environ.get('LABEL'))")
    assert shown.returncode == 0, shown.stderr
    labels = [meta["noise"]["settings"].get("LABEL") for meta in metas(tmp_path)]
    assert labels == [None, "1,b=1+1", "2,b=1+1"]
    listed = json.loads(pytracer("info", "--config", "--json").stdout)["config"]["settings"]
    assert listed["run.noise"]["value"] == "env"
    assert listed["noise.options"]["value"] == [
        'env:LABEL="{sample},b=1+1"',
        "sr:mode=nearness",
        "verificarlo:precision=12",
    ]
    shown = pytracer("run", "-q", "-n", 2, "--noise", "sr", "-c", "print()")
    assert shown.returncode == 0
    models = sorted(meta["noise"]["model"] for meta in metas(tmp_path) if meta["sample"] > 0)
    assert models == ['env:LABEL="{sample},b=1+1"'] * 2 + ["sr:mode=nearness"] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"srr": {}}, ["'noise.options'", "unknown noise model 'srr'", "did you mean 'sr'"]),
        ({"sr": {"mode": "up"}}, ["'noise.options'", "cannot be 'up'", "'random'"]),
        ({"sr": "nearness"}, ["'noise.options'", "a table of noise models, each a table of its options"]),
        ([], ["'noise.options'", "a table of noise models"]),
        ({"verificarlo": {"precision": True}}, ["'noise.options'"]),
    ],
)
def test_mistakes_in_the_configuration(
    pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: object, words: list[str]
) -> None:
    monkeypatch.setenv("PYTRACER_CONFIG", str(tmp_path / "config.json"))
    (tmp_path / "config.json").write_text(json.dumps({"noise": {"options": options}}))
    shown = pytracer("run", "-c", "print()")
    assert shown.returncode == 2
    assert shown.stderr.count("\n") == 1
    assert [word for word in words if word not in shown.stderr] == []


@pytest.mark.parametrize("key", ["run", "trace"])
def test_the_settings_are_checked_as_the_commands_do(
    pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("PYTRACER_CONFIG", str(tmp_path / "config.json"))
    (tmp_path / "config.json").write_text(json.dumps({key: {"noise": "srr"}}))
    shown = pytracer("info", "--config")
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert f"{key}.noise in " in shown.stderr
    assert "unknown noise model 'srr'; did you mean 'sr'" in shown.stderr
    (tmp_path / "config.json").write_text(json.dumps({key: {"noise": "verificarlo"}}))
    assert pytracer("info", "--config").returncode == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("srr", "did you mean 'sr'"),
        ("env:A=b+c", "or put the value in double quotes where the + belongs to it"),
        ("sr:mod=random", "did you mean 'mode'"),
        ("sr+verrou", "'sr' and 'verrou' do not compose"),
        ("env:prefix=no-such-command {sample}", "the command 'no-such-command' of its prefix is not found"),
        ("verrou:exclude=no-such-file", "no file 'no-such-file'"),
        ("verificarlo", "built by Verificarlo"),
    ],
)
@pytest.mark.parametrize("verb", [("run",), ("trace", "--command")])
def test_what_cannot_be_is_refused_before_anything_runs(
    pytracer: Pytracer, tmp_path: Path, text: str, words: str, verb: tuple[str, ...]
) -> None:
    (tmp_path / "script.py").write_text("open('ran', 'w')")
    shown = pytracer(verb[0], "--noise", text, *verb[1:], "script.py")
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert words in shown.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_verrou_is_driven_when_it_is_there(pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for valgrind notes its command and runs the rest of it: all is real but the tool."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "valgrind").write_text(VALGRIND.format(python=sys.executable, log=str(tmp_path / "log")))
    (folder / "valgrind").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    code = "import os\ndef f(): return 1 + int(os.environ.get('STAND_IN_SEED', 0)) * 2.0**-70\nf()"
    found = report(pytracer("run", "-n", 3, "--json", "--noise", "verrou:mode=average", "-c", code))
    commands = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert len(commands) == 3
    seeds = set()
    for command in commands:
        options = dict(word.removeprefix("--").split("=", 1) for word in command if word.startswith("--"))
        assert (options["tool"], options["rounding-mode"], options["trace-children"]) == ("verrou", "average", "yes")
        assert "_Py_dg_strtod *" in Path(options["exclude"]).read_text().splitlines()
        assert command[-4:-1] == ["-P", "-m", "pytracer.trace.child"]
        seeds.add(options["vr-seed"])
    assert len(seeds) == 3
    assert found["verdict"] == "measured"
    [function] = found["functions"]
    assert 20 < function["output_bits"]["min"] < 45
    assert found["noise"]["models"] == ["verrou:mode=average"]
    assert "libm" in found["noise"]["missing"][0]
    assert found["explanations"] == []
    reference, *others = metas(tmp_path)
    assert reference["noise"]["model"] == "none"
    assert {meta["noise"]["settings"]["verrou"] for meta in others} == {
        f"--rounding-mode=average --vr-seed={seed}" for seed in seeds
    }


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind on this machine")
def test_calls_are_recorded_under_valgrind(pytracer: Pytracer, tmp_path: Path) -> None:
    shown = pytracer(
        "run",
        "-n",
        2,
        "--json",
        "--noise",
        "env:prefix=valgrind --tool=none -q",
        "-c",
        "def f(x): return x / 3\nf(1.0)",
    )
    found = report(shown)
    assert found["verdict"] == "measured"
    assert [(sample["status"], sample["calls"]) for sample in found["samples"]] == [
        ("reference", 1),
        ("measured", 1),
        ("measured", 1),
    ]


def test_doctor(pytracer: Pytracer) -> None:
    shown = pytracer("doctor")
    assert (shown.returncode, shown.stderr) == (0, "")
    found = json.loads(pytracer("doctor", "--json").stdout)
    assert [model["name"] for model in found["models"]] == list(MODELS)
    states = {model["name"]: model["state"] for model in found["models"]}
    assert {states["none"], states["env"]} == {"available"}
    for name, state in states.items():
        assert f"    {name:12} {state}" in shown.stdout
    for model in found["models"]:
        assert model["reason"] in shown.stdout
        assert bool(model["reason"]) == (model["state"] != "available")
        assert all(part["text"] for part in model["parts"])
    [rounding] = [model for model in found["models"] if model["name"] == "sr"]
    assert {"name": f"NumPy {found['numpy']}", "available": True}.items() <= rounding["parts"][0].items()


def test_doctor_without_what_models_need(pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    states = {
        model["name"]: (model["state"], model["reason"])
        for model in json.loads(pytracer("doctor", "--json").stdout)["models"]
    }
    assert states["verrou"][0] == "not available"
    assert "no valgrind on PATH" in states["verrou"][1]
    assert states["platform"][0] == "partly"
    assert "PYTHONHASHSEED is set" in states["platform"][1]
