"""Adapters that installed packages register; asked in the parent process, which may import what it likes."""

from importlib.metadata import entry_points

GROUP = "pytracer.adapters"


def installed() -> list[tuple[str, str]]:
    """Pairs of a type, "package.module.Type", and of its adapter, "module:function"; sorted."""
    return sorted((point.name, point.value) for point in entry_points(group=GROUP))
