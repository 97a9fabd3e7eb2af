"""The trace format, version 1. This file is the specification; the C recorder and the reader follow it.

A trace is a directory. All integers and floats are little-endian; tables are append-only arrays of fixed-size records
without header, so `numpy.memmap(path, dtype=CALL)` reads them.

    <trace>/
      meta.json                 written at start: META_FIELDS below
      end.json                  written at a regular end; absent when the process was killed: {"ended_ns": int}
      spec.json                 what the parent asked the traced process to do
      exit.json                 written by the parent: {"status": int, "started": str, "duration_ns": int}; status:
                                minus the signal's number when one ended it; started: of the process, ISO 8601 with
                                zone; duration_ns: its wall time; older traces lack both times
      stdout.txt, stderr.txt    what the program printed, when `pytracer run` captured it
      pytracer.log              written by the parent, for people: how it started the process, and how that ended
      user.json                 which code is the user's own: {"roots": [str], "files": [str]}, for child processes
      bytes.bin                 one uint64, shared by all processes: bytes that the tables have put into their files
      process-0/                the first process; its children write process-0.1, process-0.2, ... in order of
                                creation, and process-0.0... when their start was not seen (those of a shell)
        process.json            not of process-0: PROCESS_FIELDS
        children.jsonl          one JSON object a line, CHILD_FIELDS: programs that it started (not its forks)
        functions.jsonl         one JSON object a line, FUNCTION_FIELDS; written when a function is first called
        sites.jsonl             one JSON object a line, SITE_FIELDS; written when a call site is first seen
        names.jsonl             one JSON object a line, {"id": int, "name": str}: keyword names, value paths, type names
        stacks.jsonl            one JSON object a line, STACK_FIELDS, when stacks are recorded
        coverage.jsonl          one JSON object a line, COVERAGE_FIELDS: what could not be observed
        counters.bin            one COUNTERS record, updated in place
        lane-0/                 one directory a thread: lane-0.2 is the second one that lane-0 started; foreign-1, ...
                                those that a library started without Python, in order of first recorded call
          calls.bin             CALL records, in order of call entry
          values.bin            VALUE records
          payload.bin           array contents and long integers
          tasks.bin             TASK records: what a worker of a pool did one after the other

Durability: what a table's writer has not put into the file yet stands in `<table>.tail` (a TAIL_HEADER, then the bytes
that follow the first `flushed` ones), which a regular end removes. It is memory-mapped, so every completed call
survives SIGKILL of the process: the table is then the first `flushed` bytes of the file and the `used - flushed` bytes
of the tail. An array block never straddles the two. A CALL with `enter_ns == 0` was never written, and one with
`outcome == RUNNING` had not returned.

History
    1   first version
"""

from enum import IntEnum, IntFlag

import numpy as np

SCHEMA_VERSION = 1

CALL = np.dtype(
    [
        ("enter_ns", "<u8"),  # CLOCK_MONOTONIC at entry, nanoseconds; 0 in a record that was never written
        ("exit_ns", "<u8"),  # CLOCK_MONOTONIC at exit; 0 while running
        ("parent", "<i8"),  # row of the enclosing recorded call in the same lane; -1 for a root
        ("inputs", "<u8"),  # first row in values.bin of the inputs, recorded at entry
        ("outputs", "<u8"),  # first row in values.bin of the outputs, recorded at exit
        ("function", "<u4"),  # id in functions.jsonl
        ("site", "<u4"),  # id in sites.jsonl of the place that made the call
        ("perturbations", "<u4"),  # noisy operations performed between entry and exit, callees included; saturates
        ("stack", "<u4"),  # id of the full Python stack; 0 when not recorded
        ("n_inputs", "<u2"),  # number of input VALUE records
        ("n_outputs", "<u2"),  # number of output VALUE records
        ("depth", "<u2"),  # number of enclosing recorded calls; saturates
        ("outcome", "u1"),  # Outcome
        ("flags", "u1"),  # CallFlag
    ]
)

VALUE = np.dtype(
    [
        ("kind", "u1"),  # Kind
        ("role", "u1"),  # Role
        ("position", "<u2"),  # index among the arguments by position or among those by name; 0 for outputs but AFTER
        ("name", "<u4"),  # id in names.jsonl: keyword name and/or path inside the value (PATHS); 0 for none
        ("data", "<u8"),  # meaning depends on Kind
        ("extra", "<u8"),  # meaning depends on Kind
    ]
)

