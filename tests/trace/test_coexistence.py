"""Programs that signal, trace, debug, fork or end in their own ways do the same while they are recorded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = {
    "signals": """
import signal, time
import numpy as np
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(float(np.sum(np.ones(3)))))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
end = time.monotonic() + 0.3
while time.monotonic() < end:
    np.sin(np.ones(1000))
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(seen) > 3, set(seen))
""",
    "asyncio": """
import asyncio
import numpy as np
async def add(n):
    await asyncio.sleep(0.001 * n)
    return float(np.sum(np.arange(n)))
async def main():
    print(await asyncio.gather(*(add(n) for n in range(5))))
    print(await asyncio.get_running_loop().run_in_executor(None, np.prod, [2, 3]))
asyncio.run(main())
""",
    "settrace": """
import sys
import numpy as np
events = []
def tracer(frame, event, argument):
    if frame.f_code.co_filename.endswith("program.py"):
        events.append((event, frame.f_lineno))
    return tracer
def f(x):
    y = np.sqrt(x)
    return y + 1
def g():
    yield f(4.0)
    raise ValueError
sys.settrace(tracer)
f(2.0)
try:
    list(g())
except ValueError:
    pass
sys.settrace(None)
print(events)
""",
    "setprofile": """
import sys, threading
import numpy as np
events = []
def f(x):
    return np.add(x, 1)
def profiler(frame, event, argument):
    if frame.f_code.co_filename.endswith("program.py"):
        events.append((event, frame.f_lineno, getattr(argument, "__name__", None) if event.startswith("c_") else None))
sys.setprofile(profiler)
f(2.0)
[f(x) for x in (1, 2)]
np.ones(3).sum()
sys.setprofile(None)
print(events)
""",
    "pdb": """
import io, pdb
import numpy as np
def f(x):
    y = np.sqrt(x)
    return y + 1
debugger = pdb.Pdb(stdin=io.StringIO("step\\nnext\\nnext\\np y\\nwhere\\ncontinue\\n"), nosigint=True, readrc=False)
debugger.use_rawinput = False
print(debugger.runcall(f, 4.0))
""",
    "rounding": """
import ctypes
import numpy as np
libm = ctypes.CDLL("libm.so.6")
def total():
    return sum(1.0 / n for n in range(1, 1000)).hex(), float(np.sum(1.0 / np.arange(1.0, 1000.0))).hex()
print(total())
for mode in (0x800, 0x400, 0xC00, 0):
    libm.fesetround(mode)
    print(total(), libm.fegetround())
""",
    "seterr": """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    np.ones(2) / np.zeros(2)
print([str(warning.message) for warning in seen])
with np.errstate(all="raise"):
    try:
        np.ones(2) / np.zeros(2)
    except FloatingPointError as error:
        print(error)
seen = []
with np.errstate(divide="call", call=lambda *what: seen.append(what)):
    np.log(np.zeros(1))
print(seen, np.geterr())
""",
    "daemon": """
import threading, time
import numpy as np
def work():
    while True:
        np.sum(np.sin(np.arange(100.0)))
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
print("end")
""",
    "shutdown": """
import atexit
import numpy as np
class Last:
    def __del__(self):
        print("deleted", float(self.sum([1.0, 2.0])))
    sum = staticmethod(np.sum)
kept = Last()
kept.itself = kept
def f(x):
    return np.sqrt(x)
atexit.register(lambda: print("at exit", float(f(4.0))))
print("end")
""",
    "code replaced": """
import gc
def first(x):
    first.__code__ = second.__code__
    gc.collect()
    return [float(i) for i in range(50)][x]
def second(x):
    return x + 1
def again(code=first.__code__):
    first.__code__ = code
for x in range(30):
    print(first(x), first(x))
    again()
""",
    "descriptors closed": """
import os
def f(x):
    return x + 1.0
def g(x):
    for i in range(2000):
        f(1.0)
    os.closerange(3, 200)
    with open("mine", "wb") as file:
        file.write(b"~" * (1 << 20))
    kept = [os.open("mine", os.O_RDWR) for _ in range(40)]
    for i in range(2000):
        f(float(i))
    with open("mine", "rb") as file:
        return set(file.read()), len(kept)
print(g([1.0]))
""",
    "fork": """
import os
import numpy as np
for status in (0, 7):
    if os.fork() == 0:
        print("child", float(np.sum(np.ones(3))), flush=True)
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
""",
    "os_exit": """
import os
import numpy as np
print(float(np.sum(np.ones(3))), flush=True)
os._exit(5)
""",
}


def ending(folder: Path, command: list[str]) -> tuple[int, str]:
    """Exit status and output of the program in the folder."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_recorded_as_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAMS[name])
    status, printed = ending(tmp_path, ["program.py"])
    options = ["--trace", "numpy", "--trace", "__main__"]
    traced = ending(tmp_path, ["-m", "pytracer", "trace", *options, "--command", "program.py"])
    assert printed
    assert traced == (min(status, 1), printed)


def test_coverage_sees_the_same_lines(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAMS["settrace"].replace("sys.settrace", "repr"))
    found = []
    for command in (["-m"], ["-m", "pytracer", "trace", "--trace", "numpy", "--trace", "program", "--command", "-m"]):
        status, _ = ending(tmp_path, [*command, "coverage", "run", "--include=program.py", "program.py"])
        assert status == 0
        found.append(ending(tmp_path, ["-m", "coverage", "report", "--show-missing"]))
        (tmp_path / ".coverage").unlink()
    assert found[0] == found[1]
    assert "program.py" in found[0][1]
