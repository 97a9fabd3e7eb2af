"""NumPy under stochastic rounding: in this process for a moment, or a whole traced process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytracer import _native

UFUNCS = [each for each in vars(np).values() if type(each) is np.ufunc]


@contextmanager
def stochastic_loops(seed: int, nearness: bool = False) -> Iterator[None]:
    """NumPy's own inner loops are back at the end, whatever happens."""
    _native.numpy_loaded()
    _native.start_noise(seed, False, nearness)
    _native.install_loops(UFUNCS)
    try:
        yield
    finally:
        _native.stop_noise()


@pytest.fixture(scope="session")
def noisy() -> Callable[[int], AbstractContextManager[None]]:
    """`with noisy(seed):` NumPy's loops round at random."""
    return stochastic_loops


@pytest.fixture(scope="session")
def noisy_to_nearness() -> Callable[[int], AbstractContextManager[None]]:
    """`with noisy_to_nearness(seed):` the nearer neighbour is the likelier one."""
    return partial(stochastic_loops, nearness=True)


@pytest.fixture(scope="session", params=[False, True], ids=["random", "nearness"])
def noisy_either_way(request: pytest.FixtureRequest) -> Callable[[int], AbstractContextManager[None]]:
    """What holds for both ways to round."""
    return partial(stochastic_loops, nearness=request.param)


@pytest.fixture
def traced(tmp_path: Path) -> Callable[..., str]:
    """What code prints in a traced process: sample `sample` of `seed` under `model`."""

    def run(code: str, model: str = "sr", seed: int = 1, sample: int = 1, **targets: list[str]) -> str:
        trace = tmp_path / f"trace{len(list(tmp_path.iterdir()))}"
        trace.mkdir()
        spec: dict[str, Any] = {
            "trace": str(trace),
            "command": {"kind": "code", "target": code, "args": []},
            "noise": {"model": model, "seed": seed, "sample": sample},
            "targets": {"trace": [], "exclude": [], "default": not targets} | targets,
            "experiment": None,
            "sample": sample,
        }
        (trace / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, "-P", "-m", "pytracer.trace.child", str(trace / "spec.json")]
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
