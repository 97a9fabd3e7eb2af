"""Adapters that installed packages register; asked in the parent process, which may import what it likes."""

GROUP = "pytracer.adapters"


def installed() -> list[tuple[str, str]]:
    """Pairs of a type, "package.module.Type", and of its adapter, "module:function"; sorted."""
    from importlib.metadata import entry_points  # takes as long as all else that a command imports

    return sorted((point.name, point.value) for point in entry_points(group=GROUP))
