"""Objects of libraries are taken apart by adapters, and the program does not notice."""

import gc
import json
import random
import resource
import signal
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from hooking import recording, run_checks
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.utils import Bunch

from pytracer import _native
from pytracer.trace.adapters import Registry

X, Y = np.arange(8.0).reshape(4, 2) ** 1.5, np.arange(4.0)


def take(*values, **named):
    return None


def recorded(*values, registered=(), **named):
    _native.set_adapter(Registry(registered).find)
    with tempfile.TemporaryDirectory() as folder:
        with recording(take, keep=folder) as calls:
            take(*values, **named)
        events = [json.loads(line) for line in Path(folder, "process-0/coverage.jsonl").read_text().splitlines()]
    recorded.counters, recorded.events = calls.counters, events
    return {(position, path): value for position, path, value in calls[0].args} | calls[0].kwargs


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


def of_pair(pair):
    yield ".first", pair.a
    yield "['b']", pair.b


def check_registered_adapters():
    mine = [("__main__.Pair", "__main__:of_pair")]
    found = recorded(Pair(1.5, [2.0, "x"]), registered=mine)
    assert found == {(0, ".first"): 1.5, (0, "['b'][0]"): 2.0, (0, "['b'][1]"): found[0, "['b'][1]"]}

    class Derived(Pair):
        pass

    assert recorded(Derived(1.5, Pair(2.0, 3)), registered=mine)[0, "['b'].first"] == 2.0
    assert recorded(Pair(1.5, 2))[0, ""] == "__main__.Pair"
    assert recorded.counters["values_not_understood"] == 1


def fails(pair):
    raise ValueError(f"no {pair.a}")


def says_nothing(pair):
    return None


def check_adapters_that_fail():
    for target, why in (("__main__:fails", "ValueError: no 1"), ("__main__:missing", "AttributeError: "), ("no.such.module:x", "ModuleNotFoundError: ")):
        found = recorded(Pair(1, 2), Pair(3, 4), registered=[("__main__.Pair", target)])
        assert found == {(0, ""): "__main__.Pair", (1, ""): "__main__.Pair"}
        assert recorded.counters["values_not_understood"] == 2
        (event,) = recorded.events
        assert (event["event"], event["name"]) == ("adapter_failed", "__main__.Pair") and event["why"].startswith(why)
    recorded(Pair(1, 2), registered=[("__main__.Pair", "__main__:says_nothing")])
    assert recorded.counters["values_not_understood"] == 1 and recorded.events == []


RUDE = """
import gc, signal, sys, warnings
import numpy as np
found = []
def inner():
    for level in (1, 2, 3):
        warnings.warn("rude", stacklevel=level)
def rude(pair):
    inner()
    np.log(np.array([-1.0]))
    signal.raise_signal(signal.SIGUSR1)
    found.append((sys.gettrace() is None, gc.isenabled()))
    return [("", pair.a)]
"""


def check_the_program_does_not_notice():
    seen, frames, handled = [], [], []
    library = sys.modules["library"] = types.ModuleType("library")
    exec(RUDE, vars(library))
    signal.signal(signal.SIGUSR1, lambda *_: handled.append(sys._getframe(1).f_code.co_name))
    filters, shown = warnings.filters, warnings.showwarning
    warnings.showwarning = lambda *args: seen.append(args)

    def trace(frame, event, arg):
        frames.append(frame.f_code.co_name)

    _native.set_adapter(Registry([("__main__.Pair", "library:rude")]).find)
    state, numpy_state = random.getstate(), np.random.get_state()[1].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        inside = warnings.filters
        with recording(take) as calls:
            try:
                raise KeyError("current")
            except KeyError:
                sys.settrace(trace)
                take(Pair(1.5, 2))
                sys.settrace(None)
                assert isinstance(sys.exc_info()[1], KeyError)
        assert warnings.filters is inside
    warnings.showwarning = shown
    assert warnings.filters is filters
    assert "__warningregistry__" not in vars(sys.modules[take.__module__])
    assert seen == []
    assert not {"rude", "parts", "find"} & set(frames)
    assert handled and "rude" not in handled
    assert [collecting for _, collecting in library.found] == [False, False] and gc.isenabled()
    assert random.getstate() == state and np.random.get_state()[1].tolist() == numpy_state
    assert calls[0].args == [(0, "", 1.5)]


