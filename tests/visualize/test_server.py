"""The server as a user starts it."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import h5py
import pytest
from browser import dashboard, free_port

from pytracer.errors import PytracerError, UsageError
from pytracer.parse.callgraph import CallGraph
from pytracer.parse.store import Result
from pytracer.visualize.server import bind, is_loopback, next_free, url


def visualize(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytracer", "visualize", "--no-browser", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_serves_until_stopped(result_file: Path) -> None:
    with dashboard(result_file) as address:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        with urllib.request.urlopen(address) as response:
            assert "<title>measured.h5 - Pytracer</title>" in response.read().decode()


def test_taken_port_names_the_next_free_one(result_file: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = visualize("--filename", result_file, "--port", port)
        assert run.returncode == PytracerError.exit_code
        found = re.fullmatch(rf"pytracer: error: port {port} of 127\.0\.0\.1 is taken; use --port (\d+)\n", run.stderr)
        assert found is not None
        assert int(found[1]) > port
        bind("127.0.0.1", int(found[1])).close()


def test_next_free_skips_taken_ones() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        free = next_free("127.0.0.1", port - 1)
        assert free is not None
        assert free != port
    assert next_free("127.0.0.1", 65535) is None


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", 70000, "ports go from 1 to 65535"),
        ("nowhere.invalid", 8050, "no host 'nowhere.invalid'"),
        ("192.0.2.1", 8050, "give --host an address of this machine"),
    ],
)
def test_impossible_addresses(host: str, port: int, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        bind(host, port)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False), ("host", False)],
)
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_address_for_a_browser() -> None:
    assert url("127.0.0.1", 8050) == "http://127.0.0.1:8050/"
    assert url("::1", 80) == "http://[::1]:80/"


def test_other_host_warns(result_file: Path) -> None:
    words = ("--host", "0.0.0.0", "--port", str(free_port()))
    command = [sys.executable, "-m", "pytracer", "visualize", "--no-browser", "--filename", str(result_file), *words]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    server.stdout.readline()
    server.terminate()
    assert "warning: there is no password" in server.communicate(timeout=60)[1]


def test_corrupt_result_is_one_line(result_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(result_file.read_bytes()[: result_file.stat().st_size // 2])
    run = visualize("--filename", broken)
    assert run.returncode == UsageError.exit_code
    assert run.stderr.count("\n") == 1
    assert str(broken) in run.stderr


def test_debugging_is_for_this_machine_only(result_file: Path) -> None:
    run = visualize("--filename", result_file, "--host", "0.0.0.0", "--debug")
    assert run.returncode == UsageError.exit_code
    assert run.stderr.startswith("pytracer: error: --debug would let whoever reaches 0.0.0.0 run code here")


def test_debug_server_answers(result_file: Path) -> None:
    with dashboard(result_file, "--debug") as address:
        for _ in range(100):  # it says that it runs before it does
            try:
                with urllib.request.urlopen(address) as response:
                    assert "Pytracer" in response.read().decode()
                    return
            except urllib.error.URLError:
                time.sleep(0.2)
    pytest.fail("the debug server never answered")


@pytest.mark.parametrize("word", ["0", "-1", "many", "1.5"])
def test_threads_that_are_none(result_file: Path, word: str) -> None:
    run = visualize("--filename", result_file, f"--threaded={word}")
    assert run.returncode == UsageError.exit_code
    assert "is no integer from 1 on" in run.stderr


@pytest.mark.parametrize("words", [("--threaded",), ("--threaded", "2"), ("--threaded", "no")])
def test_any_number_of_threads_serves(result_file: Path, words: tuple[str, ...]) -> None:
    with dashboard(result_file, *words) as address, urllib.request.urlopen(address) as response:
        assert response.status == 200


def test_token_of_ones_own(result_file: Path) -> None:
    with dashboard(result_file, "--token", "a b&c") as address:
        assert address.endswith("?token=a+b%26c")
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address) as response:
            assert "token" not in response.url


@pytest.fixture
def copied(result_file: Path, tmp_path: Path) -> Path:
    """The result, as the newest of a cache folder would be named."""
    path = tmp_path / "stats.7.h5"
    path.write_bytes(result_file.read_bytes())
    return path


def started(*words: object) -> tuple[list[str], str]:
    """The two lines that a start prints, and what it says on stderr."""
    command = [sys.executable, "-m", "pytracer", "visualize", "--no-browser", *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    server = subprocess.Popen([*command, "--port", str(free_port())], text=True, **pipes)
    assert server.stdout is not None
    lines = [server.stdout.readline() for _ in range(2)]
    server.terminate()
    return lines, server.communicate(timeout=60)[1]


def test_start_message_names_result_and_call_graph(copied: Path) -> None:
    graph = copied.with_name("callgraph.7")
    with Result.open(copied) as result:
        CallGraph.of(result).write(graph)
    for words in (("--filename", copied), ("--directory", copied.parent)):
        lines, errors = started(*words)
        assert lines[0].startswith("Dash is running on http://127.0.0.1:")
        assert lines[1] == f"{copied} and {graph}; stop it with Ctrl-C\n"
        assert errors == ""


@pytest.mark.parametrize("content", ["of another result", "damaged", ""])
def test_wrong_call_graph_is_a_warning_unless_asked_for(copied: Path, empty_file: Path, content: str) -> None:
    graph = copied.with_name("callgraph.7")
    graph.write_text(content)
    if content == "of another result":
        with Result.open(empty_file) as other:
            CallGraph.of(other).write(graph)
    lines, errors = started("--filename", copied)
    assert lines[1] == f"{copied}; stop it with Ctrl-C\n"
    assert errors.startswith(f"pytracer: warning: '{graph}' is not the call graph of '{copied}'")
    assert errors.count("\n") == 1
    run = visualize("--filename", copied, "--callgraph", graph)
    assert run.returncode == UsageError.exit_code
    assert run.stderr.startswith(f"pytracer: error: '{graph}' is n")
    assert run.stderr.count("\n") == 1


def test_result_that_cannot_be_compared_is_still_shown(copied: Path) -> None:
    """The warning would blame the call graph for a damage of the result."""
    graph = copied.with_name("callgraph.7")
    with Result.open(copied) as result:
        CallGraph.of(result).write(graph)
    content = bytearray(copied.read_bytes())
    with h5py.File(copied) as file:
        chunk = file["edges/duration_ns"].id.get_chunk_info(0)
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    copied.write_bytes(content)
    lines, errors = started("--filename", copied)
    assert (lines[1], errors) == (f"{copied}; stop it with Ctrl-C\n", "")
