"""Whole programs under noise: which files are perturbed, in which processes, and what the program sees of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

THIRD = "third = lambda: len({1.0 / x for x in (3.0, 7.0, 11.0, 13.0) for _ in range(40)}) > 4\n"
"""Whether divisions of this code are perturbed."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script, module or code in a traced process; `run.trace` is its trace."""

    def start(
        target: str,
        *args: str,
        model: str = "sr",
        kind: str = "script",
        options: tuple[str, ...] = (),
        names: tuple[str, ...] = (),
    ) -> Any:
        trace = tmp_path / f"trace-{model}-{len(list(tmp_path.glob('trace-*')))}"
        trace.mkdir()
        spec = {
            "trace": str(trace),
            "command": {"kind": kind, "target": target, "args": args},
            "noise": {"model": model, "seed": 3, "sample": int(model != "none")},
            "targets": {"trace": names, "exclude": [], "default": not names},
            "experiment": None,
            "sample": 1,
        }
        (trace / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, *options, "-P", "-m", "pytracer.trace.child", str(trace / "spec.json")]
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done: Any = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=120, cwd=tmp_path
        )
        done.trace = trace
        return done

    return start


def write(folder: Path, **sources: str) -> None:
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)


def events(done: Any) -> list[tuple[str, str]]:
    """Modules that were not rewritten, and why."""
    lines = [json.loads(line) for line in (done.trace / "process-0" / "coverage.jsonl").read_text().splitlines()]
    return [(line["name"], line["why"]) for line in lines if line["event"] == "not_rewritten"]


