"""Names of modules and functions are checked before anything runs, wherever they stand."""

from pathlib import Path

import pytest

from .conftest import Pytracer

SCRIPT = """
open('ran', 'w')
def kernel(x): return x / 3
class Model:
    def fit(self): return kernel(0.7)
kernel(0.7), Model().fit()
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(SCRIPT)


@pytest.mark.parametrize(
    "options",
    [
        ("--noise", "mca:only={}"),
        ("--noise", "rr:exclude={}"),
        ("--noise", 'platform+pb:only="numpy.a*,{}"'),
        ("--trace", "{}"),
        ("--exclude", "{}"),
    ],
)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kernel", "no module named 'kernel' (did you mean '__main__.kernel'?)"),
        ("kernl", "no module named 'kernl' (did you mean '__main__.kernel'?)"),
        ("Model.fit", "no module named 'Model' (did you mean '__main__.Model.fit'?)"),
        ("numpyy.add", "no module named 'numpyy' (did you mean 'numpy'"),
    ],
)
def test_a_name_that_does_not_exist(
    pytracer: Pytracer, tmp_path: Path, options: tuple[str, str], name: str, words: str
) -> None:
    shown = pytracer("run", options[0], options[1].format(name), "p.py")
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert words in shown.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["p.py"]


@pytest.mark.parametrize("words", [("-m", "p"), ("-c", SCRIPT)])
def test_what_modules_and_code_define(pytracer: Pytracer, words: tuple[str, ...]) -> None:
    shown = pytracer("run", "--noise", "mca:only=kernel", *words)
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
    assert "did you mean '__main__.kernel'?" in shown.stderr


def test_an_unknown_function_of_a_package(pytracer: Pytracer) -> None:
    shown = pytracer("trace", "--noise", "mca:only=numpy.linalg.slove", "--command", "p.py")
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
    assert "did you mean 'solve'" in shown.stderr


@pytest.mark.parametrize("names", ["__main__.kernel,numpy.add", "__main__.k*,nump?.add", "p*"])
def test_names_and_patterns_that_may_exist(pytracer: Pytracer, names: str) -> None:
    shown = pytracer("trace", "--noise", f"mca:only={names}", "--command", "p.py")
    assert shown.returncode == 0, shown.stderr
