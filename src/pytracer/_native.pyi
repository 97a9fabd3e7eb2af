"""The native core. Each function names the C file that implements it."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from numpy.typing import NDArray

Buffer = NDArray[Any]
"""A contiguous array."""

RECORD: int
"""Hook flag: record every call."""
RECORD_DIRECT: int
"""Hook flag: record the calls that the user's own code makes itself."""
NOISE: int
"""Hook flag: the call runs under a random rounding mode while native noise is on."""
DENIED: int
"""Hook flag: the call would break under a random rounding mode; it runs to nearest and is counted while noise is on."""
INEXACT: int
"""Hook flag: the numbers of the call are perturbed while `start_inexact` is in force."""
LAST_BIT: int
"""Hook flag: a function of `math` or `cmath`, perturbed where the user's own code calls it (builtin_math.c)."""
WRITES_FIRST: int
"""Hook flag, beside NOISE: the call returns nothing, and writes its results into the first array that it is given."""
WRITES_LAST: int
"""Hook flag, beside NOISE: the call returns nothing, and writes its results into the last array that it is given."""
TO_NEAREST: int
"""Hook flag: NumPy's loops round to nearest while the call runs."""
HAS_SELF: int
"""Hook flag: a C function that gets its object as first argument (methods)."""
BY_SELF: int
"""Hook flag: name the function after its object, as in `add.reduce`."""

class BlasLibrary(TypedDict):
    """What has been done to a BLAS library (blas.c)."""

    path: str
    config: str  # as the library describes its build; or empty
    core: str  # processor that its kernels are for; or empty
    kernels: int  # of its kernels, how many draw a mode
    routines: int  # of its LAPACK routines
    depths: int  # types of matrix products whose blocks are less deep
    why: str | None  # it is left alone

def start_recorder(
    trace: str,
    process: str,
    origin: str | None,
    *,
    array_bytes: int,
    trace_bytes: int,
    depth: int,
    items: int,
    backtrace: bool,
    follow: bool,
) -> None:
    """Record into the folder `process` of the directory `trace`; `origin` is the text of its process.json (lane.c).

    Arrays above `array_bytes` are recorded by shape only, and so are those after three quarters of `trace_bytes`;
    beyond `trace_bytes` (0: no limit), which all processes share, calls are dropped. Containers are entered `depth`
    levels deep and their first `items` items are recorded. With `backtrace` every call has its Python stack; with
    `follow` forked children record too. Raises FileExistsError when there is such a process, OSError when tables cannot
    be created.
    """

def stop_recorder() -> None:
    """Close the tables; safe when none are open (lane.c)."""

def next_child(starts: bool, /) -> tuple[str, int, str, int]:
    """This process, the number of its child that `starts` now (else 0), lane and row of the running call (lane.c)."""

def environment() -> list[bytes]:
    """The environment as a child would inherit it, "NAME=value" each (module.c)."""

def counters() -> dict[str, int]:
    """The COUNTERS record of this process, as in records/schema.py (lane.c)."""

def add_coverage(event: str, name: str, why: str) -> None:
    """Append a line to coverage.jsonl (texts.c)."""

def start_hooks(roots: tuple[str, ...], exclude: tuple[str, ...], files: tuple[str, ...], record: bool) -> None:
    """Make hooks work, and say what is the user's own code (code.c, hook_python.c).

    Code is the user's when its file is one of `files`, or starts with one of `roots` and with none of `exclude`. With
    `record` its functions are recorded as they are made.
    """

