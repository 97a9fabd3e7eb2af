"""Perturbation by the surroundings: environment variables and a command in front, each with {sample} and {seed}."""

import shlex
import shutil

from pytracer.errors import UsageError
from pytracer.noise.commands import COMMAND, fill
from pytracer.noise.model import Availability, Description, NoiseModel
from pytracer.noise.options import Kind, Option


def _value(text: str) -> str:
    if "\0" in text:
        raise ValueError(text)
    return text


class Environment(NoiseModel):
    """Sets what it is told; what that perturbs, only the user knows."""

    name = "env"
    ARITHMETIC = False
    EXAMPLE = "NAME=value"
    OPTIONS = (Option("prefix", COMMAND, (), "a command that is put before that of each perturbed sample"),)
    ANY_OPTION = Option("NAME", Kind("any text", _value), "", "an environment variable of each perturbed sample")

    def __init__(self, /, *, prefix: tuple[str, ...] = (), **variables: str) -> None:
        """Raises UsageError when there is nothing to set, or a name that no variable can have."""
        wrong = [name for name in variables if not (name.isascii() and name.isidentifier())]
        if wrong:
            raise UsageError(f"the noise model 'env' cannot set {wrong[0]!r}: it is no name of an environment variable")
        if not prefix and not variables:
            raise UsageError("the noise model 'env' has nothing to set; write env:NAME=value or env:prefix=command")
        self._prefix = prefix
        self._variables = variables

    def availability(self) -> Availability:
        """Available when the command in front is there."""
        if self._prefix and shutil.which(fill(self._prefix[0], 0, 1)) is None:
            return Availability(
                False, f"the command {self._prefix[0]!r} of its prefix is not found; check name and PATH"
            )
        return Availability(True)

    def environment(self, seed: int, sample: int) -> dict[str, str]:
        """The variables of one sample."""
        return {name: fill(text, seed, sample) for name, text in self._variables.items()}

    def prefix(self, seed: int, sample: int, folder: str) -> list[str]:
        """The words of the command in front."""
        return [fill(word, seed, sample) for word in self._prefix]

    def settings(self, seed: int, sample: int) -> dict[str, str]:
        """Both of them."""
        prefix = {"prefix": shlex.join(self.prefix(seed, sample, ""))} if self._prefix else {}
        return self.environment(seed, sample) | prefix

    def describe(self) -> Description:
        """The names only: Pytracer cannot see what they do."""
        names = [*self._variables, *([f"the command {self._prefix[0]}"] if self._prefix else [])]
        return {
            "model": self.name,
            "layers": [f"whatever {', '.join(names)} perturbs"],
            "missing": ["what the environment leaves alone, which Pytracer cannot see"],
        }
