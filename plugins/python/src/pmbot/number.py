"""Numbers: exact decimals for all that is traded, and how they are rounded.

Prices, quantities and rates are :class:`decimal.Decimal` with at most eight places. Floats
are for indicators alone: whatever becomes an order passes :func:`snap` or :func:`lots`, and
a float in its place is a TypeError.
"""

from __future__ import annotations

import decimal
import enum
import functools
import math
from decimal import Decimal

PLACES = 8
ONE = 10**PLACES
"""The number 1 in the units of the wire."""

RAW_MAX = 2**63 - 1
RAW_MIN = -(2**63)
WIDE_MAX = 2**127 - 1
"""The largest of the sums of bars, which have 128 bits."""

#: What an author may write where a number is wanted. A float is none.
Number = Decimal | int | str

# Exact: products of everything that an account holds fit many times over.
_EXACT = decimal.Context(prec=400, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, rounding=decimal.ROUND_HALF_UP)

# For numbers of the wire: 128 bits have 39 digits. The two calls are the cheapest way; see BenchmarkLockstep.
_RAW = decimal.Context(prec=40)
_multiply, _normalize, _UNIT = _RAW.multiply, _RAW.normalize, Decimal("1E-8")


def callback_context() -> decimal.Context:
    """The decimal context in which callbacks run.

    Sums and products are exact far beyond what is traded, and a float that meets a decimal
    raises decimal.FloatOperation: a backtest shows it, and no order is off by a bit.
    """
    traps = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.FloatOperation]
    return decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN, traps=traps)


class Rounding(enum.IntEnum):
    """How a number is brought to a coarser grid. There is no default: who rounds says which way."""

    DOWN = 1
    """Toward zero: quantities, so that nothing is spent that is not there."""
    HALF_UP = 2
    """To the nearest, halves away from zero."""
    FLOOR = 3
    """Toward minus infinity: the passive side of a buy price."""
    CEIL = 4
    """Toward plus infinity: the passive side of a sell price."""


@functools.lru_cache(maxsize=1 << 16)
def from_raw(raw: int) -> Decimal:
    """The decimal of a number in units of 1e-8, without zeros at its end."""
    if raw % ONE == 0:
        return Decimal(raw // ONE)
    return _normalize(_multiply(raw, _UNIT))


def to_raw(value: Number, what: str, most: int = RAW_MAX) -> int:
    """A number in units of 1e-8, or an error that names it.

    Raises TypeError for a float and ValueError for what is no number, has more than eight
    places or is out of range.
    """
    if type(value) is not Decimal:
        value = _decimal(value, what)
    if not value.is_finite():
        raise ValueError(f"{what} {value} is not a number")
    if value and value.adjusted() > 31:  # before digits are made of a huge exponent
        raise ValueError(f"{what} {value} is out of range")
    scaled = _EXACT.scaleb(value, PLACES)
    raw = int(scaled)
    if raw != scaled:
        raise ValueError(f"{what} {value} has more than {PLACES} places; round it with lots, snap or round_to")
    if not -most - 1 <= raw <= most:
        raise ValueError(f"{what} {value} is out of range")
    return raw


def _decimal(value: Number, what: str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        cure = "; write Decimal('0.1'), or snap(x, step, rounding) for an indicator's number" if isinstance(value, float) else ""
        raise TypeError(f"{what} {value!r} is a {type(value).__name__}, not a Decimal{cure}")
    if isinstance(value, int):
        return Decimal(value)
    try:
        return _EXACT.create_decimal(value)
    except decimal.DecimalException:
        raise ValueError(f"{what} {value!r} is not a decimal number") from None


def text(value: Decimal) -> str:
    """A number as pmbot prints it: no exponent, no zeros at its end. f"{value:f}" keeps these."""
    s = f"{value:f}"
    if "." in s:
        s = s.rstrip("0").rstrip(".")
    return "0" if s in ("-0", "") else s


def round_raw(raw: int, step: int, rounding: Rounding) -> int:
    """round_to in units of 1e-8."""
    if step <= 0:
        return raw
    size, negative = abs(raw), raw < 0
    rest = size % step
    if rest == 0:
        return raw
    up = {
        Rounding.DOWN: False,
        Rounding.HALF_UP: rest >= step - rest,
        Rounding.FLOOR: negative,
        Rounding.CEIL: not negative,
    }[rounding]
    size += step - rest if up else -rest
    return max(RAW_MIN, min(RAW_MAX, -size if negative else size))


def round_to(value: Number, step: Number, rounding: Rounding) -> Decimal:
    """A number brought to a whole number of steps, such as a price to its tick.

    A step of 0 is no grid but that of eight places. Every place of value counts, also those
    beyond the eighth.
    """
    raw = _round_places(_decimal(value, "number"), rounding)
    return from_raw(round_raw(raw, to_raw(step, "step"), rounding))


_PLACES_ROUNDING = {
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
    Rounding.CEIL: decimal.ROUND_CEILING,
}


def _round_places(value: Decimal, rounding: Rounding) -> int:
    if not value.is_finite() or value.adjusted() > 11:
        raise ValueError(f"number {value} is out of range")
    scaled = _EXACT.scaleb(value, PLACES)
    raw = int(scaled.to_integral_value(_PLACES_ROUNDING[rounding], context=_EXACT))
    if not RAW_MIN <= raw <= RAW_MAX:
        raise ValueError(f"number {value} is out of range")
    return raw


def snap(x: float, step: Number, rounding: Rounding) -> Decimal | None:
    """An indicator's number as an exact one: the nearest eighth decimal, then a whole number of steps.

    None for what is out of range or no number.
    """
    scaled = x * float(ONE)
    if not abs(scaled) < 2.0**63:  # also for nan
        return None
    whole = math.floor(abs(scaled))
    if abs(scaled) - whole >= 0.5:  # halves go away from zero
        whole += 1
    raw = -whole if scaled < 0 else whole
    if raw > RAW_MAX:
        return None
    return from_raw(round_raw(raw, to_raw(step, "step"), rounding))


def div_round(a: Decimal, b: Decimal, places: int = 16) -> Decimal:
    """a/b rounded once, halves away from zero: how money is divided."""
    an, ad = a.as_integer_ratio()
    bn, bd = b.as_integer_ratio()
    if bn == 0:
        raise ZeroDivisionError(f"{a} divided by 0")
    n, d = an * bd * 10**places, ad * bn
    q, rest = divmod(abs(n), abs(d))
    if 2 * rest >= abs(d):
        q += 1
    return _EXACT.scaleb(Decimal(-q if (n < 0) != (d < 0) else q), -places)


def exact_sum(a: Decimal, b: Decimal) -> Decimal:
    """a+b, whatever the context."""
    return _EXACT.add(a, b)


def exact_product(a: Decimal, b: Decimal) -> Decimal:
    """a*b, whatever the context."""
    return _EXACT.multiply(a, b)
