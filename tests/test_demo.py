"""The demo as a user runs it: measured bits put each unstable formulation above its stable twin, whatever the seed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parent.parent / "examples" / "demo.py"
PAIRS = {
    "spread_by_covariance_unstable": "spread_by_svd_stable",
    "fit_by_normal_equations_unstable": "fit_by_lstsq_stable",
    "variance_by_squares_unstable": "variance_by_deviations_stable",
    "small_root_by_formula_unstable": "small_root_by_product_stable",
    "log_growth_by_log_unstable": "log_growth_by_log1p_stable",
    "weibull_shape_by_likelihood_unstable": "weibull_shape_by_score_stable",
}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2026))])
def test_unstable_formulations_rank_above_their_stable_twins(seed: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytracer", "run", "--json", "--seed", str(seed), "--jobs", "2", str(DEMO)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "measured"
    order = {row["function"].removeprefix("__main__."): (rank, row) for rank, row in enumerate(report["functions"])}
    for unstable, stable in PAIRS.items():
        (rank, row), (twin_rank, twin) = order[unstable], order[stable]
        assert rank < twin_rank, unstable
        assert row["bits_lost"] >= twin["bits_lost"] + 5, unstable
        assert row["output_bits"]["min"] <= twin["output_bits"]["min"] - 5, unstable


def test_every_pair_of_the_demo_is_tested() -> None:
    names = {line[4:].partition("(")[0] for line in DEMO.read_text().splitlines() if line.startswith("def ")}
    assert {name for name in names if name.endswith(("_stable", "_unstable"))} == {*PAIRS, *PAIRS.values()}
