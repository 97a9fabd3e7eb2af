"""The eight classical pathologies: on fixed inputs the unstable twin loses at least 5 bits more than the stable one."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "pathologies"
SCRIPTS = sorted(FOLDER.glob("*.py"))


def pairs(script: Path) -> list[tuple[str, str]]:
    """Unstable and stable twins, in the order in which the script defines them."""
    names = re.findall(r"^def (\w+_(?:un)?stable)\(", script.read_text(), re.MULTILINE)
    return list(zip(names[::2], names[1::2], strict=True))


def report(script: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "pytracer", "run", "--json", "--samples", "8", "--jobs", "2", str(script)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def test_there_are_eight() -> None:
    assert len(SCRIPTS) == 8
    for script in SCRIPTS:
        for unstable, stable in pairs(script):
            assert unstable.endswith("_unstable"), script
            assert stable.endswith("_stable"), script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_unstable_twin_loses_five_bits_more(script: Path, tmp_path: Path) -> None:
    rows = {row["function"].removeprefix("__main__."): row for row in report(script, tmp_path)["functions"]}
    order = list(rows)
    for unstable, stable in pairs(script):
        assert order.index(unstable) < order.index(stable)
        assert None not in (rows[unstable]["bits_lost"], rows[stable]["bits_lost"]), "a twin was not perturbed"
        assert rows[unstable]["output_bits"]["min"] <= rows[stable]["output_bits"]["min"] - 5
        assert rows[unstable]["bits_lost"] >= rows[stable]["bits_lost"] + 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_twins_compute_the_same(script: Path) -> None:
    """Unperturbed they agree in the first digits: both formulate one problem."""
    shown = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    for line in shown.splitlines():
        unstable, stable = map(float, line.split())
        assert unstable == pytest.approx(stable, rel=0.05)
