"""The script that finds the other Pythons accepts only those that run and can build."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def pythons() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pythons", ROOT / "tools" / "pythons.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_versions_are_those_of_the_project(pythons: ModuleType) -> None:
    assert f"3.{sys.version_info.minor}" in pythons.supported_versions()


def test_accepts_this_python_as_its_own_version_only(pythons: ModuleType) -> None:
    version = f"3.{sys.version_info.minor}"
    assert pythons.works(Path(sys.executable), version)
    assert not pythons.works(Path(sys.executable), "3.99")


def test_refuses_a_shim_that_does_not_run(pythons: ModuleType, tmp_path: Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'not activated' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert not pythons.works(shim, "3.12")
    assert not pythons.works(tmp_path / "missing", "3.12")


def test_never_offers_the_running_version(pythons: ModuleType) -> None:
    assert f"3.{sys.version_info.minor}" not in dict(pythons.other_pythons())