def select_functions(wanted: tuple[str, ...], included: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    """Choose functions by patterns as in trace/patterns.py (selection.c).

    Chosen is what matches one of `wanted` and one of `included`, where these are not empty, and none of `excluded`.
    """

def is_selected(module: str, name: str) -> bool:
    """Whether `select_functions` chose `module.name`. The user's own functions are asked for natively (selection.c)."""

def unmatched_patterns() -> list[int]:
    """Which patterns matched nothing that was asked for: indices into wanted + included + excluded (selection.c)."""

def stop_hooks() -> None:
    """Restore every pointer (hook_python.c, hook_builtin.c, hook_slot.c)."""

def hook(callable: object, module: str, name: str, kind: str, flags: int, /) -> str | None:
    """Hook one callable in place; None when it is hooked, else the reason why it cannot be (module.c)."""

def watch(function: object, purpose: str, /) -> str | None:
    """Let the recorder learn from the calls of a function; None, or the reason why it cannot (watch.c).

    Purposes: "thread_start" (threads.c), "task_made", "task_run", "task_got" (tasks.c).
    """

def next_part(number: int, /) -> None:
    """The worker of a pool goes on to this part of its task; nothing happens outside tasks (tasks.c)."""

def watch_imports(packages: tuple[str, ...], loaded: Callable[[], None]) -> None:
    """Call `loaded` after each outermost import of a module of one of these top-level `packages` (imports.c)."""

def numpy_loaded() -> None:
    """NumPy is imported: arrays and NumPy scalars can be recorded from now on (values.c)."""

def set_adapter(find: Callable[[type], Callable[[object], object] | None], /) -> None:
    """How objects are taken apart (types.c, objects.c).

    `find` is asked once for each type that the recorder does not understand, for a function that returns the parts of
    an object: a list of pairs (path, value), a dict of attributes, or None for an object that it does not understand.
    What they raise goes into the coverage as `adapter_failed`.
    """

def start_noise(seed: int, native: bool, nearness: bool = False) -> None:
    """Seed the streams of all threads; with `native`, hooked NOISE calls get random rounding modes (rounding.c).

    With `nearness` each operation rounds to either neighbour with probability in proportion to the distance of the
    other one, else with equal probability (error_free.h).
    """

def stop_noise() -> None:
    """No more noise; NumPy's own loops are back (rounding.c, loops.c)."""

def install_loops(ufuncs: Sequence[object]) -> list[str]:
    """Give these ufuncs stochastic inner loops; returns the names of those that have one (loops.c)."""

def install_scalars() -> None:
    """Give NumPy's float and complex scalars stochastic arithmetic (numpy_scalars.c)."""

def install_builtins() -> None:
    """Let `sum` round at random where the user's own code calls it (builtin_math.c)."""

def install_blas() -> None:
    """Draw modes anew inside the BLAS libraries loaded since the last call, while there is native noise (blas.c)."""

def describe_blas() -> None:
    """Find the BLAS libraries that `install_blas` has not, and leave them as they are for good (blas.c)."""

def blas_libraries() -> list[BlasLibrary]:
    """The BLAS libraries that `install_blas` and `describe_blas` have found (blas.c)."""

def set_array_offset(offset: int, /) -> None:
    """Put the elements of new NumPy arrays this many bytes after a multiple of 64: 0, 16, 32 or 48 (alignment.c).

    Holds for this thread's context; NumPy must be imported. What was made before stays where it is.
    """

def start_inexact(
    *,
    seed: int,
    inputs: bool,
    outputs: bool,
    precision: int,
    precision32: int,
    whole: bool,
    only: tuple[str, ...],
    exclude: tuple[str, ...],
) -> None:
    """Perturb what INEXACT calls, and those of the user's own functions, are given and give back (inexact.c).

    `precision` and `precision32` are the bits of the significand of float64 and float32 that stay; with `whole`, whole
    numbers are perturbed, too. `only` and `exclude` are patterns as in trace/patterns.py; without `only` a function
    that is not the user's own is perturbed where the user's own code calls it directly. Raises ValueError for
    precisions out of range.
    """

def stop_inexact() -> None:
    """Perturb no more (inexact.c)."""

def is_inexact(module: str, name: str) -> bool:
    """Whether the patterns of `start_inexact` choose `module.name` (selection.c)."""

def inexact_functions() -> int:
    """How many functions have been called with perturbed inputs or outputs (inexact.c)."""

def unmatched_inexact() -> list[int]:
    """Which of these patterns matched nothing that was asked for: indices into only + exclude (selection.c)."""

def has_native_rounding() -> bool:
    """Whether this processor's rounding mode can be set (rounding.c)."""

def fingerprint_calls(
    calls: Buffer, values: Buffer, payload: Buffer, names: Buffer, bits: Buffer, out: Buffer, stride: int, /
) -> None:
    """Tokens of what calls were given, at each of `bits` of floats (fingerprints.c; parse/tokens.py).

    `calls` and `values` are CALL and VALUE records, `names` (uint32) the number of each name id, `bits` int32 from 0 to
    52, at most 8 of them. Row i of `out` (uint64) begins at i * `stride` and gets one token a call. Raises ValueError
    when it is too small.
    """

def match_trees(
    parent: Buffer,
    key: Buffer,
    tokens: Buffer,
    other_parent: Buffer,
    other_key: Buffer,
    other_tokens: Buffer,
    bits: Buffer,
    match: Buffer,
    moved: Buffer,
    sure: int,
    cells: int,
    edits: int,
    /,
) -> int:
    """Match the calls of two trees (trees.c, lists.c; parse/match.py); the number of gaps cut into windows.

    Of each side: `parent` int32 (n,), smaller than its own row, `key` int64 (n,), `tokens` uint64 (levels, n). Written
    are `match` int32 (n,), rows of the other side or -1, and `moved` uint8 (n,). `sure` is the level that proves that
    neighbours match, `cells` and `edits` bound the work for a gap. Raises ValueError when the columns do not fit.
    """

class Operation:
    """What rewritten code calls instead of an operator (python_floats.c, noise/rewriting.py)."""

    __name__: str
    def __call__(self, *operands: object) -> object: ...
    def __getitem__(self, key: object) -> object: ...

add: Operation
"""a + b: rounded at random between floats, ints with floats, and complex numbers; else what the interpreter does."""
subtract: Operation
multiply: Operation
divide: Operation
power: Operation
augmented_add: Operation
"""a += b. The first operand may also be what `load_item` or `load_attribute` returned: so is the result then."""
augmented_subtract: Operation
augmented_multiply: Operation
augmented_divide: Operation
augmented_power: Operation
addend: Operation
"""addend(a, b): what a + b can be computed with instead of b, with the noisy result."""
load_item: Operation
"""The place a[key], read."""
load_attribute: Operation
"""The place a.name, read."""
store_item: Operation
"""Write back what stands in a place."""
store_attribute: Operation
key: Operation
"""key[i:j] is the slice itself."""

def summarise_values(
    payloads: tuple[Buffer, ...],
    starts: Buffer,
    sizes: Buffer,
    unperturbed: Buffer | None,
    unperturbed_starts: Buffer | None,
    dtype: str,
    rule: tuple[bool, bool, float, float],
    out: Buffer,
    keep: int,
    mapped: bool,
    /,
) -> None:
    """Statistics of V values in N samples, read straight from their payloads; the GIL is released (summaries.c).

    `starts` (N, V), `sizes` (V,) and `unperturbed_starts` (V,) are int64: offsets in bytes, -1 for no unperturbed one,
    and numbers of elements. `rule` is (general, to_reference, delta, precision) as in parse/measure.py::Rule. `out`
    (float64, (columns, V)) gets the columns of parse/numbers.py::Summary. Up to `keep` elements of a value quantiles
    are exact, beyond to 1/256 bit. Pages of `mapped` payloads are dropped once they have been read. Raises ValueError
    for places outside a payload and for types other than float16 to float64, complex and int64.
    """

def measure_elements(
    payloads: tuple[Buffer, ...],
    starts: Buffer,
    sizes: Buffer,
    unperturbed: Buffer | None,
    unperturbed_starts: Buffer | None,
    dtype: str,
    rule: tuple[bool, bool, float, float],
    out: Buffer,
    /,
) -> None:
    """Likewise of every element, into `out` (float64, (6, M)) (summaries.c).

    The rows are mean, std, mean_imag, std_imag, bits, bits_imag.
    """