def test_own_modules_are_perturbed_and_others_are_not(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main="import package.inner, package, statistics, fractions\n"
        + THIRD
        + "print(third(), package.inner.third())\n"
        "print(statistics.mean([0.1, 0.2, 0.4]), fractions.Fraction(0.1))\n",
    )
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "inner.py").write_text(THIRD)
    (tmp_path / "package" / "__init__.py").write_text(THIRD)
    done = run(str(tmp_path / "main.py"))
    plain = subprocess.run([sys.executable, str(tmp_path / "main.py")], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["True True", plain.stdout.splitlines()[1]]
    assert plain.stdout.splitlines()[0] == "False False"
    assert run(str(tmp_path / "main.py"), model="none").stdout == plain.stdout


def test_the_cache_of_bytecode_holds_nothing_of_ours(run: Run, tmp_path: Path) -> None:
    write(tmp_path, main="import module\nprint(module.third(), module.__cached__ is not None)", module=THIRD)
    script = str(tmp_path / "main.py")
    assert run(script).stdout == "True True\n"
    assert not (tmp_path / "__pycache__").exists()
    assert run(script, model="none").stdout == "False True\n"
    [cached] = (tmp_path / "__pycache__").iterdir()
    content = cached.read_bytes()
    assert run(script).stdout == "True True\n"
    assert cached.read_bytes() == content


@pytest.mark.parametrize("kind", ["module", "code"])
def test_other_ways_to_start(kind: str, run: Run, tmp_path: Path) -> None:
    write(tmp_path, program=THIRD + "print(third())")
    target = {"module": "program", "code": "import program\n" + THIRD + "print(third())"}[kind]
    done = run(target, kind=kind)
    assert set(done.stdout.split()) == {"True"}, done.stderr


def test_a_package_is_perturbed_from_its_first_import(run: Run, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    write(
        tmp_path / "package",
        __init__="import sys\nprint(sys.argv, getattr(sys.modules['__main__'], '__file__', None))\n"
        "from package.core import third\n",
        core=THIRD,
        __main__="import sys\nfrom package import third\nprint(third(), __package__, sys.argv[0] == __file__)\n",
    )
    done = run("package", "3", kind="module")
    assert done.stdout.splitlines() == ["['-m', '3'] None", "True package True"], done.stderr
    assert events(done) == []


def test_a_package_that_fails_fails_as_in_python(run: Run, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", __init__="raise ValueError('no')\n", __main__="")
    done = run("package", kind="module")
    lines = done.stderr.splitlines()
    assert (done.returncode, lines[0], lines[-1]) == (1, "Traceback (most recent call last):", "ValueError: no")
    assert "child.py" not in done.stderr


def test_modules_from_elsewhere_are_listed(run: Run, tmp_path: Path) -> None:
    for folder in ("program", "library"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "library", elsewhere=THIRD)
    write(
        tmp_path / "program",
        main=f"import sys\nsys.path.append({str(tmp_path / 'library')!r})\nimport elsewhere\nprint(elsewhere.third())\n",
    )
    done = run("program/main.py")
    assert done.stdout == "False\n", done.stderr
    ((name, why),) = events(done)
    assert name == "elsewhere"
    assert "neither beside the program nor installed" in why


def test_a_loader_that_changes_the_source_keeps_its_way(run: Run, tmp_path: Path) -> None:
    write(tmp_path, rates="RATE = 1\ndef f(x): return RATE * x\n")
    write(
        tmp_path,
        main="""
import importlib.machinery, importlib.util
class Loader(importlib.machinery.SourceFileLoader):
    def source_to_code(self, data, path, *, _optimization=-1):
        return super().source_to_code(data.replace(b"RATE * x", b"RATE * x * 1000"), path)
spec = importlib.util.spec_from_loader("rates", Loader("rates", "rates.py"))
rates = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rates)
print(rates.f(2.0))
""",
    )
    assert run("main.py").stdout == "2000.0\n"


def test_what_was_not_rewritten_is_listed(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main="import os, sys, zipfile\nimport own\n"
        "with zipfile.ZipFile('zipped.zip', 'w') as file: file.writestr('inside.py', 'x = 1')\n"
        "sys.path.append(os.path.abspath('zipped.zip'))\nimport inside, without_source\n",
        own="",
        without_source="x = 1.5",
    )
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-b", "without_source.py"], check=True, cwd=tmp_path)
    (tmp_path / "without_source.py").unlink()
    done = run(str(tmp_path / "main.py"))
    assert done.stderr == ""
    assert [(name, why.split(":")[0]) for name, why in events(done)] == [
        ("inside", "it was not loaded by Python's own import of source files"),
        ("without_source", "its source is not there"),
    ]


FAILING = [
    "import broken\n",
    "import failing\n",
    "def f(x):\n    return (x\n            + 'text')\nfor i in range(3): f(i * 0.5)\n",
    "import warnings\nassert (1, 'x')\nx = 1.0 + 2\nwarnings.warn('own', stacklevel=1)\nraise SystemExit(x / 0)\n",
    "try:\n    1.0 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError(error.args * 2) from error\n",
    "def g(n):\n    n += 1.5\n    return g(n) * 2\ng(0)\n",
]


@pytest.mark.parametrize("source", FAILING)
def test_standard_error_is_that_of_python(source: str, run: Run, tmp_path: Path) -> None:
    write(tmp_path, main=source, broken="x = 1\ny = (1 +\n", failing="'''Docs.'''\nx = 0.5\nx /= x - 0.5\n")
    plain = subprocess.run(
        [sys.executable, str(tmp_path / "main.py")], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    done = run(str(tmp_path / "main.py"))
    assert done.stderr == run(str(tmp_path / "main.py"), model="none").stderr
    if "g(n)" not in source:  # where the recursion ends depends on how deep the program began
        assert done.stderr == plain.stderr
    assert done.returncode == plain.returncode


def test_options_and_warnings(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main="assert False\nx: int = 1 is 1\nprint(__debug__, [x * 0.5 for x in (1.0, 2.0)], (lambda: 'd').__doc__)\n"
        "def f():\n    'docs'\nprint(f.__doc__)\n",
    )
    done = run(str(tmp_path / "main.py"), options=("-OO", "-W", "always"))
    assert done.stdout == "False [0.5, 1.0] None\nNone\n"
    assert done.stderr.count("SyntaxWarning") == 1


SEEN = (
    THIRD
    + """
import copy, dis, doctest, inspect, pickle, sys
def f(x: float = 1.0 + 2) -> "float":
    '''Docs.

    >>> f(1.0)
    1.5
    '''
    x += 0.5
    return x
class C:
    a = 1.0
    a *= 2
    def __init__(self): self.__p = 1.5
    def add(self): self.__p += 1; return self.__p
print(third())
print(inspect.getsource(f), inspect.signature(f), f.__defaults__, f.__code__.co_names, f.__code__.co_varnames)
print(sorted(dir()), sorted(vars(C)), C().add(), vars(C()))
print(doctest.testmod(), copy.deepcopy(f) is f, pickle.loads(pickle.dumps(f)) is f)
print([each for each in sys.modules if "pytracer.noise" in each and hasattr(sys.modules[__name__], each)])
"""
)


def test_what_the_program_sees_of_itself(run: Run, tmp_path: Path) -> None:
    write(tmp_path, main=SEEN)
    done, plain = run(str(tmp_path / "main.py")), run(str(tmp_path / "main.py"), model="none")
    assert done.stderr == plain.stderr == ""
    first, *rest = done.stdout.splitlines()
    assert first == "True"
    assert rest == plain.stdout.splitlines()[1:]


POOLS = (
    "import multiprocessing, sys, functools\n"
    + THIRD
    + """
def work(x): return third()
def divide(x, by): return x / by
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(work, [1, 2, 3]))
        print(len(set(pool.map(functools.partial(divide, 1.0), [3.0] * 20))))
"""
)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes_are_perturbed(method: str, run: Run, tmp_path: Path) -> None:
    write(tmp_path, main=POOLS)
    done = run(str(tmp_path / "main.py"), method)
    assert done.stderr == ""
    assert done.stdout == "[True, True, True]\n2\n"
    assert run(str(tmp_path / "main.py"), method, model="none").stdout == "[False, False, False]\n1\n"


def test_loky_and_cloudpickle(run: Run, tmp_path: Path) -> None:
    """Functions of the script travel as code objects, and are perturbed where they arrive."""
    pytest.importorskip("joblib")
    pytest.importorskip("cloudpickle")
    source = THIRD + (
        "import cloudpickle, joblib\n"
        "def work(i):\n    total = 0.5\n    total += i\n    box = [total]\n    box[0:1] *= 2\n    return third(), box\n"
        "if __name__ == '__main__':\n"
        "    print(joblib.Parallel(n_jobs=2)(joblib.delayed(work)(i) for i in range(3)))\n"
        "    again = cloudpickle.loads(cloudpickle.dumps(work))\n    print(again(1), again is work)\n"
    )
    write(tmp_path, main=source)
    done = run(str(tmp_path / "main.py"))
    assert done.stderr == ""
    expected = "[(True, [0.5, 0.5]), (True, [1.5, 1.5]), (True, [2.5, 2.5])]\n(True, [1.5, 1.5]) False\n"
    assert done.stdout == expected


def test_numba_compiles_the_unchanged_source(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    source = THIRD + (
        "import numba\n"
        "def plain(n):\n    s = 0.0\n    for i in range(n):\n        s += i / 3.0\n    return s\n"
        "compiled = numba.njit(plain)\n"
        "@numba.njit\ndef closed(n):\n    add = lambda x: x + 0.1\n    return add(n) + compiled(3)\n"
        "@numba.vectorize\ndef twice(x):\n    return 2 * x + 1\n"
        "print(third(), compiled(100), closed(2.0), twice(1.5))\n"
        "print(len({plain(100) for _ in range(20)}) > 1)\n"
    )
    write(tmp_path, main=source)
    done, plain = run(str(tmp_path / "main.py")), run(str(tmp_path / "main.py"), model="none")
    assert done.stdout.replace("True ", "False ", 1).replace("True", "False") == plain.stdout, done.stderr


def test_sums_and_math(run: Run, tmp_path: Path) -> None:
    source = """
import cmath, json, math, random
def many(f): return len({f() for _ in range(60)})
values = [0.1 * k for k in range(1, 40)]
print(many(lambda: sum(values)), many(lambda: sum(values, start=0.5)), many(lambda: sum([v * 1j for v in values])) > 1)
print(sum([1, 2, 3]), sum([1.5, 2.5], 1), sum([[1], [2]], []), sum([]), sum([2**70, 0.5]) >= 2.0**70, sum([True, 0.5]))
print([many(f) for f in (lambda: math.sin(1.0), lambda: math.sqrt(2.0), lambda: math.exp(0.5), lambda: math.log(3))])
print(many(lambda: math.pow(1.1, 3)), many(lambda: cmath.exp(1 + 2j)) > 1, many(lambda: math.hypot(1.1, 2.3)) > 1)
print(math.sqrt(4), math.pow(2, 10), math.exp(0), math.sin(0.0), math.hypot(3, 4), cmath.sqrt(-4), math.log(1))
print(math.fsum(values), math.floor(2.5), math.fmod(7.5, 2.1), round(2.675, 2), json.loads("0.1"), float("0.1"), "%.3f" % 2.5)
random.seed(3)
print(random.gauss(0, 1), random.random(), random.expovariate(1.5))
for bad in (lambda: sum(1), lambda: sum(["a"], ""), lambda: sum(["a"]), lambda: sum(), lambda: math.sqrt(-1), lambda: sum([1.5, "a"])):
    try: bad()
    except Exception as error: print(type(error).__name__, error)
"""
    write(tmp_path, main=source)
    done, plain = run(str(tmp_path / "main.py")), run(str(tmp_path / "main.py"), model="none")
    assert (done.stderr, plain.stderr) == ("", "")
    noisy, quiet = done.stdout.splitlines(), plain.stdout.splitlines()
    assert noisy[4:] == quiet[4:]
    assert noisy[1] == quiet[1]
    counts = [int(word.strip("[],")) for word in (noisy[0].rsplit(" ", 1)[0] + " " + noisy[2]).split()]
    assert all(count > 1 for count in counts)
    assert noisy[0].endswith("True")
    assert noisy[3] == f"{noisy[3].split()[0]} True True"
    assert set(quiet[0].split()) == {"1", "False"}


def test_the_seed_decides_whatever_is_traced(run: Run, tmp_path: Path) -> None:
    source = """
import math, threading
import numpy as np
def step(x, y): return x * 0.7 + y / 3.0, y - x * 0.1
def simulate(n, x=0.1, y=0.2):
    for _ in range(n): x, y = step(x, y)
    return x, y, sum([x] * 5) / 7, math.sin(x), float(np.float64(x) * y), float(np.float32(x) / np.float32(3))
found = {}
def work(name): found[name] = simulate(50)
for name in ("a", "b"):
    thread = threading.Thread(target=work, args=(name,)); thread.start(); thread.join()
print(repr(simulate(50)), found)
assert found["a"] != found["b"] != simulate(50)
"""
    write(tmp_path, main=source)
    script = str(tmp_path / "main.py")
    outputs = [
        run(script),
        run(script),
        run(script, names=("__main__", "numpy", "math")),
        run(script, names=("numpy",)),
    ]
    assert [each.stderr for each in outputs] == [""] * 4
    assert len({each.stdout for each in outputs}) == 1
    assert run(script, model="none").returncode == 1  # nothing differs


def test_counts(run: Run, tmp_path: Path) -> None:
    from pytracer.records.reader import Trace

    write(
        tmp_path,
        main="def f(x):\n    return x * 0.3 + 1\ndef g(x):\n    return f(x) / f(2 * x)\nfor _ in range(5): g(0.7)\n",
    )
    done = run(str(tmp_path / "main.py"))
    trace = Trace.open(done.trace)
    assert trace.counters()["noisy_scalars"] == 5 * 6
    assert 0 < trace.counters()["inexact_scalars"] < 5 * 6
    [(process, lane)] = trace.lanes()
    names = [process.functions.get(int(call["function"])).name for call in lane.calls]  # type: ignore[union-attr]
    found = list(zip(names, lane.calls["perturbations"].tolist(), strict=True))
    assert found == [("g", 6), ("f", 2), ("f", 2)] * 5
