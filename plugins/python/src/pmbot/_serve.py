"""Makes a program of strategies: the handshake with pmbot, and the service that it calls.

The handshake is hashicorp/go-plugin's: a magic cookie in the environment, one line on standard
output that says where we listen and which certificate is ours, and gRPC with mutual TLS.
"""

from __future__ import annotations

import atexit
import difflib
import importlib
import os
import select
import signal
import sys
import tempfile
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

from ._hidden import handshake_fd, plugin_started
from .strategy import Strategy, overrides

_PLAYS_MAX = 300  # a run has at most 255 strategies


def serve(*strategies: type[Strategy]) -> None:
    """Makes the program a plugin of these strategies. It returns when pmbot is done with it.

    Started by a person, the program says what it is for and exits with 2.
    """
    programs = {}
    for cls in strategies:
        _check(cls)
        programs[cls.manifest.name] = cls
    if not programs:
        raise TypeError("serve needs a class derived from pmbot.Strategy")
    if not plugin_started():
        _explain(programs)
        sys.exit(2)
    try:
        importlib.import_module("google.protobuf")  # what follows needs both, and a person who asks does not
        importlib.import_module("grpc")
    except ModuleNotFoundError as e:
        sys.exit(
            f"{sys.executable} has no module {e.name}; install python3-grpcio and python3-protobuf, or name"
            " an interpreter that has them in the first line of the script"
        )
    from . import _log

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the host ends its plugins
    _log.configure()
    _Server(programs).run()


def _check(cls: object) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise TypeError(f"serve({cls!r}): it is no class derived from pmbot.Strategy")
    if not hasattr(cls, "manifest"):
        raise TypeError(f'{cls.__name__} has no manifest: write manifest = pmbot.Manifest("name", "1.0.0") in the class')
    if not overrides(cls, "start"):
        raise TypeError(f"{cls.__name__} has no start: there it subscribes to what it wants to see")
    known = [name for name in vars(Strategy) if name.startswith("on_")]
    for name in dir(cls):
        near = difflib.get_close_matches(name, known, 1, 0.75) if name.startswith("on_") and name not in known else []
        if near:
            raise TypeError(f"{cls.__name__}.{name} is no callback and would never be called; did you mean {near[0]}?")


def _explain(programs: dict[str, type[Strategy]]) -> None:
    path = os.path.abspath(sys.argv[0])
    names = sorted(programs)
    what = f"holds the strategies {', '.join(names)}"
    if len(names) == 1:
        m = programs[names[0]].manifest
        what = f"is the strategy {m.name} {m.version}".strip()
    print(
        f"""{os.path.basename(path)} {what} for pmbot. It does nothing by itself: pmbot starts it.

Name it in the configuration of a run,

    [risk]
    [[strategy]]
    plugin = "{path}"

and start that with "pmbot backtest".""",
        file=sys.stderr,
    )


class _Server:
    def __init__(self, programs: dict[str, type[Strategy]]) -> None:
        from . import _cert
        from ._service import Service

        self._done = threading.Event()
        options = [
            ("grpc.max_receive_message_length", 64 << 20),
            ("grpc.max_send_message_length", 8 << 20),
            # Windows above the largest batch, so that a batch never waits for an update.
            ("grpc.http2.lookahead_bytes", 4 << 20),
            ("grpc.http2.bdp_probe", 0),
            ("grpc.so_reuseport", 0),
        ]
        grpc: Any = importlib.import_module("grpc")
        self._server = grpc.server(ThreadPoolExecutor(_PLAYS_MAX), options=options)
        self._server.add_generic_rpc_handlers(Service(programs, self._done.set).handlers())
        self._directory = tempfile.mkdtemp(prefix="pmbot-py", dir=os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or None)
        self._address = os.path.join(self._directory, "s")
        client = os.environ.get("PLUGIN_CLIENT_CERT", "")
        if client:
            key, certificate, self._shown = _cert.make()
            credentials = grpc.ssl_server_credentials([(key, certificate)], client.encode(), True)
            bound = self._server.add_secure_port(f"unix:{self._address}", credentials)
        else:
            self._shown = ""
            bound = self._server.add_insecure_port(f"unix:{self._address}")
        if not bound:
            raise OSError(f"cannot listen at {self._address}")

    def run(self) -> None:
        self._server.start()
        line = f"1|1|unix|{self._address}|grpc|{self._shown}\n".encode()
        out = handshake_fd()
        os.write(out, line)
        watch = threading.Thread(target=_watch, args=(out, os.getppid()), daemon=True)
        watch.start()
        self._done.wait()
        self._server.stop(0)
        leave(0)


def _watch(out: int, parent: int) -> NoReturn:
    """Ends the process when the host is gone, however that ended.

    The host holds the other end of our standard output for as long as it lives.
    """
    poll = select.poll()
    poll.register(out, 0)
    while True:
        if any(what & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, what in poll.poll(250)):
            os._exit(0)
        if os.getppid() != parent:
            os._exit(0)


def leave(code: int) -> NoReturn:
    """Ends the process with what exit handlers there are, even if a callback never returns."""
    late = threading.Timer(1.5, os._exit, (code,))
    late.daemon = True
    late.start()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def leave_after_crash(cause: BaseException, host: threading.Event) -> NoReturn:
    """Ends the process as an exception that nobody catches would, once the host has hung up."""
    from ._crash import authors_part

    traceback.print_exception(type(cause), cause, authors_part(cause.__traceback__), chain=cause.__cause__ is not None)
    sys.stderr.flush()
    host.wait(2)
    os._exit(1)


__all__ = ["serve"]
