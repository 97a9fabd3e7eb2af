"""The keys of a configuration: what each is called, which field of Settings it sets, and which values it takes."""

from dataclasses import dataclass

from pytracer.settings.kinds import Boolean, Choice, Files, Folder, Integer, Kind, Names, Size, Text

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Key:
    """One setting: its dotted name in a file, the field of Settings, the kind of its values."""

    name: str
    field: str
    kind: Kind


KEYS = (
    Key("modules_to_load", "modules_to_load", Names()),
    Key("modules_to_exclude", "modules_to_exclude", Names()),
    Key("include_file", "include_file", Files()),
    Key("exclude_file", "exclude_file", Files()),
    Key("logger.format", "log_format", Choice(("print", "logger"))),
    Key("logger.output", "log_output", Text("'stderr', 'stdout' or the path of a file")),
    Key("logger.color", "log_color", Boolean()),
    Key("logger.level", "log_level", Choice(LEVELS)),
    Key("io.type", "trace_format", Choice(("native", "pickle"))),
    Key("io.backtrace", "backtrace", Boolean()),
    Key("io.cache.root", "cache", Folder()),
    Key("run.samples", "samples", Integer(2)),
    Key("run.jobs", "jobs", Integer(1)),
    Key("run.noise", "noise", Text("the name of a noise model")),
    Key("trace.noise", "trace_noise", Text("the name of a noise model")),
    Key("seed", "seed", Integer(0)),
    Key("follow", "follow", Boolean()),
    Key("limits.depth", "depth", Integer(1, 64)),
    Key("limits.items", "items", Integer(1, 65535)),
    Key("limits.array_bytes", "array_bytes", Size()),
    Key("limits.trace_bytes", "trace_bytes", Size()),
    Key("visualize.host", "host", Text("an address to listen on")),
    Key("visualize.port", "port", Integer(1, 65535)),
)

BY_NAME = {key.name: key for key in KEYS}

ALIASES = {
    "module_to_load": "modules_to_load",
    "module_to_exclude": "modules_to_exclude",
    "exlude_file": "exclude_file",
    "include_files": "include_file",
    "exclude_files": "exclude_file",
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
