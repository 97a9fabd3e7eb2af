"""What the records of a traced program say: who called whom, from where, with what, and how it ended."""

import subprocess
import sys
import textwrap

import numpy as np
from tracing import Run

PROGRAM = textwrap.dedent("""\
    import math
    import numpy as np

    def leaf(x, *, scale=1.0):
        return x * scale

    def middle(values):
        total = 0.0
        for value in values:
            total += leaf(value,
                          scale=2.0)
        return total

    def fails(x):
        raise KeyError(x)

    def outer(values):
        try:
            fails("no")
        except KeyError:
            pass
        return middle(values) + leaf(1.0)

    def scale(a, factor, unchanged):
        a *= factor

    print(outer([1.0, 2.0]))
    v = np.array([3.0, 1.0, 2.0])
    scale(v, 2.0, np.ones(2))
    v.sort()
    np.linalg.norm(v)
    np.add.at(v, [0, 0], 1.0)
    print(v)
    """)


def test_calls_of_user_code(traced: Run) -> None:
    ran = traced(PROGRAM)
    assert ran.out == "7.0\n[4. 4. 6.]\n"
    calls = [call for call in ran.calls() if call.caller in ("outer", "middle", "<module>")]
    user = [call for call in calls if call.name in ("outer", "fails", "middle", "leaf")]
    assert [(call.name, call.line, call.caller, call.depth) for call in user] == [
        ("outer", 27, "<module>", 0),
        ("fails", 19, "outer", 1),
        ("middle", 22, "outer", 1),
        ("leaf", 10, "middle", 2),
        ("leaf", 10, "middle", 2),
        ("leaf", 22, "outer", 1),
    ]
    rows = {call.row: call for call in calls}
    assert [rows[call.parent].name if call.parent >= 0 else None for call in user] == [
        None, "outer", "outer", "middle", "middle", "outer",
    ]  # fmt: skip
    assert [call.outcome for call in user] == ["RETURNED", "RAISED", *["RETURNED"] * 4]
    assert user[1].error == "KeyError"
    assert user[0].args == [(0, "[0]", 1.0), (0, "[1]", 2.0)]
    assert [(call.values, call.kwargs, call.result) for call in user[3:5]] == [
        ([1.0], {"scale": 2.0}, 2.0),
        ([2.0], {"scale": 2.0}, 4.0),
    ]
    assert user[0].result == 7.0


def test_functions_and_end_of_the_trace(traced: Run) -> None:
    trace = traced(PROGRAM).read()
    assert trace.ended_ns is not None
    assert trace.notes == ()
    functions = {function.name: function for function in trace.processes[0].functions.rows}
    assert functions["leaf"].module == "__main__"
    assert functions["leaf"].kind == "python"
    assert functions["leaf"].line == 4
    assert functions["leaf"].params[:1] == ("x",)
    for _, lane in trace.lanes():
        calls = lane.calls
        assert np.all(calls["exit_ns"] >= calls["enter_ns"])
        assert np.all(np.diff(calls["enter_ns"].astype(np.int64)) >= 0)
        inside = calls[calls["parent"] >= 0]
        parents = calls[inside["parent"]]
        assert np.all(parents["enter_ns"] <= inside["enter_ns"])
        assert np.all(parents["exit_ns"] >= inside["exit_ns"])


def test_changed_arguments_are_recorded_again(traced: Run) -> None:
    ran = traced(PROGRAM)
    (scale,) = ran.calls("scale")
    assert scale.values[0].tolist() == [3.0, 1.0, 2.0]
    assert list(scale.after) == [0]
    assert scale.after[0].tolist() == [6.0, 2.0, 4.0]
    (sort,) = ran.calls("ndarray.sort")
    assert sort.values[0].tolist() == [6.0, 2.0, 4.0]
    assert sort.after[0].tolist() == [2.0, 4.0, 6.0]
    (at,) = ran.calls("add.at")
    assert at.after[1].tolist() == [4.0, 4.0, 6.0]


def test_only_direct_calls_of_packages_by_default(traced: Run) -> None:
    names = [call.name for call in traced(PROGRAM).calls()]
    assert "norm" in names
    norm = traced(PROGRAM, targets=("numpy.linalg",)).calls()
    assert "norm" in {call.name for call in norm}
    assert "ndarray.sort" not in {call.name for call in norm}
    everything = traced(PROGRAM, targets=("numpy",)).calls()
    inside = [call for call in everything if call.depth > 0]
    assert len(inside) > 2  # what norm calls itself


SHOWN = """
import sys, os, __main__
print(__name__, sys.argv, __file__ == __main__.__file__, sys.path[0] == os.path.dirname(os.path.abspath(__file__)))
print(sorted(name for name in globals() if not name.startswith("__")))
print(sys.modules["__main__"] is __main__, os.getcwd() == os.path.dirname(os.path.abspath(__file__)))
import pickle
class Own: pass
print(pickle.loads(pickle.dumps(Own())).__class__ is Own, sys.exc_info(), sys.getrecursionlimit(), sys.gettrace())
def f(x):
    return 1 / x
try:
    f(0)
except ZeroDivisionError:
    import traceback
    traceback.print_exc()
print(sys._getframe().f_back is None or sys._getframe().f_back.f_code.co_name)
f(0)
"""


