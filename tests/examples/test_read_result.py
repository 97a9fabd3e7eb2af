"""The example that reads a result runs, without Pytracer, and shows what the result holds."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_it_prints_the_worst_calls_and_values(tmp_path: Path) -> None:
    (tmp_path / "pytracer.py").write_text("raise ImportError('the example needs h5py and pandas alone')")
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "read_result.py", ROOT / "tests" / "data" / "result-1.h5"],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    head, command, columns, worst, *values = done.stdout.splitlines()
    assert head == "measured; 4 samples, method cnh"
    assert command == "command: script.py"
    assert columns.split() == ["function", "line", "output_bits_min", "digits", "bits_lost"]
    name, line, bits, digits, _ = worst.split()
    assert (name, line) == ("loses", "3")
    assert 0 < float(digits) < float(bits) < 20
    assert any(line.split()[0] == "return[0]" for line in values)
    assert done.stderr == ""
