"""Another machine for each sample, as far as one machine can be several: kernels of BLAS, SIMD levels, threads, hashes.

Nothing is drawn at random inside the program: each sample computes what a machine of that type computes. Over the
samples each level of each setting comes equally often, in an order that is drawn for each setting (a Latin hypercube:
McKay, Beckman, Conover, Technometrics 21(2), 1979), so that the report can tell which setting changed what.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

from pytracer import _native
from pytracer.noise.model import Availability, Description, NoiseModel, Part
from pytracer.noise.options import Option, some_of
from pytracer.shared import BLAS_THREAD_VARIABLES

if TYPE_CHECKING:
    from pytracer.noise.machine import Library

OFFSET_VARIABLE = "PYTRACER_ARRAY_OFFSET"
OFFSETS = ("0", "16", "32", "48")
"""Bytes after a multiple of 64; malloc itself gives any of them."""
HASH_LEVELS = 3
"""With more, most samples would be alone with their hash seed, and nothing could be laid to it."""
SIMD_LEVELS = 5

TITLES = {
    "blas": "kernels of BLAS",
    "simd": "SIMD levels of NumPy",
    "threads": "threads of BLAS",
    "hash": "hash seed of Python",
    "memory": "places of NumPy's arrays in memory",
}


class Setting(NamedTuple):
    """Something that differs between machines. Without levels it cannot be varied, for the reason given."""

    title: str
    name: str  # for the report
    variables: tuple[str, ...]
    levels: tuple[str, ...]
    reason: str = ""

    @property
    def varies(self) -> bool:
        """Whether there are two machines to choose from."""
        return not self.reason


class Platform(NoiseModel):
    """Varies settings around the program."""

    name = "platform"
    ARITHMETIC = False
    OPTIONS = (Option("only", some_of(*TITLES), tuple(TITLES), "which settings are varied"),)

    def __init__(self, *, only: tuple[str, ...] = tuple(TITLES)) -> None:
        self._only = only
        self._placed = False

    def availability(self) -> Availability:
        """Available when anything can be varied."""
        reason = "; ".join(self.unvaried())
        if not any(setting.varies for setting in self._settings(seed=0)):
            return Availability(False, f"nothing can be varied: {reason}")
        return Availability(True, reason)

    def parts(self) -> tuple[Part, ...]:
        """The levels of each setting."""
        return tuple(
            Part(
                each.title,
                each.varies,
                each.reason or f"{each.name}: {' | '.join(level or '(nothing)' for level in each.levels)}",
            )
            for each in self._settings(seed=0)
        )

    def unvaried(self) -> list[str]:
        """What stays as it is on this machine."""
        return [f"{each.title}: {each.reason}" for each in self._settings(seed=0) if not each.varies]

    def environment(self, seed: int, sample: int) -> dict[str, str]:
        """The variables of the machine that this sample runs on."""
        return {
            variable: level(each, seed, sample)
            for each in self._settings(seed)
            if each.varies
            for variable in each.variables
        }

    def settings(self, seed: int, sample: int) -> dict[str, str]:
        """The level of each setting."""
        return {each.name: level(each, seed, sample) for each in self._settings(seed) if each.varies}

    def modules_loaded(self) -> None:
        """From NumPy's import on its arrays go where this sample wants them."""
        import sys

        if OFFSET_VARIABLE in os.environ and not self._placed and "numpy" in sys.modules:
            self._placed = True
            _native.set_array_offset(int(os.environ[OFFSET_VARIABLE]))

    def describe(self) -> Description:
        """The settings that were asked for; `unvaried` says which of them stay as they are."""
        return {
            "model": self.name,
            "layers": [f"the machine around the program: {', '.join(TITLES[name] for name in self._only)}"],
            "missing": [
                "what differs on machines that this one cannot be: other processors, libraries and compilers",
                *(["places of arrays that other threads than the main one make"] if "memory" in self._only else []),
            ],
        }

    def _settings(self, seed: int) -> list[Setting]:
        makers = {"blas": _blas, "simd": _simd, "threads": _threads, "memory": _memory}
        found = [_hash(seed) if name == "hash" else makers[name]() for name in self._only]
        return [_unless_fixed(setting) for setting in found]


def level(setting: Setting, seed: int, sample: int) -> str:
    """The level of a setting in a sample: each once in every so many samples as there are levels."""
    import random  # not in the traced process

    count = len(setting.levels)
    block, place = divmod(sample - 1, count)
    order = list(setting.levels)
    random.Random(f"{seed} {setting.name} {block}").shuffle(order)
    return order[place]


def _unless_fixed(setting: Setting) -> Setting:
    """What the user's environment says stays."""
    fixed = [name for name in setting.variables if name in os.environ]
    if fixed and setting.varies:
        return setting._replace(levels=(), reason=f"{fixed[0]} is set in the environment; unset it to vary it")
    return setting


def _blas() -> Setting:
    """One core type for each set of kernels that an OpenBLAS library has and this processor can run."""
    from pytracer.noise import machine

    found = machine.ask()
    setting = Setting(TITLES["blas"], "OPENBLAS_CORETYPE", ("OPENBLAS_CORETYPE",), ())
    libraries = [library for library in found.libraries if library.cores]
    chosen = {tuple(library.cores.get(core) for library in libraries): core for core in _cores(libraries)}
    levels = tuple(chosen.values())
    if found.problem:
        return setting._replace(reason=found.problem)
    if len(levels) < 2:
        return setting._replace(reason="NumPy and SciPy use no OpenBLAS with kernels to choose from")
    return setting._replace(levels=levels)


def _cores(libraries: "list[Library]") -> list[str]:
    return list(dict.fromkeys(core for library in libraries for core in library.cores))[::-1]


def _simd() -> Setting:
    """From all features of this processor down to NumPy's baseline."""
    from pytracer.noise import machine

    found = machine.ask()
    setting = Setting(TITLES["simd"], "NPY_DISABLE_CPU_FEATURES", ("NPY_DISABLE_CPU_FEATURES",), ())
    if found.problem:
        return setting._replace(reason=found.problem)
    if not found.simd:
        return setting._replace(reason="NumPy chooses no SIMD features at run time here")
    count = len(found.simd)
    steps = min(SIMD_LEVELS - 1, count)
    kept = [round(step * count / steps) for step in range(steps, -1, -1)]
    return setting._replace(levels=tuple(" ".join(found.simd[index:]) for index in kept))


def _threads() -> Setting:
    setting = Setting(TITLES["threads"], "BLAS threads", BLAS_THREAD_VARIABLES, ())
    processors = len(os.sched_getaffinity(0))
    if processors < 2:
        return setting._replace(reason="this process may use one processor only")
    counts = [1 << power for power in range(processors.bit_length()) if 1 << power < processors]
    return setting._replace(levels=tuple(map(str, [*counts, processors])))


def _hash(seed: int) -> Setting:
    import random

    draw = random.Random(f"{seed} hash")
    levels = tuple(str(draw.randrange(1, 2**32)) for _ in range(HASH_LEVELS))
    return Setting(TITLES["hash"], "PYTHONHASHSEED", ("PYTHONHASHSEED",), levels)


def _memory() -> Setting:
    return Setting(TITLES["memory"], "array offset in bytes", (OFFSET_VARIABLE,), OFFSETS)
