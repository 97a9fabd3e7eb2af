"""A test suite under noise: pytest compiles test modules itself unless it is told not to (docs/noise.md)."""

import json
from pathlib import Path

import pytest

from .conftest import Pytracer

MODULE = """
def third(x): return x / 3 + 0.1
def test_third(): assert third(0.7) > 0
"""


@pytest.mark.parametrize(("option", "perturbed"), [("--assert=rewrite", False), ("--assert=plain", True)])
def test_modules_that_pytest_rewrites(pytracer: Pytracer, tmp_path: Path, option: str, perturbed: bool) -> None:
    (tmp_path / "test_it.py").write_text(MODULE)
    words = ("run", "-n", 2, "--json", "-m", "pytest", "-q", "-p", "no:cacheprovider", option, "test_it.py")
    report = json.loads(pytracer(*words).stdout)
    alone = [entry for entry in report["coverage"]["ledger"] if entry["event"] == "not_rewritten"]
    assert ("test_it" not in {each["name"] for entry in alone for each in entry["names"]}) == perturbed
    assert (report["noise"]["counts"]["noisy_scalars"] > 0) == perturbed
