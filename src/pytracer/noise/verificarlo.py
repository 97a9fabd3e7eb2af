"""Verificarlo: Monte Carlo arithmetic in a Python, NumPy or SciPy that its compiler has built, as in the Fuzzy images.

Denis, de Oliveira Castro, Petit: Verificarlo: checking floating point accuracy through Monte Carlo Arithmetic, ARITH
2016. Such a build reads VFC_BACKENDS; any other ignores it, so it is only driven where one is found.
"""

from pytracer.noise.commands import short_seed
from pytracer.noise.model import Availability, Description, NoiseModel
from pytracer.noise.options import Option, choice, integer

LIBRARIES = ("libinterflop", "libvfcinstrument")
"""Parts of the names of libraries that a program built by Verificarlo loads."""

DOUBLE = 53
SINGLE = 24
"""Bits of the types themselves."""


class Verificarlo(NoiseModel):
    """Sets VFC_BACKENDS."""

    name = "verificarlo"
    OPTIONS = (
        Option(
            "backend",
            choice("mca", "mca_int"),
            "mca",
            "its library that perturbs, libinterflop_<backend>.so",
        ),
        Option("mode", choice("mca", "rr", "pb"), "rr", "where errors go: outputs (rr), inputs (pb), both (mca)"),
        Option("precision", integer(1, DOUBLE), DOUBLE, "virtual precision of float64, in bits"),
        Option("precision32", integer(1, SINGLE), SINGLE, "virtual precision of float32, in bits"),
    )

    def __init__(
        self, *, backend: str = "mca", mode: str = "rr", precision: int = DOUBLE, precision32: int = SINGLE
    ) -> None:
        words = [f"libinterflop_{backend}.so", f"--mode={mode}"]
        words += [f"--precision-binary64={precision}"] if precision != DOUBLE else []  # mca_int may not know it
        words += [f"--precision-binary32={precision32}"] if precision32 != SINGLE else []
        self._backend = " ".join(words)

    def availability(self) -> Availability:
        """Looks for its libraries among those that Python, NumPy and SciPy load."""
        from pytracer.noise import machine  # not in the traced process

        found = machine.ask()
        if found.problem:
            return Availability(False, found.problem)
        if not any(part in path for path in found.files for part in LIBRARIES):
            return Availability(
                False, "neither this Python nor its NumPy and SciPy were built by Verificarlo; use a Fuzzy image"
            )
        return Availability(True)

    def environment(self, seed: int, sample: int) -> dict[str, str]:
        """Backend, mode, precision and the seed of one sample."""
        return {
            "VFC_BACKENDS": f"{self._backend} --seed={short_seed(seed, sample)}",
            "VFC_BACKENDS_LOGGER": "False",
        }

    def settings(self, seed: int, sample: int) -> dict[str, str]:
        """What tells the samples apart."""
        return {"VFC_BACKENDS": self.environment(seed, sample)["VFC_BACKENDS"]}

    def describe(self) -> Description:
        """What was built by Verificarlo."""
        return {
            "model": self.name,
            "layers": [f"operations of what Verificarlo has built: {self._backend}"],
            "missing": ["what another compiler has built"],
        }
