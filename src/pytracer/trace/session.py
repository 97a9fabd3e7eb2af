"""One traced execution, seen from inside its process: start, what happens when packages arrive, end."""

import atexit
import itertools
import json
import os
import site
import sys
import sysconfig
import time
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

from pytracer import __version__, _native, noise
from pytracer.errors import PytracerError
from pytracer.noise.seeds import seed_of_sample
from pytracer.shared import LIMITS
from pytracer.trace import concurrency, hardware, native_modules
from pytracer.trace.adapters import Registry
from pytracer.trace.follow import ROOT, Follower, Place
from pytracer.trace.targets import Scanner, Selection, hook_all

SCHEMA_VERSION = 1  # records.schema.SCHEMA_VERSION; that module imports NumPy, which the program may not

ENVIRONMENT = (
    "PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "LD_PRELOAD",
)  # fmt: skip
"""Environment variables that can change results; no other is written to the trace."""

PACKAGES = ("numpy", "scipy", "sklearn", "pandas", "torch")

OURS = os.path.dirname(os.path.dirname(__file__))


class UserCode(NamedTuple):
    """Which source files are the user's own."""

    roots: tuple[str, ...]  # folders, each with a final separator
    files: tuple[str, ...]  # exact file names of code objects

    def exclude(self) -> tuple[str, ...]:
        """Folders of installed packages and of the standard library that are not the user's, though below a root."""
        return tuple(
            folder for folder in installed_folders() if not any(root.startswith(folder) for root in self.roots)
        )

    def finder(self) -> Callable[[str], bool]:
        """Whether a file is the user's own, as native/code.c decides it."""
        files, roots, exclude = frozenset(self.files), self.roots, self.exclude()
        return lambda file: file in files or (file.startswith(roots) and not file.startswith(exclude))


def installed_folders() -> tuple[str, ...]:
    """Of packages and of the standard library, each with a final separator."""
    paths = sysconfig.get_paths()
    installed = {*site.getsitepackages(), site.getusersitepackages(), paths["stdlib"], paths["platstdlib"]}
    installed |= {paths["purelib"], paths["platlib"], OURS}
    return tuple(sorted({os.path.join(folder, "") for path in installed for folder in (path, os.path.realpath(path))}))


