"""Noise models: how a perturbed execution differs from the unperturbed one. Knows nothing of traces.

`create("sr:mode=nearness")` makes what a text names; `pytracer.noise.spec` says how such texts are written. A model is
one class in one file and one line in MODELS.
"""

import importlib
from collections.abc import Iterable
from typing import Any, cast

from pytracer.errors import UsageError, near
from pytracer.noise import spec
from pytracer.noise.composition import Composition
from pytracer.noise.model import NoiseModel
from pytracer.noise.options import Option
from pytracer.shared import NO_NOISE

MODELS = {
    NO_NOISE: "none:NoNoise",
    "sr": "sr:StochasticRounding",
    "rr": "mca:RandomRounding",
    "pb": "mca:PrecisionBounding",
    "mca": "mca:MonteCarloArithmetic",
    "platform": "platform:Platform",
    "env": "env:Environment",
    "verrou": "verrou:Verrou",
    "verificarlo": "verificarlo:Verificarlo",
}
"""Name -> module and class. Only what is named is imported."""


def create(text: str, defaults: Iterable[str] = ()) -> Composition:
    """The models that `text` names, with the options that it gives them.

    Args:
        text: such as "sr", "sr:mode=nearness" or "sr+platform:only=blas,threads".
        defaults: texts such as "sr:mode=nearness": options of models that are named without them.

    Returns:
        The composition; its `text` has the options that are not at their defaults.

    Raises:
        UsageError: no such model, option or value, or models that do not compose.
    """
    chosen = {part.name: part.options for each in defaults for part in spec.parse(each)}
    parts: list[spec.Part] = []
    models: list[NoiseModel] = []
    for name, options in spec.parse(text):
        if parts and parts[0].name == "env" and name not in MODELS:
            raise UsageError(f"{_unknown_model(name)}; or put the value in double quotes where the + belongs to it")
        part, model = _create(spec.Part(name, {**chosen.get(name, {}), **options}))
        parts.append(part)
        models.append(model)
    return Composition(spec.write(parts), models)


def model_class(name: str) -> type[NoiseModel]:
    """The class of a model. Raises UsageError, which lists the models, for a name that none has."""
    if name not in MODELS:
        raise UsageError(_unknown_model(name))
    module, _, attribute = MODELS[name].partition(":")
    return cast(type[NoiseModel], getattr(importlib.import_module(f"pytracer.noise.{module}"), attribute))


def _unknown_model(name: str) -> str:
    return f"unknown noise model {name!r}{near(name, tuple(MODELS))}; the models are {', '.join(MODELS)}"


def _create(part: spec.Part) -> tuple[spec.Part, NoiseModel]:
    """A model, and its part of a text without options that are at their defaults."""
    kind = model_class(part.name)
    known = {option.name: option for option in kind.OPTIONS}
    values: dict[str, Any] = {option.name: option.default for option in kind.OPTIONS}
    told: dict[str, str] = {}
    for name, text in part.options.items():
        option = known.get(name, kind.ANY_OPTION)
        if option is None:
            raise _unknown_option(part.name, name, tuple(known))
        values[name] = _value(part.name, name, option, text)
        if name not in known or values[name] != option.default:
            told[name] = text
    ordered = {name: told[name] for name in (*known, *told) if name in told}
    return spec.Part(part.name, ordered), kind(**values)


def _value(model: str, name: str, option: Option, text: str) -> Any:
    try:
        return option.kind.parse(text)
    except ValueError:
        remark = near(text, option.kind.words)
        raise UsageError(
            f"option {name!r} of the noise model {model!r} cannot be {text!r}{remark}; accepted: {option.kind.accepted}"
        ) from None


def _unknown_option(model: str, name: str, known: tuple[str, ...]) -> UsageError:
    takes = f"its options are {', '.join(known)}" if known else "it has none"
    return UsageError(f"the noise model {model!r} has no option {name!r}{near(name, known)}; {takes}")
