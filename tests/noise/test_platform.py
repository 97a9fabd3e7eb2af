"""Another machine for each sample: balanced levels, the same for the same seed, and real ones."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytracer import noise
from pytracer.noise import machine, probe
from pytracer.noise.platform import OFFSET_VARIABLE, OFFSETS, Setting, level
from pytracer.shared import BLAS_THREAD_VARIABLES

Traced = Callable[..., str]

VARIABLES = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "PYTHONHASHSEED", OFFSET_VARIABLE, *BLAS_THREAD_VARIABLES)


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fixed by the environment of the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@given(st.integers(1, 7), st.integers(0, 2**64), st.integers(0, 5))
def test_each_level_comes_once_in_as_many_samples_as_there_are_levels(count: int, seed: int, block: int) -> None:
    setting = Setting("t", "n", ("V",), tuple(f"level {i}" for i in range(count)))
    samples = range(1 + block * count, 1 + (block + 1) * count)
    assert Counter(level(setting, seed, sample) for sample in samples) == Counter(setting.levels)


def test_levels_of_two_settings_are_not_tied() -> None:
    one, other = (Setting("t", name, ("V",), ("0", "1", "2")) for name in ("one", "other"))
    pairs = {(level(one, 0, sample), level(other, 0, sample)) for sample in range(1, 200)}
    assert len(pairs) == 9


def test_the_same_seed_gives_the_same_machines() -> None:
    first, second, other = (noise.create("platform") for _ in range(3))
    assert [first.settings(5, i) for i in range(1, 9)] == [second.settings(5, i) for i in range(1, 9)]
    assert [first.settings(5, i) for i in range(1, 9)] != [other.settings(6, i) for i in range(1, 9)]


def test_only_chooses_the_settings() -> None:
    model = noise.create("platform:only=hash,memory")
    assert model.environment(0, 1).keys() == {"PYTHONHASHSEED", OFFSET_VARIABLE}
    assert model.settings(0, 1).keys() == {"PYTHONHASHSEED", "array offset in bytes"}
    assert "hash seed" in model.describe()["layers"][0]
    assert "SIMD" not in model.describe()["layers"][0]


def test_what_the_environment_says_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("MKL_NUM_THREADS", "1")
    model = noise.create("platform:only=hash,threads,memory")
    assert model.environment(0, 1).keys() == {OFFSET_VARIABLE}
    assert any("PYTHONHASHSEED is set in the environment" in text for text in model.unvaried())
    assert model.availability().available
    alone = noise.create("platform:only=hash").availability()
    assert not alone.available
    assert "PYTHONHASHSEED is set in the environment; unset it" in alone.reason


def test_one_processor_has_one_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert "one processor" in noise.create("platform:only=threads").availability().reason
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    [part] = noise.create("platform:only=threads").parts()
    assert part.text == "BLAS threads: 1 | 2 | 4 | 6"


def test_core_types_need_instructions() -> None:
    assert probe.runnable(frozenset()) == []
    assert probe.runnable(frozenset(["pni", "ssse3", "sse4_1", "sse4_2"])) == ["Prescott", "Core2", "Penryn", "Nehalem"]
    assert set(probe.runnable(probe.processor_flags())) <= set(probe.CORES)


def test_the_machine_is_asked_in_another_process() -> None:
    code = "import sys; from pytracer.noise import machine; print(bool(machine.ask().numpy), 'numpy' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "True False\n"


def test_a_machine_that_does_not_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROBE_SECONDS", 0.001)
    monkeypatch.setattr(machine, "ask", machine.ask.__wrapped__)
    found = noise.create("platform:only=blas,simd").availability()
    assert not found.available
    assert "asking NumPy and BLAS failed" in found.reason


def test_each_level_is_one_that_numpy_and_blas_take() -> None:
    found = noise.create("platform:only=blas,simd")
    code = (
        "import json, numpy as np, warnings\n"
        "try: import numpy._core._multiarray_umath as m\n"
        "except ImportError: import numpy.core._multiarray_umath as m\n"
        "print(json.dumps([n for n in m.__cpu_dispatch__ if m.__cpu_features__[n]]), float(np.ones(100) @ np.ones(100)))"
    )
    if not found.settings(0, 1):
        pytest.skip("nothing to choose from on this machine")
    for sample in range(1, 6):
        environment = found.environment(0, sample)
        shown = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        features, _, product = shown.stdout.strip().rpartition(" ")
        assert set(json.loads(features)).isdisjoint(environment.get("NPY_DISABLE_CPU_FEATURES", "").split())
        assert (product, shown.stderr) == ("100.0", "")


@pytest.mark.parametrize("offset", OFFSETS)
def test_arrays_are_where_they_are_asked_to_be(traced: Traced, monkeypatch: pytest.MonkeyPatch, offset: str) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, offset)
    code = """
import numpy as np
made = [make(shape) for shape in (1, 3, 1000, 10**6) for make in (np.zeros, np.empty, np.ones)]
print({array.ctypes.data % 64 for array in made})
array = np.arange(5.0)
for size in (3, 100, 10**6, 4):
    array.resize(size, refcheck=False)
    print(array.ctypes.data % 64, array[:5].tolist(), array[5:].any())
print(np.sort(np.concatenate([np.arange(k) for k in range(300)]))[-2:].tolist())
"""
    rows = [[0.0, 1.0, 2.0], *[[0.0, 1.0, 2.0, 0.0, 0.0]] * 2, [0.0, 1.0, 2.0, 0.0]]
    expected = [f"{{{offset}}}", *(f"{offset} {row} False" for row in rows), "[297, 298]"]
    assert traced(code, model="platform:only=memory").splitlines() == expected
    plain = traced("import numpy as np\nprint(np.get_include() != '', np.ones(3).tolist())", model="none")
    assert plain == "True [1.0, 1.0, 1.0]\n"
