"""Monte Carlo arithmetic at function granularity: what if this function had t bits?

inexact(x, t) = x + 2**(e - t) * xi, where x = m * 2**e with 1/2 <= |m| < 1 and xi is uniform in [-1/2, 1/2)
(D. S. Parker, Monte Carlo Arithmetic: exploiting randomness in floating-point arithmetic, UCLA CSD-970002, 1997;
C. Denis, P. de Oliveira Castro and E. Petit, Verificarlo: checking floating point accuracy through Monte Carlo
arithmetic, ARITH 2016). Verificarlo perturbs each operation; here the numbers that go into a function, or come out of
it, are perturbed. docs/decisions/008-lent-arguments.md says which, and what happens to the others.
"""

from typing import ClassVar

from pytracer import _native
from pytracer.noise.computing import computes
from pytracer.noise.model import Description, NoiseModel
from pytracer.noise.options import NAMES, Option, choice, integer

FIRST_PROCESS = "process-0"

MISSING = [
    "what happens between calls, and inside those that were not chosen",
    "float16, long double, Decimal, Fraction",
    "numbers in objects that are no containers or dataclasses: tables, sparse matrices, masked arrays, estimators",
    "results that native functions write into arguments other than `out`, and methods into their object",
]

OPTIONS = (
    Option("precision", integer(1, 53), 53, "virtual precision of float64 and complex128, in bits"),
    Option("precision32", integer(1, 24), 24, "virtual precision of float32 and complex64, in bits"),
    Option("exact", choice("keep", "perturb"), "keep", "what happens to whole numbers, and arrays of nothing else"),
    Option("only", NAMES, (), "modules, packages or functions whose calls are perturbed; patterns with * and ?"),
    Option("exclude", NAMES, (), "those whose calls are not"),
)


class FunctionLevel(NoiseModel):
    """Perturbs what goes into chosen functions, what comes out of them, or both.

    Without `only` these are the functions of the user's own code, and those of NumPy, SciPy and scikit-learn that
    compute, where the user's own code calls them directly. The choice does not depend on what is traced.
    """

    OPTIONS = OPTIONS
    INPUTS: ClassVar[bool]
    OUTPUTS: ClassVar[bool]

    def __init__(
        self,
        *,
        precision: int = 53,
        precision32: int = 24,
        exact: str = "keep",
        only: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
    ) -> None:
        self._precision = precision
        self._precision32 = precision32
        self._whole = exact == "perturb"
        self._only = only
        self._exclude = exclude

    def names(self) -> tuple[str, ...]:
        """What is chosen, and what is not."""
        return (*self._only, *self._exclude)

    def packages(self) -> tuple[str, ...]:
        """Those of the names in `only`."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self._only))

    def start(self, seed: int) -> None:
        """Seed the streams and choose the functions."""
        _native.start_inexact(
            seed=seed,
            inputs=self.INPUTS,
            outputs=self.OUTPUTS,
            precision=self._precision,
            precision32=self._precision32,
            whole=self._whole,
            only=self._only,
            exclude=self._exclude,
        )

    def stop(self) -> None:
        """Perturb no more, and report names that matched nothing."""
        rows = [*((name, "only") for name in self._only), *((name, "exclude") for name in self._exclude)]
        first = _native.next_child(False)[0] == FIRST_PROCESS
        for index in _native.unmatched_inexact() if first else ():
            name, option = rows[index]
            why = f"{option} of the noise: nothing of this name was imported or called by the first process"
            _native.add_coverage("unknown_target", name, why)
        _native.stop_inexact()

    def flags(self, module: str, name: str, kind: str) -> int:
        """INEXACT for a chosen function; the user's own are chosen natively, by the same patterns."""
        chosen = _native.is_inexact(module, name) and (self._only or computes(module, name, kind))
        return _native.INEXACT if chosen else 0

    def describe(self) -> Description:
        """What was perturbed, and in how many functions until now."""
        what = " and ".join(["inputs"] * self.INPUTS + ["outputs"] * self.OUTPUTS)
        bits = f"{self._precision} bits (float64), {self._precision32} bits (float32)"
        layer = f"{what} of {_native.inexact_functions()} functions: {bits}"
        kept = [] if self._whole else ["whole numbers (exact=perturb perturbs them)"]
        return {"model": self.name, "layers": [layer], "missing": [*MISSING, *kept]}


class RandomRounding(FunctionLevel):
    """Parker's random rounding: perturbs outputs."""

    name = "rr"
    INPUTS = False
    OUTPUTS = True


class PrecisionBounding(FunctionLevel):
    """Parker's precision bounding: perturbs inputs."""

    name = "pb"
    INPUTS = True
    OUTPUTS = False


class MonteCarloArithmetic(FunctionLevel):
    """Both: full Monte Carlo arithmetic."""

    name = "mca"
    INPUTS = True
    OUTPUTS = True