def uses_numpy(pair):
    values = np.arange(100.0) / 3 + pair.a
    return [("", float(np.sum(values * values)))]


def check_noise_is_off_inside():
    ufuncs = [each for each in vars(np).values() if type(each) is np.ufunc]
    x = np.arange(1000.0) / 7
    expected = uses_numpy(Pair(0.5, 0))[0][1]
    results = []
    for registered in ((), [("__main__.Pair", "__main__:uses_numpy")]):
        _native.set_adapter(Registry(registered).find)
        _native.numpy_loaded()
        _native.start_noise(3, False)
        _native.install_loops(ufuncs)
        try:
            with recording(take) as calls:
                before = (x / 3).tobytes()
                take(Pair(0.5, 0))
                results.append((before, (x / 3).tobytes(), np.sum(x / 3)))
        finally:
            _native.stop_noise()
    assert results[0] == results[1] and results[0][0] != results[0][1]
    assert calls[0].args == [(0, "", expected)]
    assert calls.counters["noisy_loops"] == 4


def check_adapters_leak_nothing():
    pair = Pair([1.0, "x"], {"k": np.ones(3)})
    _native.set_adapter(Registry([("__main__.Pair", "__main__:of_pair")]).find)
    with recording(take):
        for i in range(102_000):
            if i == 2000:
                first, blocks = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sys.getallocatedblocks()
            take(pair)
        more = sys.getallocatedblocks() - blocks
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first
        assert more < 200, more
        assert grown < 4096, f"{grown} kB"
        assert sys.getrefcount(pair) == 2


def check_estimators():
    model = LinearRegression(fit_intercept=True)
    _native.set_adapter(Registry().find)
    with recording(LinearRegression.fit, LinearRegression.predict, take) as calls:
        model.fit(X, Y)
        take(model)
    fit, taken = calls.of("LinearRegression.fit")[0], calls.of("take")[0]
    assert fit.args[0][1] == ".fit_intercept" and not any(path.endswith("_") for position, path, _ in fit.args if position == 0)
    assert fit.returned[".coef_"].tolist() == model.coef_.tolist() and fit.changed == []
    assert {path: value for _, path, value in taken.args}[".intercept_"] == model.intercept_
    found = recorded(RandomForestRegressor(2, max_depth=1, random_state=0).fit(X, Y), Bunch(data=X, names=["a"]))
    assert found[0, ".estimators_[1].tree_.threshold"].shape == (3,)
    assert found[1, ".data"].tolist() == X.tolist()
    assert recorded.counters["values_not_understood"] == recorded.counters["values_truncated"] == 0


def check_user_estimators_change():
    class Mean(BaseEstimator):
        def __init__(self, shift=0.0):
            self.shift = shift

        def update(self, x):
            self.mean_ = x.mean() + self.shift
            return float(self.mean_)

    model = Mean(1.0)
    _native.set_adapter(Registry().find)
    with recording(Mean.update) as calls:
        model.update(X)
        model.update(X)
    first, second = calls
    assert [(path, value) for _, path, value in first.changed] == [(".shift", 1.0), (".mean_", model.mean_)]
    assert second.changed == []


