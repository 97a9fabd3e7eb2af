"""Whether a sample ever came to run the program. Imports nothing heavy: the process that starts the samples asks."""

import json
from pathlib import Path
from typing import Any

SPEC_NAME = "spec.json"
EXIT_NAME = "exit.json"


def why_not_started(trace: Path) -> str:
    """Why there is no trace, where a command in front of the program did not run it; empty otherwise."""
    prefix, status = _read(trace / SPEC_NAME).get("prefix"), _read(trace / EXIT_NAME).get("status")
    if not isinstance(prefix, str) or not prefix or not isinstance(status, int) or (trace / "meta.json").exists():
        return ""
    ended = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
    return (
        f"the command `{prefix}` in front of the program {ended} and did not run the program; "
        "it must run the words that follow it"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
