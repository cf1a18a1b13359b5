"""Parameters of a strategy: what an operator may set, with unit, default and bounds.

    class Params(pmbot.Params):
        symbol: Symbol = param("UM:BTCUSDT", help="what to trade")
        qty: Decimal = param("0.01", min="0.001", unit="coin", help="order size")
        rule: Literal["sma", "ema"] = param("sma", help="which average")

Fields are int, bool, str, Decimal, timedelta, Symbol, Symbol | None for one that may be
left out, or a Literal of texts. One without a default must be configured.
"""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

from .instrument import Symbol
from .market import nanoseconds
from .number import from_raw, text, to_raw


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter as it is described to the operator."""

    name: str
    kind: str
    """int, bool, text, decimal, duration or symbol."""
    default: str = ""
    required: bool = False
    min: str = ""
    max: str = ""
    choices: tuple[str, ...] = ()
    unit: str = ""
    help: str = ""

    def parse(self, value: str) -> Any:
        """Reads a value and holds it against bounds and choices; raises ValueError."""
        if self.choices and value not in self.choices:
            raise ValueError(f'"{value}" is none of {", ".join(self.choices)}')
        parsed = _PARSE[self.kind](value)
        if self.min and parsed < _PARSE[self.kind](self.min):
            raise ValueError(f"{value} is below the least, {f'{self.min} {self.unit}'.strip()}")
        if self.max and parsed > _PARSE[self.kind](self.max):
            raise ValueError(f"{value} is above the most, {f'{self.max} {self.unit}'.strip()}")
        return parsed


class ParamProblems(Exception):
    """All that is wrong with a configuration: name and problem of each parameter."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Declared:
    default: object
    min: object
    max: object
    choices: tuple[str, ...]
    unit: str
    help: str


_MISSING = object()


def param(
    default: object = _MISSING,
    *,
    min: object = None,
    max: object = None,
    choices: tuple[str, ...] = (),
    unit: str = "",
    help: str = "",
) -> Any:
    """Declares a parameter. Default and bounds are values of the field's type or their text, such as "8h"."""
    return _Declared(default, min, max, choices, unit, help)


class Params:
    """The parameters of a strategy; derive a class from it and declare fields with param.

    Objects are made by pmbot with the configured values, or in a test by keywords, texts or
    values alike, and never change.
    """

    declared: ClassVar[tuple[Param, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        try:
            hints = typing.get_type_hints(cls)
        except NameError as e:
            raise TypeError(f"{cls.__name__}: {e}; the types of parameters must be known where the module begins") from None
        own = [n for n in cls.__dict__.get("__annotations__", {}) if typing.get_origin(hints[n]) is not ClassVar]
        cls.declared = (*cls.declared, *(_describe(cls, n, hints[n]) for n in own))
        for name in own:
            if name in cls.__dict__:
                delattr(cls, name)

    def __init__(self, **values: object) -> None:
        self.__dict__.update(self._parse({name: _text_of(v) for name, v in values.items()}))

    @classmethod
    def of(cls, texts: dict[str, str]) -> Self:
        """The parameters of the configured texts. Raises ParamProblems with every mistake."""
        self = cls.__new__(cls)
        self.__dict__.update(cls._parse(texts))
        return self

    @classmethod
    def _parse(cls, values: dict[str, str]) -> dict[str, Any]:
        problems: list[tuple[str, str]] = []
        parsed: dict[str, Any] = {}
        for p in cls.declared:
            if p.required and not values.get(p.name):
                problems.append((p.name, f"must be set: {p.help}".removesuffix(": ")))
                continue
            try:
                parsed[p.name] = p.parse(values.get(p.name, p.default))
            except ValueError as e:
                problems.append((p.name, str(e)))
        names = [p.name for p in cls.declared]
        problems += [(n, _unknown(n, names)) for n in sorted(values) if n not in names]
        if problems:
            raise ParamProblems(problems)
        return parsed

    def texts(self) -> dict[str, str]:
        """The values as text, by name, for the record."""
        return {p.name: _text_of(self.__dict__[p.name]) for p in self.declared}

    def symbols(self) -> list[Symbol]:
        """The instruments that the values name, each once."""
        found = [v for p in self.declared if isinstance(v := self.__dict__[p.name], Symbol)]
        return list(dict.fromkeys(found))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"parameter {name} does not change while a strategy runs")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in self.__dict__.items())})"


_KINDS = {int: "int", bool: "bool", str: "text", Decimal: "decimal", timedelta: "duration", Symbol: "symbol"}


