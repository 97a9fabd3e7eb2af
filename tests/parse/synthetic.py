"""Synthetic traces of small programs, made with the reference writer."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.records.writer import LaneWriter, ProcessWriter, TraceWriter

NOISE = {"model": "sr", "seed": 11, "layers": ["numpy"], "missing": ["blas"]}
FILE = "/project/script.py"


class Program:
    """Records calls of one lane in short form."""

    def __init__(self, process: ProcessWriter, lane: LaneWriter) -> None:
        self.process = process
        self.lane = lane

    def call(
        self,
        name: str,
        *args: Any,
        result: Any = None,
        line: int = 1,
        noisy: int = 0,
        inside: Callable[[], None] | None = None,
        raises: bool = False,
        **kwargs: Any,
    ) -> None:
        """Call `name` from `line`; `inside` makes the calls within it; `noisy` counts its perturbations."""
        function = self.process.function("mod", name, file="/project/mod.py", line=1, params=("x", "y"))
        site = self.process.site(FILE, line)
        try:
            with self.lane.call(function, site, args, kwargs) as call:
                call.perturbations = noisy
                if inside:
                    inside()
                if raises:
                    raise ArithmeticError
                call.result(result)
        except ArithmeticError:
            pass


def write_trace(
    path: Path,
    body: Callable[[Program], None],
    sample: int,
    *,
    noise: dict[str, Any] | None = None,
    noisy_loops: int = 1,
) -> Path:
    """A trace with one lane, whose calls `body` makes."""
    perturbed = sample > 0
    model = noise if noise is not None else NOISE | {"seed": 11 + sample} if perturbed else {"model": "none"}
    with TraceWriter(path, sample=sample, noise=model, command=["script.py"], directory="/project") as trace:
        process = trace.process()
        if perturbed:
            process.counters["noisy_loops"] = noisy_loops
        body(Program(process, process.lane()))
    return path


def write_experiment(
    folder: Path, body: Callable[[Program, int], None], samples: int = 4, **options: Any
) -> list[Path]:
    """Sample 0 and `samples` - 1 perturbed ones; `body` gets the number of the sample."""
    return [
        write_trace(folder / f"{i}", lambda program, i=i: body(program, i), i, **options)  # type: ignore[misc]
        for i in range(samples)
    ]


def spread(bits: float, samples: int, seed: int = 0) -> np.ndarray:
    """Values around 1 with a relative spread of 2**-bits; the first is 1 itself."""
    noise = np.random.default_rng(seed).normal(size=samples)
    noise[0] = 0
    return 1 + 2.0**-bits * noise


def column(rows: Sequence[Any]) -> np.ndarray:
    return np.array(rows)
