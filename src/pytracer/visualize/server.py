"""Serves the dashboard: on this machine unless told otherwise, and not on a port that another program has."""

import errno
import ipaddress
import logging
import os
import socket
import sys
import webbrowser
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from pytracer.config import DEFAULTS
from pytracer.errors import PytracerError, UsageError
from pytracer.parse.store import Result

LAST_PORT = 65535


@dataclass(frozen=True)
class Listening:
    """Where the dashboard is, and who may see it."""

    host: str
    port: int
    threads: int = DEFAULTS.threads
    token: str = ""  # shown once by each browser; empty for no token
    debug: bool = False
    browser: bool = True  # whether one is opened


def serve(path: Path, listening: Listening, other: Path | None = None, callgraph: Path | None = None) -> None:
    """Show the result at `path`, beside the `other` one, until interrupted.

    `callgraph` is named beside it: the file that is known to be its call graph.

    Raises:
        ResultError: the result cannot be read.
        UsageError: host or port cannot be used by this user on this machine.
        PytracerError: another program listens there.
    """
    host, port = listening.host, listening.port
    if listening.debug and not is_loopback(host):
        raise UsageError(f"--debug would let whoever reaches {host} run code here; leave --host or --debug out")
    with (
        Result.open(path) as result,
        Result.open(other) if other is not None else nullcontext() as second,
        bind(host, port) as listener,
    ):
        from waitress import create_server  # dash takes a second: not before a mistake of the user is reported

        from pytracer.visualize.app import create_app
        from pytracer.visualize.memory import return_freed_memory
        from pytracer.visualize.queries.contents import Contents
        from pytracer.visualize.web import Guard

        return_freed_memory()
        app = create_app(Contents.of(result, second), Guard(listening.token, host if is_loopback(host) else ""))
        _warn(listening)
        if listening.debug:
            listener.close()
            app.run(host, port, debug=True, use_reloader=False, dev_tools_disable_version_check=True)
            return
        # It would warn of each page whose files a browser asks for at once.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        server = create_server(app.server, sockets=[listener], threads=listening.threads, ident=None)
        address = url(host, port, listening.token)
        graph = f" and {callgraph}" if callgraph is not None else ""
        print(f"Dash is running on {address}\n{path}{graph}; stop it with Ctrl-C", flush=True)
        if listening.browser:
            _open(address)
        server.run()


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Binding before anything else leaves no moment for another program to take it."""
    if port > LAST_PORT:  # getaddrinfo would take its lower 16 bits
        raise UsageError(f"no port {port}: ports go from 1 to {LAST_PORT}; choose one with --port")
    try:
        return _bind(host, port)
    except socket.gaierror as error:
        raise UsageError(f"no host {host!r}: {error.strerror}; 127.0.0.1 is this machine") from error
    except OSError as error:
        raise _cannot_bind(host, port, error) from error


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Without it a port stays taken for a minute after its server ended.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except BaseException:
        listener.close()
        raise
    return listener


def _cannot_bind(host: str, port: int, error: OSError) -> PytracerError:
    if error.errno == errno.EADDRINUSE:
        free = next_free(host, port)
        remedy = f"use --port {free}" if free else "stop what listens there"
        return PytracerError(f"port {port} of {host} is taken; {remedy}")
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} is reserved for the administrator; choose one above 1023 with --port")
    return UsageError(f"cannot listen on {host!r}: {error.strerror}; give --host an address of this machine")


def next_free(host: str, port: int) -> int | None:
    """The first port after `port` that no program has; None when there is none."""
    for candidate in range(port + 1, LAST_PORT + 1):
        try:
            _bind(host, candidate).close()
        except OSError:
            continue
        return candidate
    return None


def url(host: str, port: int, token: str = "") -> str:
    """The address for a browser."""
    end = f"?{urlencode({'token': token})}" if token else ""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/{end}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _warn(listening: Listening) -> None:
    if is_loopback(listening.host) or listening.token:
        return
    who = f"there is no password: whoever reaches {listening.host} reads this result, and the source in it"
    print(f"pytracer: warning: {who}; leave --host out, or add --token", file=sys.stderr, flush=True)


def _open(address: str) -> None:
    """Open the browser of the desktop. Without a desktop a browser in the terminal would take it over."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
