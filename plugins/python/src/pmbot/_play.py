"""One play: what the host sends to one instance of a strategy, and its answers."""

from __future__ import annotations

import decimal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

from . import _wire
from ._crash import Deliberate, Unsendable, failure_of
from ._log import logs_to
from ._runtime import Runtime
from ._wire import PlayRequest, PlayResponse
from .number import callback_context
from .param import ParamProblems
from .strategy import Strategy

# Requests without an outcome that are answered together on a socket: each answer wakes the host up.
_QUIET_MAX = 16


class Crash(Exception):
    """The strategy's code has crashed; the response tells of it, and the process is to end."""

    def __init__(self, response: Any, cause: BaseException | None) -> None:
        super().__init__()
        self.response, self.cause = response, cause


class Play:
    """An instance of a strategy at work, in lockstep or live."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.stopped = False

    def handle(self, request: Any) -> Any:
        """Answers a request. Raises Crash."""
        runtime = self.runtime
        runtime.event = -1
        runtime.clear()
        try:
            return self._handle(request)
        except BaseException as e:  # also SystemExit: a strategy ends the process by nothing else
            raise Crash(PlayResponse(failure=failure_of(e, runtime.event)), e) from e

    def _handle(self, request: Any) -> Any:
        runtime, env = self.runtime, self.runtime.env
        for p in request.before:
            runtime.one(p)
            runtime.event = -1
            if env._asked:
                raise _wire.ProtocolError(f"event {p.seq} was sent as if the strategy had no code for it")
        response = PlayResponse()
        answer = response.answer
        answer.SetInParent()
        match request.WhichOneof("request"):
            case "batch":
                batch = request.batch
                env.warming = batch.warming
                answer.upto = runtime.batch(batch.rows, batch.count, answer.output) if batch.rows else 0
                if not answer.upto:
                    raise _wire.ProtocolError("batch without events")
                if not answer.output.logs:
                    answer.ClearField("output")
            case "event":
                runtime.one(request.event)
                answer.upto = 1
            case "sync":
                pass
            case "save":
                response = PlayResponse(saved=self._save())
            case "stop":
                self.stopped = True
                runtime.stop(request.stop.at)
            case _:
                raise _wire.ProtocolError("a request of a kind that this package does not know; install that of this pmbot")
        if env._asked:
            write_output(response.answer.output, env, max(0, answer.upto - 1))
        return response

    def _save(self) -> Any:
        saved = _wire.messages["Saved"]()
        if not self.runtime.saves:
            return saved
        try:
            version, state = self.runtime.strategy.save()
            state = bytes(state)
            if len(state) > _wire.MEMORY_BYTES_MAX:
                raise ValueError(f"{len(state)} bytes of memory, more than {_wire.MEMORY_BYTES_MAX >> 20} MiB")
            saved.memory.version, saved.memory.state = version, state
        except Exception as e:
            saved.Clear()
            saved.problem = _wire.log_text(f"{type(e).__name__}: {e}")
        for line in self.runtime.env._logs:
            print(line, file=sys.stderr)
        self.runtime.clear()
        return saved


def write_output(out: Any, env: Any, event: int) -> None:
    """Writes what a strategy asked for. Raises Unsendable."""
    try:
        for i in env._intents:
            _wire.write_intent(out.intents.add(), i)
        for id, due in env._timers:
            out.timers.add(id=id, due=due)
    except (TypeError, ValueError) as e:
        raise Unsendable(f"what it asked for cannot be sent: {e}") from e
    _wire.write_logs(out.logs, event, env._logs)


def begin(start: Any, cls: type[Strategy]) -> tuple[Play, Any]:
    """Starts an instance and returns it with the message Started. Raises Crash."""
    decimal.setcontext(callback_context())
    try:
        from_ = start.live.resume if start.live.HasField("resume") else None
        instruments = _wire.instruments_of(start.instruments)
        runtime = Runtime(
            cls, dict(start.params), instruments, start.strategy_id, from_.last_ref if from_ else 0, logs_to
        )
        if from_:
            runtime.resume(from_)
    except ParamProblems as e:
        raise Crash(PlayResponse(failure=params_failure(e, cls)), None) from e
    except Deliberate as e:
        f = _wire.failure("STRATEGY", f"strategy {cls.manifest.name}: {e}")
        raise Crash(PlayResponse(failure=f), None) from e
    except BaseException as e:
        raise Crash(PlayResponse(failure=failure_of(e, -1)), e) from e
    started = _wire.messages["Started"]()
    for s in runtime.env._subscriptions:
        _wire.write_subscription(started.subscriptions.add(), s)
    write_output(started.output, runtime.env, 0)
    for name, has in runtime.handles.items():
        setattr(started.handlers, name, has)
    started.handlers.SetInParent()
    if start.HasField("live"):
        started.live.resumes, started.live.saves = True, runtime.saves
    return Play(runtime), started


def params_failure(e: ParamProblems, cls: type[Strategy]) -> Any:
    """The configuration's mistakes, each with its parameter."""
    f = _wire.failure("CONFIG", f"strategy {cls.manifest.name}: parameters: {e}")
    for name, problem in e.problems:
        f.params.add(name=_wire.log_text(name), problem=_wire.log_text(problem))
    return f


