"""Modules are found without being imported."""

import sys
from pathlib import Path

import pytest

from pytracer.errors import UsageError
from pytracer.trace.names import ModuleFinder, check_targets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package and a module that say when they are imported."""
    package = tmp_path / "mypackage"
    (package / "inner").mkdir(parents=True)
    for path in (package / "__init__.py", package / "inner" / "__init__.py", package / "inner" / "leaf.py"):
        path.write_text("raise RuntimeError('imported')\n")
    (tmp_path / "mymodule.py").write_text("raise RuntimeError('imported')\n")
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


def test_targets_are_checked_by_their_first_part(folder: Path) -> None:
    check_targets(["numpy.linalg.no_such_function", "mypackage", "mymodule.f", "__main__.f"], folder)
    with pytest.raises(UsageError, match=r"no module named 'mymodul' \(did you mean 'mymodule'"):
        check_targets(["mymodul.f"], folder)
    with pytest.raises(UsageError, match="is not the name of a module"):
        check_targets(["numpy."], folder)
