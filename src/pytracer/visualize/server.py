"""Serves the dashboard: on this machine unless told otherwise, and not on a port that another program has."""

import errno
import ipaddress
import os
import socket
import sys
import webbrowser
from contextlib import nullcontext
from pathlib import Path

from pytracer.errors import PytracerError, UsageError
from pytracer.parse.store import Result

LAST_PORT = 65535
THREADS = 8
"""Requests answered at the same time: a browser asks for a few at once."""


def serve(
    path: Path, *, host: str, port: int, other: Path | None = None, debug: bool = False, browser: bool = True
) -> None:
    """Show the result at `path`, beside the `other` one, until interrupted.

    Raises:
        ResultError: the result cannot be read.
        UsageError: host or port cannot be used by this user on this machine.
        PytracerError: another program listens there.
    """
    with (
        Result.open(path) as result,
        Result.open(other) if other is not None else nullcontext() as second,
        bind(host, port) as listener,
    ):
        from waitress import create_server  # dash takes a second: not before a mistake of the user is reported

        from pytracer.visualize.app import create_app
        from pytracer.visualize.queries.contents import Contents

        app = create_app(Contents.of(result, second))
        _warn(host)
        address = url(host, port)
        if debug:
            listener.close()
            app.run(host, port, debug=True, use_reloader=False, dev_tools_disable_version_check=True)
            return
        server = create_server(app.server, sockets=[listener], threads=THREADS, ident=None)
        print(f"Dash is running on {address}\n{path}; stop it with Ctrl-C", flush=True)
        if browser:
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


def url(host: str, port: int) -> str:
    """The address for a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _warn(host: str) -> None:
    if not is_loopback(host):
        text = (
            f"warning: there is no password: whoever reaches {host} reads this result; leave --host out to prevent it"
        )
        print(f"pytracer: {text}", file=sys.stderr, flush=True)


def _open(address: str) -> None:
    """Open the browser of the desktop. Without a desktop a browser in the terminal would take it over."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