def connect(start: Any, started: Any) -> socket.socket | None:
    """Takes the socket that the host offers for a play, and says so in the answer; None goes on over gRPC."""
    live = start.HasField("live")
    conn = _connect(start.live if live else start)
    if conn and live:
        started.live.socket = True
    elif conn:
        started.socket = True
    return conn


def _connect(offered: Any) -> socket.socket | None:
    if not offered.socket:
        return None
    conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        conn.settimeout(2)
        conn.connect(offered.socket)
        conn.sendall(offered.token)
        if conn.recv(1) != b"\x01":
            raise OSError("not admitted")
        conn.settimeout(None)
        return conn
    except OSError as e:
        conn.close()
        print(f"no fast socket, events come over gRPC: {e}", file=sys.stderr)
        return None


def frames(conn: socket.socket) -> Iterator[bytes]:
    """The messages of a socket, until it ends."""
    buf = bytearray()
    while True:
        need = 4
        while len(buf) >= 4:
            need = 4 + int.from_bytes(buf[:4], "little")
            if need > 4 + _wire.REQUEST_BYTES_MAX:
                raise _wire.ProtocolError(f"a message of {need - 4} bytes")
            if len(buf) < need:
                break
            yield bytes(buf[4:need])
            del buf[:need]
            need = 4
        try:
            data = conn.recv(max(1 << 16, need - len(buf)))
        except OSError:
            return
        if not data:
            return
        buf += data


def play_socket(play: Play, conn: socket.socket, crashed: Callable[[Crash], None], lockstep: bool = False) -> None:
    """Plays on a socket until either side ends it: live, or in lockstep, where the host waits for each answer."""

    def send(response: Any) -> None:
        data = response.SerializeToString()
        conn.sendall(struct.pack("<I", len(data)) + data)

    quiet = 0
    try:
        for frame in frames(conn):
            request = PlayRequest.FromString(frame)
            try:
                response = play.handle(request)
            except Crash as e:
                if quiet:  # so that the host knows which event it was
                    send(PlayResponse(answer={"upto": 1, "requests": quiet}))
                send(e.response)
                crashed(e)
                return
            if lockstep:
                send(response)
                if play.stopped:
                    return
                continue
            quiet += 1
            if response.HasField("saved"):
                if quiet > 1:  # those before are answered apart
                    send(PlayResponse(answer={"upto": 1, "requests": quiet - 1}))
            elif request.WhichOneof("request") in ("event", "batch"):
                if not response.answer.HasField("output") and quiet < _QUIET_MAX:
                    continue
            if response.HasField("answer"):
                response.answer.requests = quiet
            quiet = 0
            send(response)
            if play.stopped:
                return
    except OSError:
        return  # the host is gone
    finally:
        conn.close()


