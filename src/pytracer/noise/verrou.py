"""Verrou: each floating-point instruction of the process rounded at random, under Valgrind.

Févotte, Lathuilière: Debugging and optimization of HPC programs with the Verrou tool, Correctness 2019. It is a tool
for Valgrind that is installed apart; nothing else than its own operations is perturbed then.
"""

import shutil
from pathlib import Path

from pytracer import _native
from pytracer.noise.commands import short_seed
from pytracer.noise.model import Availability, Description, NoiseModel
from pytracer.noise.options import TEXT, Option, choice

ANSWER_SECONDS = 20.0

EXCLUDED_FUNCTIONS = {
    "_Py_dg_strtod": "reads decimals: a literal must be the nearest float",
    "bigcomp": "part of reading decimals",
    "b2d": "part of reading and printing decimals",
    "d2b": "part of reading and printing decimals",
    "ratio": "part of reading decimals",
    "sulp": "part of reading decimals",
    "_Py_dg_dtoa": "prints the shortest decimal that reads back as the same float",
    "_Py_HashDouble": "equal numbers must have equal hashes",
    "math_fsum": "is exact by error-free sums, which another rounding breaks",
    "_PyTime_AsSecondsDouble": "the time is input",
}
"""Functions of Python that break under another rounding, wherever they are -> why."""

EXCLUDED_LIBRARIES = {
    "libm": "returns the nearest float by means that assume round-to-nearest: rounded at random it is wrong by far",
    "libmvec": "likewise",
    "libquadmath": "likewise",
    "libgcc_s": "likewise",
    "ld-linux": "computes the size of hash tables in floats",
}
"""Libraries, by the first part of their names -> why none of their functions is perturbed."""


class Verrou(NoiseModel):
    """Puts `valgrind --tool=verrou` before the command."""

    name = "verrou"
    OPTIONS = (
        Option(
            "mode",
            choice(
                *("random", "average", "random_det", "average_det", "random_comdet", "average_comdet"),
                *("upward", "downward", "toward_zero", "farthest", "float"),
            ),
            "random",
            "its --rounding-mode; those that are not random are the same in each sample",
        ),
        Option("exclude", TEXT, "", "a file of further exclusions, `function library` in each line"),
    )

    def __init__(self, *, mode: str = "random", exclude: str = "") -> None:
        self._mode = mode
        self._exclude = exclude

    def availability(self) -> Availability:
        """Asks Valgrind for the tool."""
        import subprocess  # not in the traced process

        if self._exclude and not Path(self._exclude).is_file():
            return Availability(False, f"there is no file {self._exclude!r} of exclusions")
        valgrind = shutil.which("valgrind")
        if valgrind is None:
            return Availability(False, "no valgrind on PATH; install Verrou, https://github.com/edf-hpc/verrou")
        try:
            command = [valgrind, "--tool=verrou", "--version"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Availability(False, f"{valgrind} does not answer: {error}")
        if done.returncode != 0:
            return Availability(False, f"{valgrind} has no tool verrou; install https://github.com/edf-hpc/verrou")
        return Availability(True)

    def prefix(self, seed: int, sample: int, folder: str) -> list[str]:
        """Writes the exclusions into the folder; what Valgrind says goes there, too."""
        exclusions = Path(folder, "verrou-exclude.txt")
        exclusions.write_text("".join(f"{line}\n" for line in self._exclusions()))
        log = str(Path(folder, "valgrind.")).replace("%", "%%")  # Valgrind has places such as %p of its own
        return [
            *("valgrind", "--tool=verrou", "--trace-children=yes", f"--log-file={log}%p.txt"),
            *(f"--rounding-mode={self._mode}", f"--vr-seed={short_seed(seed, sample)}", f"--exclude={exclusions}"),
        ]

    def settings(self, seed: int, sample: int) -> dict[str, str]:
        """Mode and seed."""
        return {"verrou": f"--rounding-mode={self._mode} --vr-seed={short_seed(seed, sample)}"}

    def describe(self) -> Description:
        """All but what is excluded."""
        excluded = [*EXCLUDED_LIBRARIES, *EXCLUDED_FUNCTIONS, *([self._exclude] if self._exclude else [])]
        return {
            "model": self.name,
            "layers": [f"each floating-point instruction, rounded by Verrou ({self._mode})"],
            "missing": [f"excluded from it: {', '.join(excluded)}", "x87 instructions (long double)"],
        }

    def _exclusions(self) -> list[str]:
        """Lines of the file: function and library, `*` for any."""
        lines = [f"{name} *" for name in EXCLUDED_FUNCTIONS]
        import math  # noqa: F401  it may be what loads libm

        from pytracer.noise.machine import loaded_files  # not in the traced process

        # Those of the traced Python are the same, by the names that Valgrind sees.
        lines += [f"* {path}" for path in loaded_files() if _is_excluded(Path(path).name)]
        lines.append(f"* {_native.__file__}")  # the tool's own arithmetic
        if self._exclude:
            lines += [line.strip() for line in Path(self._exclude).read_text().splitlines() if line.strip()]
        return lines


def _is_excluded(name: str) -> bool:
    return any(name.startswith((f"{library}.", f"{library}-")) for library in EXCLUDED_LIBRARIES)
