"""Models together: what composes, and what each part of a composition is asked."""

import subprocess
import sys
from itertools import product

import pytest

from pytracer import noise
from pytracer.errors import UsageError
from pytracer.noise.composition import Composition
from pytracer.noise.model import Availability, Description, NoiseModel


class Recorder(NoiseModel):
    """Notes what it is asked."""

    ARITHMETIC = False

    def __init__(self, name: str, log: list[str], flags: int = 0, why: str = "") -> None:
        self.name = name  # type: ignore[misc]
        self._log = log
        self._flags = flags
        self._why = why

    def availability(self) -> Availability:
        return Availability(not self._why, self._why)

    def environment(self, seed: int, sample: int) -> dict[str, str]:
        return {"SHARED": self.name, self.name: f"{seed} {sample}"}

    def prefix(self, seed: int, sample: int, folder: str) -> list[str]:
        return [self.name, folder]

    def start(self, seed: int) -> None:
        self._log.append(f"start {self.name} {seed}")

    def stop(self) -> None:
        self._log.append(f"stop {self.name}")

    def modules_loaded(self) -> None:
        self._log.append(f"loaded {self.name}")

    def flags(self, module: str, name: str, kind: str) -> int:
        return self._flags

    def describe(self) -> Description:
        return {"model": self.name, "layers": [f"layer {self.name}"], "missing": [f"missing {self.name}"]}


def test_all_parts_are_asked() -> None:
    log: list[str] = []
    both = Composition("a+b", [Recorder("a", log, 1), Recorder("b", log, 4)])
    both.start(7)
    both.modules_loaded()
    both.stop()
    assert log == ["start a 7", "start b 7", "loaded a", "loaded b", "stop b", "stop a"]
    assert both.flags("m", "f", "builtin") == 5
    assert both.environment(3, 2) == both.settings(3, 2) == {"SHARED": "b", "a": "3 2", "b": "3 2"}
    assert both.prefix(3, 2, "/t") == ["a", "/t", "b", "/t"]
    assert both.describe() == {"model": "a+b", "layers": ["layer a", "layer b"], "missing": ["missing a", "missing b"]}


def test_one_that_is_not_available_is_named() -> None:
    both = Composition("a+b", [Recorder("a", []), Recorder("b", [], why="no b here")])
    assert both.availability() == (False, "b: no b here")
    assert Composition("b", [Recorder("b", [], why="no b here")]).availability() == (False, "no b here")


@pytest.mark.parametrize(("one", "other"), list(product(noise.MODELS, noise.MODELS)))
def test_at_most_one_model_perturbs_the_operations(one: str, other: str) -> None:
    kinds = [noise.model_class(name) for name in (one, other)]
    text = "+".join(f"{kind.name}:{kind.EXAMPLE}" for kind in kinds)
    if one == other or "none" in (one, other) or all(kind.ARITHMETIC for kind in kinds):
        with pytest.raises(UsageError, match=f"{one!r} and {other!r} do not compose: "):
            noise.create(text)
    else:
        assert len(noise.create(text).models) == 2


def test_only_what_is_named_is_imported() -> None:
    code = (
        "import sys; from pytracer import noise; noise.create('sr').describe(); "
        "found = {name for name in sys.modules if name.startswith('pytracer.noise.')}; "
        "print(sorted({'pytracer.noise.platform', 'pytracer.noise.machine', 'pytracer.noise.verrou'} & found), "
        "'numpy' in sys.modules, 'subprocess' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == (
        "[] False False\n"
    )


def test_what_each_report_says_is_short() -> None:
    for name in ("sr", "rr", "pb", "mca"):
        described = noise.create(name).describe()
        assert len("; ".join(described["missing"])) < 400
        assert not any("inexact" in text for text in described["missing"] + described["layers"])
    assert len("; ".join(noise.create("sr").describe()["missing"])) < 200