def _describe(cls: type, name: str, hint: Any) -> Param:
    given = cls.__dict__.get(name, _MISSING)
    d = given if isinstance(given, _Declared) else _Declared(given, None, None, (), "", "")
    where, choices = f"{cls.__name__}.{name}", d.choices
    if typing.get_origin(hint) is typing.Literal:
        choices, hint = typing.get_args(hint), str
    if type(None) in typing.get_args(hint):
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
    kind = _KINDS.get(hint)
    if kind is None:
        raise TypeError(f"{where}: type {hint}; int, bool, str, Decimal, timedelta, Symbol and Literal texts can be parameters")
    least, most = _text_of(d.min), _text_of(d.max)
    if (least or most) and kind not in ("int", "decimal", "duration"):
        raise TypeError(f"{where}: a {kind} has no bounds")
    if choices and kind != "text":
        raise TypeError(f"{where}: only a text has choices")
    required = d.default is _MISSING
    default = "" if required else _text_of(d.default)
    p = Param(name, kind, default, required, least, most, tuple(choices), d.unit, d.help)
    try:
        for bound in filter(None, (least, most)):
            _PARSE[kind](bound)
        if not required:
            p.parse(default)
    except ValueError as e:
        raise TypeError(f"{where}: {e}") from None
    return p


def _text_of(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return text(value)
        case timedelta():
            return duration_text(value)
        case float():
            raise TypeError(f"{value!r} is a float; write it as text, such as '0.01', or as a Decimal")
        case _:
            return str(value)


def _parse_int(s: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", s) or not -(2**63) <= int(s) < 2**63:
        raise ValueError(f'"{s}" is not a whole number')
    return int(s)


def _parse_bool(s: str) -> bool:
    if s not in ("true", "false"):
        raise ValueError(f'"{s}" is neither true nor false')
    return s == "true"


def _parse_decimal(s: str) -> Decimal:
    if len(s) > 1000 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", s, re.ASCII):
        raise ValueError(f'"{s[:40]}": not a decimal number')
    try:
        return from_raw(to_raw(s, ""))
    except ValueError as e:
        problem = "number has more than 8 decimals" if "places" in str(e) else "number out of range"
        raise ValueError(f'"{s[:40]}": {problem}') from None


_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def _parse_duration(s: str) -> timedelta:
    body = s.removeprefix("-") if s.startswith("-") else s.removeprefix("+")
    ns, at = Decimal(0), 0
    while part := _PART.match(body, at):
        ns += Decimal(part[1]) * _UNITS[part[2]]
        at = part.end()
    if body != "0" and (at == 0 or at < len(body)) or ns >= 2**63:
        raise ValueError(f'"{s}" is not a duration, such as 90s or 8h')
    whole = int(ns)
    if whole % 1000:
        raise ValueError(f'"{s}" has nanoseconds, and Python counts microseconds')
    d = timedelta(microseconds=whole // 1000)
    return -d if s.startswith("-") else d


def duration_text(d: timedelta) -> str:
    """A duration as pmbot prints it, such as 1h0m0s, 1.5s or 500ms."""
    ns = nanoseconds(d)
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns == 0:
        return "0s"
    if ns < 10**9:
        unit, size = ("ms", 10**6) if ns >= 10**6 else ("µs", 1000)
        return f"{sign}{text(Decimal(ns) / size)}{unit}"
    minutes, rest = divmod(ns, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    s = f"{text(Decimal(rest) / 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{s}"
    return f"{sign}{minutes}m{s}" if minutes else sign + s


def _parse_symbol(s: str) -> Symbol | None:
    return Symbol.parse(s) if s else None


_PARSE: dict[str, Any] = {
    "int": _parse_int, "bool": _parse_bool, "text": str, "decimal": _parse_decimal,
    "duration": _parse_duration, "symbol": _parse_symbol,
}  # fmt: skip


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return "no such parameter; the strategy has none"
    near = min(known, key=lambda k: _distance(name, k))
    if _distance(name, near) < len(name) // 2 + 1:
        return f"no such parameter; did you mean {near}?"
    return f"no such parameter; there are {', '.join(known)}"


def _distance(a: str, b: str) -> int:
    """Levenshtein's edit distance."""
    row = list(range(len(b) + 1))
    for i, c in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, d in enumerate(b):
            last, row[j + 1] = row[j + 1], min(last + (c != d), row[j] + 1, row[j + 1] + 1)
    return row[-1]


