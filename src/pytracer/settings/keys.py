"""The keys of a configuration: what each is called, which field of Settings it sets, and which values it takes."""

from dataclasses import dataclass
from typing import get_args

from pytracer.config import Elements, Method, Reference
from pytracer.settings.kinds import (
    BOOLEAN,
    FOLDER,
    FRACTION,
    INPUT_FILES,
    NAMES,
    NOISE_OPTIONS,
    SIZE,
    Kind,
    choice,
    integer,
    text,
)


@dataclass(frozen=True)
class Key:
    """One setting: its dotted name in a file, the field of Settings, the kind of its values."""

    name: str
    field: str
    kind: Kind


KEYS = (
    Key("modules_to_load", "modules_to_load", NAMES),
    Key("modules_to_exclude", "modules_to_exclude", NAMES),
    Key("include_file", "include_file", INPUT_FILES),
    Key("exclude_file", "exclude_file", INPUT_FILES),
    Key("logger.format", "log_format", choice("print", "logger")),
    Key("logger.output", "log_output", text("'stderr', 'stdout' or the path of a file")),
    Key("logger.color", "log_color", BOOLEAN),
    Key("logger.level", "log_level", choice("debug", "info", "warning", "error")),
    Key("io.type", "trace_format", choice("native", "pickle")),
    Key("io.backtrace", "backtrace", BOOLEAN),
    Key("io.cache.root", "cache", FOLDER),
    Key("run.samples", "samples", integer(2)),
    Key("run.jobs", "jobs", integer(1)),
    Key("run.noise", "noise", text("a noise, such as 'sr' or 'sr+platform'")),
    Key("trace.noise", "trace_noise", text("a noise, such as 'sr' or 'sr+platform'")),
    Key("parse.method", "method", choice(*get_args(Method))),
    Key("parse.reference", "reference", choice(*get_args(Reference))),
    Key("parse.probability", "probability", FRACTION),
    Key("parse.confidence", "confidence", FRACTION),
    Key("parse.elements", "elements", choice(*get_args(Elements))),
    Key("parse.batch_size", "batch_size", SIZE),
    Key("parse.jobs", "parse_jobs", integer(1)),
    Key("noise.options", "noise_options", NOISE_OPTIONS),
    Key("seed", "seed", integer(0)),
    Key("follow", "follow", BOOLEAN),
    Key("limits.depth", "depth", integer(1, 64)),
    Key("limits.items", "items", integer(1, 65535)),
    Key("limits.array_bytes", "array_bytes", SIZE),
    Key("limits.trace_bytes", "trace_bytes", SIZE),
    Key("visualize.host", "host", text("an address to listen on")),
    Key("visualize.port", "port", integer(1, 65535)),
    Key("visualize.threads", "threads", integer(1, 256)),
)

BY_NAME = {key.name: key for key in KEYS}

ALIASES = {
    "module_to_load": "modules_to_load",
    "module_to_exclude": "modules_to_exclude",
    "exlude_file": "exclude_file",
    "include_files": "include_file",
    "exclude_files": "exclude_file",
    "noise.model": "run.noise",
    "logger.colour": "logger.color",
}
"""Other spellings, some of them those of the original's documentation. A dash is as good as an underscore."""

OBSOLETE = {
    "filter_alias": "every alias of a function is recorded",
    "python_modules_path": "the standard library is traced only where it is named",
    "numpy.ufunc": "ufuncs are recorded like other functions",
}
"""Keys of the original that mean nothing here, and why."""

TABLES = frozenset(name.rpartition(".")[0] for name in (*BY_NAME, *OBSOLETE) if "." in name) | {"io"}


def standard_name(name: str) -> str:
    """The name under which KEYS has this key, or the name as it is."""
    spelled = name.replace("-", "_")
    return ALIASES.get(spelled, spelled)
