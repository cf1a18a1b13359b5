"""What is told of an exception in a strategy's code."""

from __future__ import annotations

import contextlib
import decimal
import os
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from . import _wire
from .errors import StrategyError

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Deliberate(Exception):
    """A StrategyError that ends the start: an answer, and no crash."""


class Unsendable(Exception):
    """What a strategy asked for is no order or timer at all."""


@contextlib.contextmanager
def deliberate(callback: str) -> Iterator[None]:
    """Marks a call of an author's method in which StrategyError is an answer."""
    try:
        yield
    except StrategyError as e:
        raise Deliberate(f"{callback}: {e}") from e


def failure_of(e: BaseException, event: int) -> Any:
    """The report of an exception: callback, file and line nearest to it in the author's code."""
    if isinstance(e, Unsendable):
        return _wire.failure("STRATEGY", str(e), event=event)
    callback, place = _locate(e.__traceback__)
    what = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
    if isinstance(e, _wire.ProtocolError) or not callback:
        return _wire.failure("PMBOT", what, event=event)
    cure = ""
    if isinstance(e, decimal.FloatOperation):
        what = "FloatOperation: a float was compared with a Decimal, or made into one"
        cure = "write Decimal('0.1'), or compare float(price)"
    elif isinstance(e, TypeError) and "'float'" in what and "'decimal.Decimal'" in what:
        cure = "write Decimal('0.1'), or reckon with float(price) and bring the outcome to a price by pmbot.snap"
    return _wire.failure("STRATEGY", what, callback=callback, place=place, event=event, cure=cure)


def authors_part(trace: TracebackType | None) -> TracebackType | None:
    """A traceback from the author's method on; all of it where there is none."""
    part = trace
    while part and os.path.abspath(part.tb_frame.f_code.co_filename).startswith(_OURS):
        part = part.tb_next
    return part or trace


def _locate(trace: TracebackType | None) -> tuple[str, str]:
    """The author's method that was called, and the innermost line of code beside it."""
    callback, place, beside = "", "", ""
    for frame, line in traceback.walk_tb(trace):
        file = os.path.abspath(frame.f_code.co_filename)
        if file.startswith(_OURS):
            continue
        if not callback:
            callback, beside = frame.f_code.co_name, os.path.dirname(file) + os.sep
        elif not file.startswith(beside) or "-packages" in file.removeprefix(beside):
            continue
        place = f"{os.path.basename(file)}:{line}"
    return callback, place