PATHS = {
    "[2]": "item of a sequence, or of a dictionary under the number 2",
    "[1, 2]": "element of an array of objects",
    "{0}": "item of a set of anything but numbers, in order of iteration",
    "['a']": "item of a dictionary, field of a structured array, column of a DataFrame",
    "[#3]": "the fourth item of a dictionary whose key is no text, number, bool or None",
    ".a": "field of a named tuple, dataclass or namespace; item of a dictionary that gives its items as attributes; "
    "what an adapter calls so",
    ".data, .mask": "the two arrays of a masked array",
    ".start, .stop, .step": "a range",
}
"""The parts of a path inside a value. A key longer than 64 bytes is cut, and ends in '...'."""

ARRAY_HEADER = np.dtype(
    [
        ("dtype", "S16"),  # NumPy dtype string, such as b"<f8"; of omitted elements any kind, as in b"|O8"
        ("ndim", "<u4"),
        ("flags", "<u4"),  # ArrayFlag
    ]
)
"""Stands at the payload offset of an ARRAY value; `ndim` little-endian int64 lengths follow, then zero padding up to a
multiple of 16 bytes of the file offset, then the elements in C order."""

PAYLOAD_ALIGNMENT = 16

TASK = np.dtype(
    [
        ("call", "<u8"),  # row in calls.bin at which the task begins; it ends where the next record begins
        ("number", "<u8"),  # of the task; see TaskKind
        ("parent", "<i8"),  # row of the call that submitted it, in the lane `owner`; -1 when not known
        ("owner", "<u4"),  # id in names.jsonl of the lane that submitted it; 0 when not known
        ("kind", "<u4"),  # TaskKind
    ]
)
"""The workers of a pool take its tasks in an order that is a race: readers make a lane of every task (tasks.py)."""

TAIL_HEADER = np.dtype(
    [
        ("flushed", "<u8"),  # bytes of the table that stand in its file
        ("used", "<u8"),  # bytes of the table
        ("unused", "<u8", (6,)),
    ]
)

COUNTERS = np.dtype(
    [
        ("calls_recorded", "<u8"),
        ("calls_dropped", "<u8"),  # the disk was full, or a limit was reached
        ("values_not_understood", "<u8"),  # values of kind OBJECT
        ("values_truncated", "<u8"),  # containers cut at the depth or length limit
        ("arrays_omitted", "<u8"),  # arrays above the size limit or of an unsupported dtype
        ("bytes_omitted", "<u8"),
        ("noisy_loops", "<u8"),  # NumPy inner loops run with stochastic rounding
        ("noisy_elements", "<u8"),  # elements those loops computed
        ("inexact_elements", "<u8"),  # numbers whose rounding was drawn, or that inexact() perturbed
        ("noisy_native_calls", "<u8"),  # native calls under a random hardware rounding mode
        ("native_disabled", "<u8"),  # native calls of the deny-list, run to nearest
        ("noisy_scalars", "<u8"),  # operations on Python floats and NumPy scalars with stochastic rounding
        ("inexact_scalars", "<u8"),  # roundings in those operations that were drawn
    ]
)


class TaskKind(IntEnum):
    """Which pool a task belongs to, and what its number counts."""

    NONE = 0  # the worker is not at a task
    THREAD = 1  # concurrent.futures threads: tasks that the lane `owner` submitted
    EXECUTOR = 2  # concurrent.futures processes, loky: work id of the executor
    POOL = 3  # multiprocessing: job * 2**32 + part; the jobs of all pools of a process are counted together
    BATCH = (
        4  # joblib, whose batches depend on the time that tasks take: the calls it was given in the process, counted
    )


class Outcome(IntEnum):
    """How a call ended."""

    RUNNING = 0
    RETURNED = 1
    RAISED = 2


class CallFlag(IntFlag):
    """What is special about a call record."""

    INPUTS_CUT = 1  # more input values than the record can count
    OUTPUTS_CUT = 2
    GENERATOR = 4  # the call created a generator or coroutine: its iteration is not recorded


