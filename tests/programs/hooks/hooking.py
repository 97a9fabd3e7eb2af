"""Hooks callables of this process, records the calls of a block and reads them back; runs the checks of a program."""

import json
import sys
import tempfile
import traceback
import types
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytracer import _native

META = {"schema": 1, "sample": 0, "noise": {"model": "none", "seed": 0, "layers": [], "missing": []}, "command": []}
METHODS = (types.MethodDescriptorType, types.ClassMethodDescriptorType)


@dataclass
class Call:
    """One recorded call."""

    lane: str
    row: int
    name: str
    parent: int
    depth: int
    outcome: str
    line: int
    caller: str
    args: list = field(default_factory=list)  # (position, path, value)
    kwargs: dict = field(default_factory=dict)
    returned: dict = field(default_factory=dict)  # path -> value
    after: dict = field(default_factory=dict)  # position -> value
    changed: list = field(default_factory=list)  # (position, path, value) of arguments after the call
    error: str | None = None
    generator: bool = False

    @property
    def values(self):
        """Values of the positional arguments."""
        return [value for _, _, value in self.args]

    @property
    def result(self):
        """The returned value, when it is a single one."""
        (value,) = self.returned.values()
        return value


def read_calls(folder):
    """All calls of a trace, lane after lane."""
    import numpy as np

    from pytracer.records.reader import Opaque, Trace
    from pytracer.records.schema import CallFlag, Outcome, Role

    def plain(value):
        return np.array(value) if isinstance(value, np.ndarray) else value.detail if isinstance(value, Opaque) else value

    calls = []
    for process, lane in Trace.open(folder).lanes():
        for row, record in enumerate(lane.calls):
            function = process.functions.get(int(record["function"]))
            site = process.sites.get(int(record["site"]))
            call = Call(
                f"{process.name}/{lane.name}", row, function.name, int(record["parent"]), int(record["depth"]),
                Outcome(int(record["outcome"])).name, site.line if site else 0, site.function if site else "",
            )
            call.generator = bool(record["flags"] & CallFlag.GENERATOR)
            for first, count in ((record["inputs"], record["n_inputs"]), (record["outputs"], record["n_outputs"])):
                for at in range(int(first), int(first) + int(count)):
                    value, name = plain(lane.value(at)), process.names.get(int(lane.values[at]["name"])) or ""
                    position = int(lane.values[at]["position"])
                    match Role(int(lane.values[at]["role"])):
                        case Role.POSITIONAL:
                            call.args.append((position, name, value))
                        case Role.KEYWORD:
                            call.kwargs[name] = value
                        case Role.RETURN:
                            call.returned[name] = value
                        case Role.AFTER:
                            call.after[position] = value
                            call.changed.append((position, name, value))
                        case Role.EXCEPTION:
                            call.error = value
            calls.append(call)
    return calls


def flags_of(each):
    """The hook flags that the scanner of targets would choose."""
    flags = _native.RECORD
    owner = getattr(each, "__self__", None)
    if isinstance(each, METHODS):
        flags |= _native.HAS_SELF
    elif isinstance(each, types.BuiltinFunctionType) and owner is not None and not isinstance(owner, types.ModuleType):
        flags |= _native.HAS_SELF
    return flags


def hook(each, name=None):
    """Hook one callable; returns the reason when it cannot be."""
    name = name or getattr(each, "__qualname__", None) or getattr(each, "__name__", None) or type(each).__name__
    kind = "python" if isinstance(each, types.FunctionType) else "callable"
    return _native.hook(each, getattr(each, "__module__", None) or "?", name, kind, flags_of(each))


class Calls(list):
    """The calls of a block, known once it has ended."""

    counters: dict

    def of(self, name):
        """Those of one function."""
        return [call for call in self if call.name == name]


@contextmanager
def recording(*targets, user=(), keep=None):
    """Record the calls that the block makes to `targets` and to functions defined in the files `user`."""
    calls = Calls()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary)
        (folder / "meta.json").write_text(json.dumps(META))
        if "numpy" in sys.modules:
            _native.numpy_loaded()
        _native.start_recorder(str(folder), "process-0", None, array_bytes=1 << 28, trace_bytes=0, depth=4, items=64, backtrace=False, follow=True)
        _native.start_hooks((), (), tuple(user), bool(user))
        try:
            refused = {repr(each): why for each in targets if (why := hook(each)) is not None}
            assert not refused, refused
            yield calls
        finally:
            _native.stop_hooks()
            calls.counters = _native.counters()
            _native.stop_recorder()
            (folder / "end.json").write_text('{"ended_ns": 1}')
        calls.extend(read_calls(folder))


def run_checks(namespace):
    """Run every `check_*` function and print one JSON line for each: its name and what failed, or null."""
    chosen = sys.argv[1:] or [name for name in namespace if name.startswith("check_")]
    for name in chosen:
        try:
            namespace[name]()
            failure = None
        except BaseException:  # a check may fail with any
            failure = traceback.format_exc()
        print(json.dumps({"check": name, "failure": failure}), flush=True)