def test_program_sees_what_python_gives_it(traced: Run) -> None:
    ran = traced(SHOWN, "a", "b c", status=1)
    plain = subprocess.run(
        [sys.executable, str(ran.script), "a", "b c"],
        cwd=ran.script.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert plain.returncode == 1
    shown, expected = ran.out.splitlines(), plain.stdout.splitlines()
    assert shown[:-1] == expected[:-1]  # the last line names the frame that runs the program
    assert ran.err == plain.stderr
    assert [call.error for call in ran.calls("f")] == ["ZeroDivisionError"] * 2


ENDINGS = {"sys.exit(3)": 3, "os._exit(4)": 4, "os.kill(os.getpid(), 9)": -9, "os.abort()": -6, "raise SystemExit": 0}


def test_every_end_keeps_the_calls(traced: Run) -> None:
    for ending, status in ENDINGS.items():
        ran = traced(
            f"import os, sys\ndef f(x):\n    return x\ndef g():\n    f(2)\n    {ending}\nf(1)\ng()\n", status=status
        )
        assert [(call.name, call.outcome) for call in ran.calls()] == [
            ("f", "RETURNED"),
            ("g", "RUNNING" if ending[:4] in ("os._", "os.k", "os.a") else "RAISED"),
            ("f", "RETURNED"),
        ], ending
        for file in ran.trace.rglob("*.*n*"):
            file.unlink()


VALUES = """
import numpy as np
def f(*values, **named):
    return None
class Hostile:
    def __getattribute__(self, name): raise RuntimeError(name)
    def __eq__(self, other): raise RuntimeError
    def __bool__(self): raise RuntimeError
    def __len__(self): raise RuntimeError
    def __repr__(self): raise RuntimeError
    __hash__ = None
class Count(np.ndarray):
    made = 0
    def __array_finalize__(self, obj): Count.made += 1
class MyFloat(float):
    def __float__(self): raise RuntimeError
class MyInt(int):
    def __index__(self): raise RuntimeError
    def __int__(self): raise RuntimeError
class MyDict(dict):
    def __iter__(self): raise RuntimeError
    def items(self): raise RuntimeError
class MyList(list):
    def __iter__(self): raise RuntimeError
    def __getitem__(self, i): raise RuntimeError
cyclic = []; cyclic.append(cyclic)
f(Hostile(), MyFloat(1.5), MyInt(7), MyDict(a=1), MyList([1]), cyclic, 10**30, -10**30, 2**63, 'text', None, True, 1j)
f(np.arange(12.0).reshape(3, 4)[:, ::2], np.float32(0.1), np.int8(3), np.bool_(True), np.complex64(1j), np.float16(0.5), np.longdouble(1))
counted = np.arange(12.0).reshape(3, 4).view(Count)
made = Count.made
f(counted)
print(Count.made - made)
f(np.array(["a", None], dtype=object), np.array(["x"]), np.zeros((0, 3)), np.zeros(()), np.array(1, "M8[s]"), b"", {1: 2.0})
f(**{"\\ud800": 1, "": 2, "x" * 1000: 3, "a.b": 4})
f(*range(70000))
f([float(i) for i in range(100)], list(range(100)), {str(i): i for i in range(100)}, [[[[[[1]]]]]])
"""


def test_values_of_every_type(traced: Run) -> None:
    ran = traced(VALUES)
    first, arrays, contiguous, odd, names, many, containers = ran.calls("f")
    values = first.values
    assert values[0] == "__main__.Hostile"
    assert values[1:4] == [1.5, 7, 1]
    assert [value for value in values if isinstance(value, int) and abs(value) > 2**62] == [10**30, -(10**30), 2**63]
    assert values[-1] == 1j
    assert arrays.values[0].tolist() == np.arange(12.0).reshape(3, 4)[:, ::2].tolist()
    assert arrays.values[1] == float(np.float32(0.1))
    assert arrays.values[2:6] == [3, True, 1j, 0.5]
    assert contiguous.values[0].tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert odd.outcome == names.outcome == "RETURNED"
    assert odd.args[:2] == [(0, "[0]", odd.values[0]), (0, "[1]", None)]
    assert odd.values[2].tolist() == ["x"]
    assert odd.values[3].shape == (0, 3)
    assert sorted(value for value in names.kwargs.values() if isinstance(value, int))[-1] == 4
    assert len(many.values) >= 4096
    assert containers.values[0].tolist() == [float(i) for i in range(100)]
    assert ran.counters()["values_truncated"] > 0
    assert ran.out == "0\n", "recording ran code of the program"


STRIDED = """
import numpy as np
class Count(np.ndarray):
    made = 0
    def __array_finalize__(self, obj): Count.made += 1
def f(x):
    return None
strided = np.arange(12.0).reshape(3, 4).view(Count)[:, ::2]
made = Count.made
f(strided)
print(Count.made - made)
"""


def test_recording_a_strided_array_runs_no_code_of_its_type(traced: Run) -> None:
    assert traced(STRIDED).out == "0\n"
