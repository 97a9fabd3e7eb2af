"""Modules are found without being imported."""

import os
import re
import sys
from pathlib import Path

import pytest

from pytracer.errors import UsageError
from pytracer.trace.names import ModuleFinder, check_names

MODULE = """
import numpy as np
raise RuntimeError('imported')
def f(): pass
if np:
    def later(): pass
class Shape:
    def area(self): pass
SIZE = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package and a module that say when they are imported."""
    package = tmp_path / "mypackage"
    (package / "inner").mkdir(parents=True)
    for path in (package / "__init__.py", package / "inner" / "__init__.py", package / "inner" / "leaf.py"):
        path.write_text("raise RuntimeError('imported')\n")
    (tmp_path / "mymodule.py").write_text(MODULE)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["mypackage", "mypackage.inner", "mypackage.inner.leaf", "mymodule", "json.tool", "sys", "numpy.linalg"]
)
def test_finds(folder: Path, name: str) -> None:
    spec = ModuleFinder([folder]).find(name)
    assert spec is not None
    assert spec.name == name
    assert not any(module.startswith(("mypackage", "mymodule")) for module in sys.modules)


@pytest.mark.parametrize("name", ["mypackage.outer", "mymodule.function", "json.tools", "no_such_module"])
def test_does_not_find(folder: Path, name: str) -> None:
    assert ModuleFinder([folder]).find(name) is None


def test_near_names(folder: Path) -> None:
    finder = ModuleFinder([folder])
    assert finder.near("mypakcage.inner") == " (did you mean 'mypackage'?)"
    assert "'numpy'" in finder.near("nunpy")
    assert finder.near("mypackage.outer") == ""
    assert finder.near("xqzw") == ""


@pytest.mark.parametrize(
    "name",
    "numpy numpy.linalg.solve numpy.ndarray.sum math.sin mypackage.inner __main__.f mymodule.f mymodule.later "
    "mymodule.Shape.area mymodule.np mymodule.SIZE".split(),
)
def test_targets_that_exist(folder: Path, name: str) -> None:
    check_names([name], folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mymodul.f", "no module named 'mymodul' (did you mean 'mymodule'?)"),
        ("numpy.", "'numpy.' is not the name of a module"),
        ("numpy.linalg.slove", "no 'numpy.linalg.slove': 'slove' is not there; did you mean 'solve'"),
        ("numpy.ndarray.smu", "no 'numpy.ndarray.smu': 'smu' is not there; did you mean 'sum'"),
        ("mymodule.latter", "no 'mymodule.latter': 'latter' is not there; did you mean 'later'?"),
        ("mymodule.Shape.aera", "no 'mymodule.Shape.aera': 'aera' is not there; did you mean 'area'?"),
        ("mypackage.qqq", "no 'mypackage.qqq': 'qqq' is not there; see what 'mypackage' defines"),
    ],
)
def test_targets_that_do_not_exist(folder: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        check_names([name], folder)


def test_a_star_import_may_define_anything(folder: Path) -> None:
    (folder / "star.py").write_text("from numpy import *\n")
    check_names(["star.sin"], folder)


def test_an_installed_module_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.py").write_text("raise ImportError('no licence')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="cannot import 'broken' to look for 'f': ImportError: no licence; "):
        check_names(["broken.f"], tmp_path / "elsewhere")
