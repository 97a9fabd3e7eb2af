"""Where a result comes from, beside its table of samples."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import h5py
import numpy as np

from pytracer import __version__
from pytracer.parse.measurement import Measurement
from pytracer.parse.samples import Experiment


def provenance(experiment: Experiment, measurement: Measurement, words: Sequence[str]) -> dict[str, Any]:
    """The meta.json of the reference, and under `parse` the command line, versions and choices of the parser.

    Says nothing of when: the same traces and choices give the same file.
    """
    parsed = {
        "args": list(words),
        "pytracer": __version__,
        "python": platform.python_version(),
        "packages": {"numpy": np.__version__, "h5py": h5py.__version__},
        "measurement": asdict(measurement),
    }
    return experiment.reference.meta | {"parse": parsed}
