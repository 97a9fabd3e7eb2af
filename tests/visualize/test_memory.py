"""Memory of the server."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

FREED = """
import sys, threading
import numpy as np
from pytracer.visualize.memory import return_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

told = return_freed_memory() if sys.argv[1] == "told" else True
def work():
    for _ in range(3):
        arrays = [np.ones(2**20 + i) for i in range(5)]  # of eight megabytes each
        kept.append([bytearray(2**16) for _ in range(5)])  # which keep what is below them
        del arrays

kept = []
before = resident()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
    thread.join()
print(told, (resident() - before) // 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this setting")
def test_freed_arrays_go_back() -> None:
    source = str(Path(__file__).parents[2] / "src")

    def megabytes(mode: str) -> int:
        command = [sys.executable, "-c", FREED, mode]
        output = subprocess.run(command, env={"PYTHONPATH": source}, capture_output=True, text=True, check=True).stdout
        told, resident = output.split()
        assert told == "True"
        return int(resident)

    assert megabytes("told") < megabytes("left alone")
