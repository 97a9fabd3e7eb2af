"""Settings: what the configuration file and the command line say, checked, over the defaults of `pytracer.config`."""

from pytracer.settings.resolve import Resolved, resolve

__all__ = ["Resolved", "resolve"]