class Role(IntEnum):
    """Which part of a call a value belongs to."""

    POSITIONAL = 0  # argument by position; `position` is its index
    KEYWORD = 1  # argument by name; the name is the head of `name`
    RETURN = 2  # returned value
    AFTER = 3  # an argument that the call changed, at exit; one that was given by name has it as head of `name`
    EXCEPTION = 4  # type of the exception; `name` is its type name


class Kind(IntEnum):
    """Type of a value and meaning of `data` and `extra`."""

    NONE = 0
    BOOL = 1  # data: 0 or 1
    INT = 2  # data: int64
    BIGINT = 3  # data: payload offset of its hexadecimal digits (-0x1f), extra: number of bytes
    FLOAT64 = 4  # data: the bits of the float64; extra: 0, or the id of the type name of a Decimal or Fraction
    FLOAT32 = 5  # data: the bits of the value widened to float64
    FLOAT16 = 6  # likewise
    COMPLEX128 = 7  # data: bits of the real part, extra: bits of the imaginary part
    COMPLEX64 = 8  # likewise, widened
    ARRAY = 9  # data: payload offset of an ARRAY_HEADER, extra: number of bytes of the elements
    STR = 10  # data: 64-bit FNV-1a hash of the first 4096 UTF-8 bytes, extra: length in bytes
    OBJECT = 11  # extra: id in names.jsonl of the type name; data: 1 when not understood, 0 for a function, module, ...
    TRUNCATED = 12  # a container cut at a limit; extra: number of items left out (1 for an object)
    SEEN = 13  # a container or object that these values already hold (shared or cyclic); extra: rows back to its first
    BYTES = 14  # bytes, bytearray, numpy.void without fields; data and extra as for STR
    EMPTY = 15  # a container or object without items; extra: id in names.jsonl of the type name


class ArrayFlag(IntFlag):
    """What is special about an array block."""

    OMITTED = 1  # the shape is recorded, the elements are not
    PACKED = 2  # floats or ints of a list, tuple or object array, or of a set in ascending order, as one array


META_FIELDS = {
    "schema": "int, SCHEMA_VERSION",
    "pytracer": "version of pytracer",
    "python": "version of Python",
    "packages": "object: distribution name -> version, of the numeric packages that were imported at the end or start",
    "platform": "platform string",
    "processor": "model of the processor",
    "blas": "list of {'library': file, 'version': str, 'kernels': processor that its kernels are for}, at the end; "
    "a text is empty where a library does not say",
    "command": "list of str: what the user asked to run, such as ['script.py', '3'] or ['-m', 'module']",
    "directory": "working directory",
    "started": "ISO 8601 time with zone",
    "pid": "process id",
    "experiment": "id shared by all samples of one `pytracer run`; null for a single `pytracer trace`",
    "sample": "0 for the unperturbed reference, 1.. for the perturbed ones",
    "noise": "object: {'model': str, 'seed': int, 'layers': [str], 'missing': [str], "
    "'settings': {str: str}}; settings are what was varied around the process, such as environment variables",
    "targets": "object: {'trace': [str], 'exclude': [str], 'default': bool}",
    "environment": "object: allow-listed environment variables",
}

FUNCTION_FIELDS = {
    "id": "int",
    "module": "defining module",
    "name": "qualified name inside the module",
    "kind": "python | ufunc | builtin | method | dispatcher | cython | callable",
    "file": "source file or null",
    "line": "first line or null",
    "params": "list of parameter names, in order of position; may be empty when unknown",
}

SITE_FIELDS = {"id": "int", "file": "source file", "line": "line", "function": "qualified name of the caller"}

STACK_FIELDS = {"id": "int", "parent": "id of the caller's stack, 0 for none", "site": "id in sites.jsonl"}

PROCESS_FIELDS = {
    "pid": "process id",
    "how": "'fork' or 'exec'",
    "parent": "name of the process that made it; absent when not known",
    "lane": "lane that made it; null when not known",
    "call": "row of the call that made it in that lane; -1 for none",
}

CHILD_FIELDS = {"process": "name that it was given", "command": "the first words of its command"}

COVERAGE_FIELDS = {
    "event": "not_hookable | unknown_target | native_module_not_hooked | not_rewritten | adapter_failed | "
    "result_not_perturbed | argument_not_perturbed | argument_kept",
    "name": "what it is about",
    "why": "reason, for the user",
}
