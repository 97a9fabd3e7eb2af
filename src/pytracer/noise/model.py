"""The interface of a noise model. A model is one class in one file, and one line in the registry (`pytracer.noise`)."""

from collections.abc import Callable, Iterable
from types import CodeType
from typing import ClassVar, NamedTuple, TypedDict

from pytracer.noise.options import Option


class Description(TypedDict):
    """What a model does on this machine, for the report."""

    model: str
    layers: list[str]  # what is perturbed; empty when nothing is
    missing: list[str]  # arithmetic that stays unperturbed


class Part(NamedTuple):
    """Something that a model needs or varies, as `pytracer doctor` shows it."""

    name: str
    available: bool
    text: str  # what was found, or why it is not there


class Availability(NamedTuple):
    """Whether a model works on this machine."""

    available: bool
    reason: str = ""  # why not; of an available model: what is missing


class NoiseModel:
    """Perturbs executions. The same seed gives the same bits. This base class perturbs nothing.

    A model is created twice, from the same text: in the process that starts the samples, and in each traced one.
    """

    name: ClassVar[str]
    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    """Their values arrive as keyword arguments of `__init__`."""
    ANY_OPTION: ClassVar[Option | None] = None
    """Stands for options of any other name, whose values arrive as keyword arguments, too."""
    EXAMPLE: ClassVar[str] = ""
    """Options without which the model cannot be made, as a text."""
    ARITHMETIC: ClassVar[bool] = True
    """Whether it perturbs operations themselves: two such models do not compose."""

    # In the process that starts the samples

    def availability(self) -> Availability:
        """Whether this machine has what the model needs. Asked before each run: cheap where it can be."""
        return Availability(True)

    def parts(self) -> tuple[Part, ...]:
        """What the model finds on this machine, for `pytracer doctor`; may take a second."""
        return ()

    def environment(self, seed: int, sample: int) -> dict[str, str]:
        """Environment variables of one perturbed sample; `seed` is that of the experiment."""
        return {}

    def prefix(self, seed: int, sample: int, folder: str) -> list[str]:
        """Words before the command of one perturbed sample; files that they need are written into its trace `folder`.

        Raises OSError when they cannot be.
        """
        return []

    def settings(self, seed: int, sample: int) -> dict[str, str]:
        """What one perturbed sample gets otherwise than the others, by names for the reader.

        The report groups the samples by each of them. A model that has some perturbs from outside the process.
        """
        return self.environment(seed, sample)

    def unvaried(self) -> list[str]:
        """What this model varies elsewhere, but not in this environment, each with the reason."""
        return []

    def names(self) -> tuple[str, ...]:
        """Modules, packages and functions that the options name, and patterns of them."""
        return ()

    # In the traced process

    def own_code(self, is_user_file: Callable[[str], bool]) -> None:
        """Which source files are the user's own; before `start`, and before any of them is compiled."""

    def compiled(self, source: str | bytes, file: str) -> CodeType:
        """The code of the program's main file; `source` is its text. After `start`."""
        return compile(source, file, "exec", dont_inherit=True)

    def start(self, seed: int) -> None:
        """Begin; `seed` is an unsigned 64-bit integer, another one for each sample."""

    def stop(self) -> None:
        """Restore unperturbed arithmetic."""

    def watched(self) -> tuple[str, ...]:
        """Packages, beside those in which functions are hooked, whose import `modules_loaded` must be told of."""
        return ()

    def modules_loaded(self) -> None:
        """Something may have been imported since the last time."""

    def flags(self, module: str, name: str, kind: str) -> int:
        """How the calls of a function are perturbed, as hook flags (see `_native`); 0 when they are not.

        `kind` is that of records/schema.py. Functions of the user's own code are chosen natively.
        """
        return 0

    def unperturbed(self, installed: tuple[str, ...]) -> Iterable[tuple[str, str]]:
        """Name of each module outside the `installed` folders that it should have perturbed and could not, and why."""
        return ()

    def packages(self) -> tuple[str, ...]:
        """Top-level packages, beside the default ones, in which `flags` is to be asked."""
        return ()

    def describe(self) -> Description:
        """What is perturbed and what is not."""
        return {"model": self.name, "layers": [], "missing": []}
