"""Several noise models as one. Each may stand there once, and at most one may perturb the operations themselves."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from types import CodeType

from pytracer.errors import UsageError
from pytracer.noise.model import Availability, Description, NoiseModel, Part
from pytracer.shared import NO_NOISE


class Composition(NoiseModel):
    """Models that perturb the same executions together. `text` names them with their options."""

    name = "composition"

    def __init__(self, text: str, models: Sequence[NoiseModel]) -> None:
        """Raises UsageError for models that do not compose."""
        for one, other in combinations(models, 2):
            if reason := why_not(one, other):
                raise UsageError(f"the noise models {one.name!r} and {other.name!r} do not compose: {reason}")
        self.text = text
        self.models = tuple(models)

    def availability(self) -> Availability:
        """Available when each model is."""
        found = [(model.name, model.availability()) for model in self.models]
        reasons = (f"{name}: {one.reason}" if len(found) > 1 else one.reason for name, one in found if one.reason)
        return Availability(all(one.available for _, one in found), "; ".join(reasons))

    def parts(self) -> tuple[Part, ...]:
        """Those of all."""
        return tuple(part for model in self.models for part in model.parts())

    def environment(self, seed: int, sample: int) -> dict[str, str]:
        """The variables of all; a later model wins."""
        return {name: value for model in self.models for name, value in model.environment(seed, sample).items()}

    def prefix(self, seed: int, sample: int, folder: str) -> list[str]:
        """The words of all, those of the first model first."""
        return [word for model in self.models for word in model.prefix(seed, sample, folder)]

    def settings(self, seed: int, sample: int) -> dict[str, str]:
        """Those of all."""
        return {name: value for model in self.models for name, value in model.settings(seed, sample).items()}

    def unvaried(self) -> list[str]:
        """What any of them does not vary."""
        return [text for model in self.models for text in model.unvaried()]

    def names(self) -> tuple[str, ...]:
        """Those of all."""
        return tuple(name for model in self.models for name in model.names())

    def own_code(self, is_user_file: Callable[[str], bool]) -> None:
        """Tell all."""
        for model in self.models:
            model.own_code(is_user_file)

    def compiled(self, source: str | bytes, file: str) -> CodeType:
        """As the one that perturbs the operations wants it."""
        compilers = [model.compiled for model in self.models if model.ARITHMETIC]
        return (compilers or [super().compiled])[0](source, file)

    def start(self, seed: int) -> None:
        """Begin with the same seed for all, so that a model does alone what it does in company."""
        for model in self.models:
            model.start(seed)

    def stop(self) -> None:
        """In reverse order."""
        for model in reversed(self.models):
            model.stop()

    def watched(self) -> tuple[str, ...]:
        """Those of all."""
        return tuple(dict.fromkeys(package for model in self.models for package in model.watched()))

    def modules_loaded(self) -> None:
        """Tell all."""
        for model in self.models:
            model.modules_loaded()

    def flags(self, module: str, name: str, kind: str) -> int:
        """What any of them asks for."""
        flags = 0
        for model in self.models:
            flags |= model.flags(module, name, kind)
        return flags

    def unperturbed(self, installed: tuple[str, ...]) -> Iterable[tuple[str, str]]:
        """Those of all."""
        return (each for model in self.models for each in model.unperturbed(installed))

    def packages(self) -> tuple[str, ...]:
        """Those of all."""
        return tuple(dict.fromkeys(package for model in self.models for package in model.packages()))

    def describe(self) -> Description:
        """What all of them perturb, under the name of the composition."""
        described = [model.describe() for model in self.models]
        return {
            "model": self.text,
            "layers": [layer for one in described for layer in one["layers"]],
            "missing": [missing for one in described for missing in one["missing"]],
        }


def why_not(one: NoiseModel, other: NoiseModel) -> str:
    """Why two models do not compose; empty when they do."""
    if one.name == other.name:
        return "each model may be named once"
    if NO_NOISE in (one.name, other.name):
        return f"{NO_NOISE!r} perturbs nothing"
    if one.ARITHMETIC and other.ARITHMETIC:
        return "both perturb the operations, and nobody could tell which of them took the digits"
    return ""