def check_pandas():
    frame = pd.DataFrame({"a": [1.0, 2.0], 3: [1, 2], ("t", 1): [True, False], "text": ["x", "y"]}, index=["p", "q"])
    frame["kind"] = pd.Categorical(["u", "v"])
    frame["masked"] = pd.array([1, None], dtype="Int64")
    frame["time"] = pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("UTC")
    cached = dict(vars(frame))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = recorded(frame, frame["a"], pd.MultiIndex.from_tuples([(1, 2.0), (3, 4.0)]), pd.DataFrame(np.ones((2, 100))), pd.Series([], dtype=float), pd.RangeIndex(3), pd.Index([1.5, 2.5]))
    assert found[0, "['a']"].tolist() == [1, 2] and found[0, "[3]"].tolist() == [1, 2] and found[0, "[#2]"].tolist() == [True, False]
    assert (0, "['text'][1]") in found and (0, ".index[1]") in found
    assert found[0, "['kind'].codes"].tolist() == [0, 1] and (0, "['kind'].categories[0]") in found
    assert found[0, "['masked'].mask"].tolist() == [False, True]
    assert found[0, "['time']"].dtype.kind == "M"
    assert found[1, ".values"].tolist() == [1, 2]
    assert found[2, ".levels[1]"].tolist() == [2, 4] and found[2, ".codes[0]"].tolist() == [0, 1]
    assert found[3, ".blocks[0]"].shape == (100, 2)
    assert found[4, ".values"].shape == (0,) and found[5, ".stop"] == 3 and found[6, ""].tolist() == [1.5, 2.5]
    assert recorded.counters["values_not_understood"] == 0 and recorded.events == []
    assert vars(frame).keys() == cached.keys()


def check_pandas_objects_under_construction():
    _native.set_adapter(Registry().find)
    with recording(pd.DataFrame.__init__, pd.DataFrame.__setitem__, pd.Series.__init__) as calls:
        frame = pd.DataFrame({"a": [1.0, 2.0]})
        frame["b"] = [3.0, 4.0]
    made, changed = calls.of("DataFrame.__init__")[0], calls.of("DataFrame.__setitem__")[0]
    assert {path: value.tolist() for _, path, value in made.changed if path == "['a']"} == {"['a']": [1, 2]}
    assert {path: value.tolist() for _, path, value in changed.changed if path == "['b']"} == {"['b']": [3, 4]}


def check_sparse():
    dense = np.array([[1.0, 0.0], [0.0, 2.0]])
    for kind in (sp.csr_matrix, sp.csc_array, sp.bsr_array, sp.coo_array, sp.dia_array, sp.lil_array, sp.dok_array):
        found = recorded(kind(dense))
        assert (found[0, ".shape[0]"], found[0, ".shape[1]"]) == (2, 2), kind
        numbers = [x for value in found.values() for x in np.ravel(value)]
        assert 1.0 in numbers and 2.0 in numbers, (kind, found)
        assert recorded.counters["values_not_understood"] == 0, kind


def check_splines_and_polynomials():
    from scipy.interpolate import BSpline, CubicSpline

    found = recorded(CubicSpline([0.0, 1, 2], [1.0, 2, 0]), BSpline([0, 0, 1, 1.0], [1.0, 2], 1), np.poly1d([1.0, 2.0]), np.polynomial.Polynomial([3.0, 4.0]))
    assert found[0, ".x"].tolist() == [0, 1, 2] and found[0, ".c"].shape == (4, 2)
    assert found[1, ".t"].tolist() == [0, 0, 1, 1]
    assert found[2, ".coeffs"].tolist() == [1, 2] and found[3, ".coef"].tolist() == [3, 4]


def check_xarray():
    try:
        import xarray
    except ImportError:
        return
    array = xarray.DataArray(np.eye(2), dims=["x", "y"], coords={"x": [1.0, 2.0]})
    other = xarray.Variable("x", [5.0, 6.0])
    found = recorded(array, xarray.Dataset({"v": ("x", [1.0, 2.0])}, coords={"x": [5.0, 6.0]}), other)
    assert found[0, ".values"].tolist() == np.eye(2).tolist() and found[0, ".coords['x']"].tolist() == [1, 2]
    assert found[1, "['v']"].tolist() == [1, 2] and found[1, "['x']"].tolist() == [5, 6]
    assert found[2, ""].tolist() == [5, 6]
    assert recorded.counters["values_not_understood"] == 0


def check_torch():
    try:
        import torch
    except ImportError:
        return
    layer = torch.nn.Linear(2, 1)
    found = recorded(torch.ones(2, 3), layer.bias, layer, torch.ones(2, dtype=torch.bfloat16))
    assert found[0, ""].shape == (2, 3) and found[0, ""].dtype == np.float32
    assert found[2, ".weight"].tolist() == layer.weight.detach().numpy().tolist()
    assert recorded.counters["values_not_understood"] == 1


if __name__ == "__main__":
    run_checks(globals())
