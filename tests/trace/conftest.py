import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "programs" / "hooks")]  # tests are no packages

from tracing import Run, Traced, spec  # noqa: E402


@pytest.fixture
def traced(tmp_path: Path) -> Run:
    """Trace a program given as source text: traced(source, targets=("numpy",), trace=folder, status=0, **Popen options)."""

    def run(
        source: str,
        *args: str,
        targets: tuple[str, ...] = (),
        trace: Path | None = None,
        model: str = "none",
        status: int = 0,
        **options: Any,
    ) -> Traced:
        script, folder = tmp_path / "program.py", trace or Path(tempfile.mkdtemp(prefix="trace-", dir=tmp_path))
        script.write_text(source)
        folder.mkdir(exist_ok=True)
        told = spec(folder, "script", str(script), list(args), targets)
        told["noise"]["model"] = model
        (tmp_path / "spec.json").write_text(json.dumps(told))
        command = [sys.executable, "-P", "-m", "pytracer.trace.child", str(tmp_path / "spec.json")]
        options = {"cwd": tmp_path, "timeout": 120, "env": os.environ | {"PYTHONHASHSEED": "0"}} | options
        ran = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        assert ran.returncode == status, f"status {ran.returncode}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
        return Traced(script, folder, ran.returncode, ran.stdout, ran.stderr)

    return run
