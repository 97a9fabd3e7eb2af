"""Every kind of callable gets perturbed inputs and gives perturbed outputs."""

import json
import sys
from collections.abc import Callable

import numpy as np
import pytest

Traced = Callable[..., str]

KINDS = {
    "Python function": ("def f(x): return 2 * x", "f(X)", "f"),
    "lambda": ("f = lambda x: 2 * x", "f(X)", "<lambda>"),
    "method": ("class C:\n def f(self, x): return 2 * x", "C().f(X)", "C.f"),
    "class method": ("class C:\n @classmethod\n def f(cls, x): return 2 * x", "C.f(X)", "C.f"),
    "static method": ("class C:\n @staticmethod\n def f(x): return 2 * x", "C.f(X)", "C.f"),
    "property": ("class C:\n @property\n def f(self): return np.negative(X)", "C().f", "C.f"),
    "decorated": (
        "import functools\ndef d(g):\n @functools.wraps(g)\n def w(*a, **k): return g(*a, **k)\n return w\n"
        "@d\ndef f(x): return 2 * x",
        "f(X)",
        "f",
    ),
    "default": ("def f(x=2.0 / 3): return np.divide(X, x)", "f()", "f"),
    "keyword only": ("def f(*, x): return 2 * x", "f(x=X)", "f"),
    "star arguments": ("def f(y, *x): return y * x[1] * x[0]", "f(2, X, 1)", "f"),
    "double star": ("def f(y, *x, z=0, **k): return y * k['x'] + z", "f(2, 0, x=X, z=X)", "f"),
    "closure cell": ("def f(x):\n def h(): return 2 * x\n return h()", "f(X)", "f"),
    "called back": ("def f(x): return 2 * x", "np.apply_along_axis(f, 0, X)", "f"),
    "nested": ("def g(x): return 2 * x\ndef f(x): return g(x)", "f(X)", "f"),
    "ufunc": ("", "np.multiply(X, X)", "numpy.multiply"),
    "ufunc by keyword": ("", "np.add(X, X, dtype=float)", "numpy.add"),
    "operator": ("", "X - 2 * X", "numpy.subtract"),
    "ufunc method": ("", "np.add.reduce(X)", "numpy.ufunc.reduce"),
    "dispatcher": ("", "np.linalg.norm(X)", "numpy.linalg.norm"),
    "builtin": ("", "np.vdot(X, X)", "numpy.vdot"),
    "einsum": ("", "np.einsum('ij,kj->ik', X, X)", "numpy.einsum"),
    "method of a C type": ("", "X.dot(X.T)", "numpy.ndarray.dot"),
    "f2py": ("from scipy.linalg.blas import ddot", "ddot(X.ravel(), X.ravel())", "scipy.linalg._fblas"),
    "Cython": (
        "from scipy.spatial._hausdorff import directed_hausdorff as f",
        "f(X, 2 * X, seed=0)[0]",
        "scipy.spatial._hausdorff",
    ),
    "library": ("from scipy import linalg", "linalg.expm(X[:, :3])", "scipy.linalg.expm"),
}

VALUES = [[0.1, 0.17, 0.24, 0.31], [0.39, 0.46, 0.53, 0.61], [0.68, 0.75, 0.83, 0.9]]

PROGRAM = f"""
import json
KINDS = {KINDS!r}
import numpy as np
X = np.array({VALUES})
found = {{}}
for name, (setup, expression, _) in KINDS.items():
    space = {{"np": np, "X": X, "__name__": name.replace(" ", "_")}}
    exec(compile(setup, "<string>", "exec"), space)
    found[name] = np.ravel(eval(expression, space)).tolist()
assert X.tolist() == {VALUES}
print(json.dumps(found))
"""

ONLY = ",".join(
    f"{name.replace(' ', '_')}.{function}" if function[:5] not in ("numpy", "scipy") else function
    for name, (_, _, function) in KINDS.items()
)


@pytest.mark.parametrize("model", ["rr", "pb", "mca"])
def test_every_kind_of_callable(model: str, traced: Traced) -> None:
    plain = json.loads(traced(PROGRAM, model="none"))
    for option in (f'only="{ONLY}"', "exclude=nothing"):
        found = json.loads(traced(PROGRAM, model=f"{model}:precision=12,{option}"))
        for name in KINDS:
            a, b = np.array(found[name]), np.array(plain[name])
            given = name == "default" and sys.version_info < (3, 12)  # 3.11 fills defaults in before the call
            no_input = model == "pb" and name in ("property", "default") and "only" in option and not given
            assert (a == b).all() if no_input else (a != b).mean() > 0.7, name
            assert (np.abs(a - b) <= np.abs(b) * 2.0**-9).all(), name
