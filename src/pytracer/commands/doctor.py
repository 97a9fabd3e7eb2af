"""Show which noise models work on this machine, and why others do not.

One line a model: available, partly, or not available with the reason; below it what the model finds here. docs/noise.md
says what each of them perturbs.

--json prints one object:
    pytracer, python, platform, numpy
              versions, and the system; numpy is empty when it is not installed
    processors
              number that this process may use
    models    list of {name, state: "available" | "partly" | "not available", reason,
              options: [{name, accepted, default, help}], parts: [{name, available, text}]}

Examples:
    pytracer doctor
    pytracer doctor --json
"""

import argparse
import json
import os
import platform
from typing import Any

from pytracer import __version__
from pytracer.errors import EXIT_OK


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: argparse.Namespace) -> int:
    """Ask each model and print what it says."""
    found = examine()
    print(json.dumps(found, indent=2) if options.json else _text(found))
    return EXIT_OK


def examine() -> dict[str, Any]:
    """The object that --json prints."""
    from pytracer.noise import MODELS, machine

    asked = machine.ask()
    system = os.uname()
    return {
        "pytracer": __version__,
        "python": platform.python_version(),
        "platform": f"{system.sysname} {system.release} {system.machine}",
        "numpy": asked.numpy,
        "processors": asked.processors,
        "models": [_model(name) for name in MODELS],
    }


def _model(name: str) -> dict[str, Any]:
    from pytracer import noise

    kind = noise.model_class(name)
    model = noise.create(f"{name}:{kind.EXAMPLE}" if kind.EXAMPLE else name)
    available, reason = model.availability()
    parts = model.parts()
    missing = [part.name for part in parts if not part.available]
    state = "not available" if not available else "partly" if reason or missing else "available"
    return {
        "name": name,
        "state": state,
        "reason": reason or (f"without {', '.join(missing)}" if missing else ""),
        "options": [
            {"name": option.name, "accepted": option.kind.accepted, "default": option.default, "help": option.help}
            for option in (*kind.OPTIONS, *([kind.ANY_OPTION] if kind.ANY_OPTION else []))
        ],
        "parts": [part._asdict() for part in parts],
    }


def _text(found: dict[str, Any]) -> str:
    numpy = f"NumPy {found['numpy']}" if found["numpy"] else "no NumPy"
    lines = [
        f"Pytracer {found['pytracer']}, Python {found['python']}, {numpy}",
        f"{found['platform']}, processors: {found['processors']}",
        "",
        "Noise models",
    ]
    for model in found["models"]:
        reason = f": {model['reason']}" if model["reason"] else ""
        lines.append(f"    {model['name']:12} {model['state']}{reason}")
        for part in model["parts"]:
            lines.append(f"        {part['name']}: {'' if part['available'] else 'no, '}{part['text']}")
    return "\n".join(lines)
