"""The services that pmbot calls: strategies, health and the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # no stubs are asked of whoever checks a strategy
    grpc: Any
else:
    import grpc

from . import _wire
from ._crash import failure_of
from ._log import logs_to
from ._play import Crash, begin, connect, params_failure, play_socket
from ._version import VERSION
from ._wire import PlayRequest, PlayResponse, messages
from .param import ParamProblems
from .strategy import Strategy


class Service:
    """Answers for the strategies of a program. Messages arrive as bytes and are read by the play's own thread."""

    def __init__(self, programs: dict[str, type[Strategy]], shutdown: Callable[[], None]) -> None:
        self._programs, self._shutdown = programs, shutdown

    def handlers(self) -> tuple[Any, ...]:
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        make = grpc.method_handlers_generic_handler
        return (
            make("pmbot.v1.StrategyService", {
                "List": unary(self.list), "Describe": unary(self.describe), "Play": stream(self.play),
            }),
            make("grpc.health.v1.Health", {"Check": unary(lambda request, context: b"\x08\x01")}),  # SERVING
            make("plugin.GRPCController", {"Shutdown": unary(self.shutdown)}),
        )  # fmt: skip

    def shutdown(self, request: bytes, context: Any) -> bytes:
        """Ends the process once the answer is on its way."""
        context.add_callback(self._shutdown)
        return b""

    def list(self, request: bytes, context: Any) -> bytes:
        answer = messages["ListResponse"](strategies=sorted(self._programs), sdk_version=VERSION)
        return bytes(answer.SerializeToString())

    def find(self, name: str) -> tuple[type[Strategy] | None, Any]:
        """The strategy of that name, "" for the only one; or a failure."""
        names = sorted(self._programs)
        if not name and len(names) == 1:
            name = names[0]
        if name in self._programs:
            return self._programs[name], None
        what = f'no strategy "{name}" in this program' if name else "the program has several strategies and none was named"
        return None, _wire.failure("NOT_FOUND", what, cure=f"name one of {', '.join(names)}")

    def describe(self, request: bytes, context: Any) -> bytes:
        r = messages["DescribeRequest"].FromString(request)
        answer = messages["DescribeResponse"]()
        cls, failure = self.find(r.strategy)
        if cls is None:
            answer.failure.CopyFrom(failure)
            return bytes(answer.SerializeToString())
        try:
            _wire.write_manifest(answer.manifest, cls.manifest)
            for p in cls._params_type.declared:
                answer.params.add(
                    name=p.name, kind=p.kind, default=p.default, required=p.required, min=p.min, max=p.max,
                    choices=p.choices, unit=p.unit, help=p.help,
                )  # fmt: skip
            params = cls._params_type.of(dict(r.params))
            answer.values.update(params.texts())
            for s in params.symbols():
                answer.symbols.add(product=s.product, name=s.name)
        except ParamProblems as e:
            answer.failure.CopyFrom(params_failure(e, cls))
        except Exception as e:
            answer.failure.CopyFrom(failure_of(e, -1))
        return bytes(answer.SerializeToString())

    def play(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        """One instance of a strategy, for as long as the stream is open."""
        gone = threading.Event()
        if not context.add_callback(gone.set):
            return
        first = next(requests, None)
        if first is None:
            return
        start = PlayRequest.FromString(first)
        cls, failure = self.find(start.start.strategy)
        if not start.HasField("start"):
            failure = _wire.failure("PMBOT", "the first message of a play is not a start")
        if cls is None or failure:
            yield PlayResponse(failure=failure).SerializeToString()
            return
        try:
            play, started = begin(start.start, cls)
            conn = connect(start.start, started)
            if conn:
                context.add_callback(lambda: _shut(conn))
                yield PlayResponse(started=started).SerializeToString()
                play_socket(play, conn, lambda e: self._crashed(e, gone), started.socket)
                gone.wait()  # the host hangs up when it has read the last answer
                return
            yield PlayResponse(started=started).SerializeToString()
            for data in requests:
                yield play.handle(PlayRequest.FromString(data)).SerializeToString()
                if play.stopped:
                    return
        except Crash as e:
            yield e.response.SerializeToString()
            self._crashed(e, gone)
        finally:
            logs_to(None)

    def _crashed(self, e: Crash, gone: threading.Event) -> None:
        from ._serve import leave_after_crash

        if e.cause is not None:
            leave_after_crash(e.cause, gone)


def _shut(conn: Any) -> None:
    import socket

    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