class Session:
    """Records and perturbs this process according to the specification that the parent wrote."""

    def __init__(self, spec: dict[str, Any], place: Place = ROOT) -> None:
        """Raises UsageError for an unknown noise model."""
        self._spec = spec
        self._place = place
        self._trace = spec["trace"]
        self._noise = noise.create(spec["noise"]["model"])
        self._selection = Selection.of(spec["targets"])
        self._packages = tuple(dict.fromkeys((*self._selection.packages, *self._noise.packages())))
        self._scanner = Scanner(self._packages)
        self._concurrency = concurrency.Watcher()
        self._numpy = False
        self._started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self._pid = os.getpid()
        self._directory = os.getcwd()

    def compiled(self, source: str | bytes, file: str) -> CodeType:
        """The code of the program, which the noise may have changed; only after the start."""
        return self._noise.compiled(source, file)

    def start(self, user: UserCode) -> None:
        """Begin to record and to perturb. Raises PytracerError when the trace cannot be written."""
        try:
            if self._place.is_root:
                self._write_meta(ended=False)
                _write_json(self._trace, "user.json", user._asdict())
            self._start_recorder()
        except OSError as error:
            raise PytracerError(
                f"cannot write the trace {self._trace!r}: {error.strerror}; free some space or choose another folder"
            ) from None
        atexit.register(self.stop)  # registered before the program's own: runs after them
        _native.set_adapter(Registry(self._spec.get("adapters", ())).find)
        _native.start_hooks(user.roots, user.exclude(), user.files, True)
        self._selection.start()
        noise_spec = self._spec["noise"]
        self._noise.own_code(user.finder())
        self._noise.start(seed_of_sample(noise_spec["seed"], noise_spec["sample"]))
        packages = (*self._packages, *concurrency.PACKAGES, *self._noise.watched())
        _native.watch_imports(packages, self.packages_loaded)
        self.packages_loaded()
        if self._spec.get("follow", True):
            Follower(self._trace).start()

    def _start_recorder(self) -> None:
        """Open the folder of this process: a child of the one that has its name already, when there is one."""
        limits = LIMITS._asdict() | self._spec.get("limits", {})
        names = itertools.chain([self._place.process], (f"{self._place.process}.0.{k}" for k in itertools.count(1)))
        for process in names:
            try:
                _native.start_recorder(
                    self._trace,
                    process,
                    self._place.origin(),
                    **limits,
                    backtrace=self._spec.get("backtrace", False),
                    follow=self._spec.get("follow", True),
                )
            except FileExistsError:
                if self._place.is_root:
                    raise
            else:
                return

    def packages_loaded(self) -> None:
        """Hook what has been imported since the last time."""
        if not self._numpy and "numpy" in sys.modules:
            self._numpy = True
            _native.numpy_loaded()
        self._noise.modules_loaded()
        self._concurrency.modules_loaded()
        hook_all(self._scanner, self._selection, self._noise)

    def stop(self) -> None:
        """Close the trace; a forked child closes its own tables only."""
        self._noise.stop()
        for name, why in self._noise.unperturbed(installed_folders()):
            _native.add_coverage("not_rewritten", name, why)
        ours = os.getpid() == self._pid and self._place.is_root
        for pattern in self._selection.unmatched() if ours else ():
            why = f"{pattern.origin}: nothing of this name was imported or called by the first process"
            _native.add_coverage("unknown_target", pattern.text, why)
        for name in native_modules.without_hooks(self._selection.trace):
            _native.add_coverage("native_module_not_hooked", name, native_modules.WHY)
        _native.stop_recorder()
        if not ours:
            return
        try:
            self._write_meta(ended=True)
            _write_json(self._trace, "end.json", {"ended_ns": time.monotonic_ns()})
        except OSError as error:
            print(f"pytracer: warning: the trace {self._trace!r} was not closed: {error.strerror}", file=sys.stderr)

    def _write_meta(self, *, ended: bool) -> None:
        spec = self._spec
        command, targets = spec["command"], spec["targets"]
        option = {"script": [], "module": ["-m"], "code": ["-c"]}[command["kind"]]
        system = os.uname()
        meta = {
            "schema": SCHEMA_VERSION,
            "pytracer": __version__,
            "python": sys.version.split()[0],
            "packages": {name: str(sys.modules[name].__version__) for name in PACKAGES if _has_version(name)},
            "platform": f"{system.sysname} {system.release} {system.machine}",
            "processor": hardware.processor(),
            "command": [*option, command["target"], *command["args"]],
            "directory": self._directory,
            "started": self._started,
            "pid": self._pid,
            "experiment": spec["experiment"],
            "sample": spec["sample"],
            "noise": self._describe_noise(),
            "blas": hardware.blas() if ended else [],
            "targets": {"trace": targets["trace"], "exclude": targets["exclude"], "default": targets["default"]},
            "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        }
        _write_json(self._trace, "meta.json", meta)

    def _describe_noise(self) -> dict[str, Any]:
        """What the model says here, and what the process that started this one knows."""
        told, here = self._spec["noise"], self._noise.describe()
        missing = [*here["missing"], *told.get("missing", ())]
        return {**here, "missing": missing, "seed": told["seed"], "settings": told.get("settings", {})}


def _has_version(name: str) -> bool:
    return isinstance(getattr(sys.modules.get(name), "__version__", None), str)


def _write_json(folder: str, name: str, content: dict[str, Any]) -> None:
    """Replace the file whole: a reader never sees half of it."""
    path = os.path.join(folder, name)
    temporary = f"{path}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=1))
    os.replace(temporary, path)
