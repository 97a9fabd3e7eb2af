"""Noise models: how a perturbed execution differs from the unperturbed one. Knows nothing of traces.

A model is one class in one file and one line in MODELS.
"""

from pytracer.errors import UsageError
from pytracer.noise.model import NoiseModel
from pytracer.noise.none import NoNoise
from pytracer.noise.sr import StochasticRounding

MODELS: dict[str, type[NoiseModel]] = {"none": NoNoise, "sr": StochasticRounding}


def create(name: str) -> NoiseModel:
    """The model of that name; UsageError lists the known ones."""
    try:
        return MODELS[name]()
    except KeyError:
        raise UsageError(f"unknown noise model {name!r}; the models are {', '.join(MODELS)}") from None
