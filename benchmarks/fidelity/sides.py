"""The sides of the comparison; each gives, for each kernel, the floats of its result in N samples, shape (N, M)."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from kernel import Kernel, numbers_in
from numpy.typing import NDArray
from rounding import rounded, seed

SAMPLER = Path(__file__).with_name("sampler.py")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Samples = dict[str, NDArray[np.float64]]
Command = Callable[[int], list[str]]


def reference(kernels: Iterable[Kernel], samples: int) -> Samples:
    """Every operation rounded at random, by software."""
    return {kernel.name: np.stack(list(_emulated(kernel, samples))) for kernel in kernels}


def _emulated(kernel: Kernel, samples: int) -> Iterator[NDArray[np.float64]]:
    inputs = rounded(kernel.inputs())
    for sample in range(1, samples + 1):
        seed(sample)
        yield numbers_in(kernel.emulate(inputs))


def traced(kernels: Sequence[Kernel], samples: int) -> Samples:
    """The noise model `sr`, as a user asks for it: each sample is a traced process that runs all programs."""
    options = ["--noise", "sr", "--seed", "1", "--limit", "1 MB"]
    return _processes(
        kernels,
        samples,
        lambda sample: [
            sys.executable, "-m", "pytracer", "trace", *options, "--sample", str(sample), "--command",
        ],
    )  # fmt: skip


def verrou(kernels: Sequence[Kernel], samples: int) -> Samples | None:
    """Verrou rounds each operation of the whole process at random; None where Valgrind has no such tool."""
    if not has_verrou():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as excluded:
        excluded.write("\n".join(exclusions()) + "\n")
        excluded.flush()
        options = ["--tool=verrou", "--rounding-mode=random", f"--exclude={excluded.name}"]
        return _processes(
            kernels, samples, lambda sample: ["valgrind", *options, f"--vr-seed={sample}", sys.executable]
        )


def has_verrou() -> bool:
    """Whether Valgrind is there and starts the tool."""
    if shutil.which("valgrind") is None:
        return False
    return subprocess.run(["valgrind", "--tool=verrou", "--version"], capture_output=True, check=False).returncode == 0


def exclusions() -> list[str]:
    """What Verrou leaves to nearest, as `function object`: libm, which breaks otherwise, and Python's float parser."""
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}
    mathematics = [f"* {path}" for path in sorted(mapped) if Path(path).name.startswith(("libm.", "libm-"))]
    python = [path for path in sorted(mapped) if Path(path).name.startswith(("python3", "libpython3"))]
    return [*mathematics, *(f"{function} {path}" for path in python for function in ("_Py_dg_strtod", "_Py_dg_dtoa"))]


def _processes(kernels: Sequence[Kernel], samples: int, command: Command) -> Samples:
    """Run the programs in a process for each sample."""
    with tempfile.TemporaryDirectory(prefix="fidelity-") as name:
        folder = Path(name)
        inputs = folder / "inputs.pickle"
        inputs.write_bytes(pickle.dumps({kernel.name: kernel.inputs() for kernel in kernels}))
        files = [folder / f"{sample}.npz" for sample in range(1, samples + 1)]
        for sample, file in enumerate(files, 1):
            words = [*command(sample), SAMPLER, inputs, file]
            done = subprocess.run(words, cwd=folder, env=os.environ | ONE_THREAD, capture_output=True, check=False)
            if done.returncode != 0:
                sys.exit(f"fidelity: sample {sample} ended with status {done.returncode}:\n{done.stderr.decode()}")
        return _stacked(files)


def _stacked(files: Iterable[Path]) -> Samples:
    results = [dict(np.load(file)) for file in files]
    return {name: np.stack([result[name] for result in results]) for name in results[0]}
