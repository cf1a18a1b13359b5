"""What can be held without pmbot: numbers, parameters, orders, the wheel. Go tests hold the rest."""

import decimal
import importlib.resources
import io
import logging
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import tomllib
import unittest
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import pmbot
from pmbot import Bar, Rounding, Symbol, Trade, param
from pmbot import _cert, _crash, _log, _play, _runtime, _wire, enums, number
from pmbot.market import _halves, _wide
from pmbot.param import duration_text
from pmbot.testing import Desk as Testing

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Numbers(unittest.TestCase):
    def test_exact(self):
        for text, raw in {"60000.1": 6000010000000, "0": 0, "-0.00000001": -1, "1e3": 100000000000, "92233720368.54775807": 2**63 - 1}.items():
            self.assertEqual(number.to_raw(text, "x"), raw)
            self.assertEqual(number.to_raw(number.from_raw(raw), "x"), raw)
        self.assertEqual(str(number.from_raw(6000010000000)), "60000.1")
        self.assertEqual(str(number.from_raw(60000 * 10**8)), "60000")
        self.assertEqual(pmbot.text(number.from_raw(1)), "0.00000001")
        self.assertEqual(pmbot.text(Decimal("-0.10")), "-0.1")

    def test_refused(self):
        for value, what in {
            0.1: "TypeError: qty 0.1 is a float, not a Decimal; write Decimal('0.1'), or snap(x, step, rounding) for an indicator's number",
            True: "TypeError: qty True is a bool, not a Decimal",
            None: "TypeError: qty None is a NoneType, not a Decimal",
            "0.123456789": "ValueError: qty 0.123456789 has more than 8 places; round it with lots, snap or round_to",
            "1e12": "ValueError: qty 1E+12 is out of range",
            "92233720368.54775808": "ValueError: qty 92233720368.54775808 is out of range",
            "nan": "ValueError: qty NaN is not a number",
            "much": "ValueError: qty 'much' is not a decimal number",
        }.items():
            with self.assertRaises((TypeError, ValueError)) as e:
                number.to_raw(value, "qty")
            self.assertEqual(f"{type(e.exception).__name__}: {e.exception}", what)

    def test_rounding(self):
        for value, down, half, floor, ceil in (
            ("1.25", "1.2", "1.3", "1.2", "1.3"), ("-1.25", "-1.2", "-1.3", "-1.3", "-1.2"), ("1.2", "1.2", "1.2", "1.2", "1.2"),
            ("1.2000000001", "1.2", "1.2", "1.2", "1.3"),
        ):  # fmt: skip
            got = [pmbot.round_to(value, "0.1", r) for r in Rounding]
            self.assertEqual(got, [Decimal(x) for x in (down, half, floor, ceil)])
        self.assertIsNone(pmbot.snap(float("nan"), 1, Rounding.DOWN))
        self.assertIsNone(pmbot.snap(1e11, 1, Rounding.DOWN))
        self.assertEqual(pmbot.div_round(Decimal(2), Decimal(3)), Decimal("0.6666666666666667"))
        self.assertEqual(pmbot.div_round(Decimal(-1), Decimal(8), 2), Decimal("-0.13"))
        with self.assertRaises(ZeroDivisionError):
            pmbot.div_round(Decimal(1), Decimal(0))

    def test_a_float_is_noticed_in_callbacks(self):
        with decimal.localcontext(number.callback_context()):
            self.assertEqual(Decimal("12345678901.12345678") ** 2 * 10**16, 1234567890112345678**2)
            with self.assertRaises(decimal.FloatOperation):
                Decimal(0.1)
            with self.assertRaises(decimal.FloatOperation):
                _ = Decimal(1) > 0.5

    def test_wide(self):
        for raw in (0, 1, -1, 2**63, -(2**63), 2**100 + 7, -(2**100) - 7):
            self.assertEqual(_wide(*_halves(raw)), raw)


class Params(pmbot.Params):
    symbol: Symbol = param("UM:BTCUSDT", help="what to trade")
    second: Symbol | None = param("")
    qty: Decimal = param(min="0.001", max=Decimal(2), unit="coin", help="order size")
    wait: timedelta = param("1h30m", min=timedelta(minutes=1))
    fast: int = param(10, min=1)
    rule: Literal["sma", "ema"] = param("sma")
    dry: bool = param(False)


class Parameters(unittest.TestCase):
    def test_declared(self):
        self.assertEqual([p.name for p in Params.declared], ["symbol", "second", "qty", "wait", "fast", "rule", "dry"])
        qty, wait = Params.declared[2:4]
        self.assertEqual((qty.kind, qty.required, qty.min, qty.max, qty.unit), ("decimal", True, "0.001", "2", "coin"))
        self.assertEqual((wait.kind, wait.default, wait.min), ("duration", "1h30m", "1m0s"))

    def test_bound(self):
        p = Params.of({"qty": "0.5", "second": "cm:btcusd_perp"})
        self.assertEqual((p.qty, p.wait, p.rule, p.dry), (Decimal("0.5"), timedelta(minutes=90), "sma", False))
        self.assertEqual([str(s) for s in p.symbols()], ["UM:BTCUSDT", "CM:BTCUSD_PERP"])
        self.assertEqual(p.texts()["wait"], "1h30m0s")
        self.assertEqual(Params(qty=Decimal("0.5"), dry=True).texts()["dry"], "true")
        with self.assertRaises(AttributeError):
            p.qty = Decimal(1)

    def test_every_mistake_is_told(self):
        for values, problems in (
            ({}, ["qty: must be set: order size"]),
            ({"qty": "0.0009"}, ["qty: 0.0009 is below the least, 0.001 coin"]),
            ({"qty": "0.001"}, []),
            ({"qty": "2"}, []),
            ({"qty": "2.1", "fast": "0"}, ["qty: 2.1 is above the most, 2 coin", "fast: 0 is below the least, 1"]),
            ({"qty": "1", "fas": "1"}, ["fas: no such parameter; did you mean fast?"]),
            ({"qty": "1", "rule": "wma"}, ['rule: "wma" is none of sma, ema']),
            ({"qty": "1_0", "dry": "yes"}, ['qty: "1_0": not a decimal number', 'dry: "yes" is neither true nor false']),
            ({"qty": "0.000000001"}, ['qty: "0.000000001": number has more than 8 decimals']),
            ({"qty": "1", "wait": "90"}, ['wait: "90" is not a duration, such as 90s or 8h']),
            ({"qty": "1", "wait": "60s1ns"}, ['wait: "60s1ns" has nanoseconds, and Python counts microseconds']),
            ({"qty": "1", "symbol": "XX:BTC"}, ['symbol: "XX:BTC": unknown product "XX"; products are UM, CM and MARGIN']),
        ):
            with self.subTest(values):
                try:
                    Params.of(values)
                    got = []
                except pmbot.ParamProblems as e:
                    got = [f"{name}: {problem}" for name, problem in e.problems]
                self.assertEqual(got, problems)

    def test_durations(self):
        for text, printed in {"90s": "1m30s", "1.5h": "1h30m0s", "0": "0s", "-2ms": "-2ms", "1500us": "1.5ms", "24h": "24h0m0s"}.items():
            self.assertEqual(duration_text(pmbot.param.__globals__["_parse_duration"](text)), printed)


class Orders(unittest.TestCase):
    inst = pmbot.Instrument(1, pmbot.Product.UM, "BTCUSDT", lot=pmbot.Lot(Decimal("0.5"), Decimal(9), Decimal("0.2")))

    def test_written(self):
        half = pmbot.sell(self.inst, "1.5").limit(60_000)
        o = half.post_only().tag("hedge" * 10)
        self.assertEqual(half.request.time_in_force, pmbot.TimeInForce.GTC)
        r = o.request
        self.assertEqual((r.side, r.type, r.qty, r.price, r.time_in_force), (pmbot.Side.SELL, pmbot.OrderType.LIMIT, Decimal("1.5"), 60_000, pmbot.TimeInForce.GTX))
        self.assertEqual(len(o.reason), 32)
        self.assertEqual(o.market().request.price, 0)

    def test_lots(self):
        for qty, want in {"0.4": 0, "0.5": "0.5", "0.69": "0.5", "0.7": "0.7", "-0.75": "-0.7", "12": "8.9"}.items():
            self.assertEqual(pmbot.lots(self.inst, pmbot.OrderType.LIMIT, qty), Decimal(want))

    def test_values(self):
        bar = Bar(close="60000.5", volume="1e20")
        self.assertEqual(bar, Bar(close=Decimal("60000.50"), volume=10**20))
        self.assertNotEqual(Trade(price=1), Trade(price=1, buyer_maker=True))
        self.assertEqual(len({bar, Bar(close="60000.5", volume="1e20"), Trade(price=1)}), 2)
        with self.assertRaises(AttributeError):
            bar.close = Decimal(1)
        self.assertIn("close=Decimal('60000.5')", repr(bar))


class Patience(unittest.TestCase):
    def test_each_no_doubles_the_wait(self):
        s = 1_000_000_000
        b = pmbot.Backoff(least=timedelta(seconds=2), most=timedelta(seconds=5))
        self.assertTrue(b.ready(0))
        b.no(10 * s)
        b.no(11 * s)  # within the wait: counts no more
        self.assertFalse(b.ready(12 * s - 1))
        self.assertTrue(b.ready(12 * s))
        b.no(12 * s)
        self.assertEqual(b.state(), [4 * s, 16 * s])
        again = pmbot.Backoff(least=timedelta(seconds=2), most=timedelta(seconds=5))
        again.restore(b.state())
        again.no(16 * s)
        self.assertFalse(again.ready(21 * s - 1))  # most, and not 8 s
        self.assertTrue(again.ready(21 * s))
        again.yes()
        again.no(30 * s)
        self.assertEqual(again.state(), [2 * s, 32 * s])
        with self.assertRaisesRegex(ValueError, "state of 1 numbers"):
            b.restore([1])
        with self.assertRaisesRegex(ValueError, "must be above 0"):
            pmbot.Backoff(least=timedelta(0))


class Protocol(unittest.TestCase):
    def test_words_are_those_of_the_protocol(self):
        words = {"ForcedKind": enums.Forced}
        for name, e in _wire.protocol.enum_types_by_name.items():
            mine = words.get(name) or getattr(enums, name, None)
            if name in ("Fault", "Reason"):
                continue
            with self.subTest(name):
                theirs = {v.number: v.name for v in e.values if not v.name.endswith("_UNSPECIFIED")}
                ours = {int(m): m.name for m in mine if m.name != "UNSPECIFIED"}
                self.assertEqual(theirs.keys(), ours.keys())
                for number_, text in ours.items():
                    self.assertTrue(theirs[number_].endswith(text), f"{theirs[number_]} is called {text}")

    def test_every_handler_has_a_callback(self):
        fields = {f.name for f in _wire.messages["Handlers"].DESCRIPTOR.fields}
        self.assertEqual(fields, set(_runtime._HANDLERS))
        source = pathlib.Path(_runtime.__file__).read_text()
        for f in _wire.messages["Event"].DESCRIPTOR.oneofs_by_name["body"].fields:
            self.assertIn(f'"{f.name}"', source)

    def test_a_budget_is_asked(self):
        asked = pmbot.Budget(notional_usd=30_000, loss_usd=Decimal("0.5E+3"), messages_per_minute=60)
        p = _wire.messages["Manifest"]()
        _wire.write_manifest(p, pmbot.Manifest("mine", budget=asked))
        b = p.budget
        self.assertEqual((b.notional_usd, b.capital_usd, b.loss_usd, b.messages_per_minute), ("30000", "", "500", 60))
        p = _wire.messages["Manifest"]()
        _wire.write_manifest(p, pmbot.Manifest("mine"))
        self.assertFalse(p.HasField("budget"))
        for wrong in ({"loss_usd": -5}, {"capital_usd": 10**13}, {"messages_per_minute": 1201}, {"loss_usd": Decimal("NaN")}):
            with self.assertRaises((ValueError, ArithmeticError)):
                pmbot.Budget(**wrong)
        with self.assertRaises(TypeError):
            pmbot.Budget(loss_usd=0.5)

    def test_a_row_that_is_cut_is_no_event(self):
        class Mine(pmbot.Strategy):
            manifest = pmbot.Manifest("mine")

            def start(self, env):
                pass

        r = _runtime.Runtime(Mine, {}, [Orders.inst], 1)
        good = b"".join(n.to_bytes(8, "little", signed=True) for n in (1, 5, 0, 1 | 1 << 16, 7, 8, 9, 10, 11))
        self.assertEqual(r.batch(good + good, 2, None), 2)
        self.assertEqual((r.env.now, r.env.last(Orders.inst)), (5, Decimal("0.00000007")))
        for bad in (good[:-8], good[:24] + b"\x09" + good[25:], good[:26] + b"\x02" + good[27:]):
            with self.assertRaises(_wire.ProtocolError):
                r.batch(bad, 1, None)


    def test_resume(self):
        class Mine(pmbot.Strategy):
            manifest = pmbot.Manifest("mine")

            def start(self, env):
                self.ref = env.send(pmbot.buy(Orders.inst, 1))

        r = _runtime.Runtime(Mine, {}, [Orders.inst], 3, last_ref=9)
        p = _wire.messages["Resume"](at=7, last_ref=9)
        p.positions.add(instrument=1, side=1, qty="0.5", entry="60000.123")
        p.positions.add(instrument=1, side=2, qty="-0.2", entry="61000")
        p.orders.add(id=4, ref=8, request={"instrument": 1, "side": 1, "type": 1, "qty": 3 * 10**8}, status=2, filled=10**8)
        p.balances.add(asset="BTC", wallet=4, amount="1.5")
        p.account.equity = "12.50"
        p.market.add(instrument=1, last=5 * 10**8, quote=[1, 2, 3, 4, 5], mark=[6, 7, 8, 9, 10])
        p.states.add(strategy=3, effective=1)
        p.states.add(instrument=1, effective=2)
        p.states.add(strategy=2, effective=0)
        r.resume(p)
        env = r.env
        self.assertEqual([o.ref for o in env.orders], [8, 10])
        self.assertEqual(env.orders[0].remaining, 2)
        self.assertEqual((env.held(Orders.inst), env.position(Orders.inst)), (Decimal("0.3"), pmbot.Position(Decimal("0.3"), Decimal("60000.123"))))
        self.assertEqual((env.debt("BTC"), env.coins("BTC"), env.account.equity), (Decimal("1.5"), Decimal("-1.5"), Decimal("12.5")))
        self.assertEqual((env.last(Orders.inst), env.quote(Orders.inst).update_id, env.mark(Orders.inst).next_funding), (5, 5, 9))
        self.assertEqual((env.state(Orders.inst), env.now), (pmbot.TradingState.REDUCE_ONLY, 7))
        p.memory.version = 1
        with self.assertRaises(_crash.Deliberate):
            r.resume(p)

    def test_quiet_answers_wait_for_company(self):
        class Mine(pmbot.Strategy):
            manifest = pmbot.Manifest("mine")

            def start(self, env):
                pass

            def on_timer(self, env, id):
                env.cancel(1)

        play = _play.Play(_runtime.Runtime(Mine, {}, [Orders.inst], 1))
        host, plugin = socket.socketpair()
        thread = threading.Thread(target=_play.play_socket, args=(play, plugin, self.fail))
        thread.start()

        def send(**request):
            data = _wire.PlayRequest(**request).SerializeToString()
            host.sendall(struct.pack("<I", len(data)) + data)

        answers = _play.frames(host)

        def answer():
            return _wire.PlayResponse.FromString(next(answers))

        quiet, loud = {"state": {"effective": 2}}, {"timer": {"id": 1}}
        for request, want in (
            ([quiet] * 16, (1, 16, 0)),  # a sixteenth is not waited for
            ([quiet, quiet, loud], (1, 3, 1)),
            ([loud], (1, 1, 1)),
        ):
            for event in request:
                send(event=event)
            a = answer().answer
            self.assertEqual((a.upto, a.requests, len(a.output.intents)), want)
        send(event=quiet)
        send(save={})
        self.assertEqual(answer().answer.requests, 1)
        self.assertTrue(answer().HasField("saved"))
        send(event=quiet)
        send(sync={})
        self.assertEqual((a := answer().answer).requests, 2)
        self.assertEqual(a.upto, 0)
        send(stop={})
        self.assertEqual(answer().answer.requests, 1)
        thread.join()
        host.close()


class Package(unittest.TestCase):
    def test_names(self):
        for name in pmbot.__all__:
            self.assertTrue(hasattr(pmbot, name), name)
        with open(ROOT / "pyproject.toml", "rb") as f:
            self.assertEqual(tomllib.load(f)["project"]["version"], pmbot.__version__)

    def test_wheel(self):
        with tempfile.TemporaryDirectory() as dir:
            build = [sys.executable, "-B", str(ROOT / "backend" / "pmbot_wheel.py"), dir]
            name = subprocess.run(build, check=True, capture_output=True, text=True).stdout.strip()
            wheel = os.path.join(dir, name)
            code = f"import sys; sys.path[0] = {wheel!r}; import pmbot, pmbot._service; print(pmbot.__version__, pmbot.__file__)"
            env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
            out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env).stdout
            self.assertEqual(out.strip(), f"{pmbot.__version__} {wheel}/pmbot/__init__.py")

    def test_certificate(self):
        import ssl

        key, certificate, shown = _cert.make()
        with tempfile.TemporaryDirectory() as dir:
            path = pathlib.Path(dir) / "pem"
            path.write_bytes(key + certificate)
            context = ssl.create_default_context(cadata=certificate.decode())
            context.load_cert_chain(path)  # fails where key and certificate do not belong together
            self.assertEqual(context.get_ca_certs()[0]["subjectAltName"], (("DNS", "localhost"),))
        self.assertNotIn("=", shown)
        self.assertNotEqual(_cert.make()[2], shown)

    def test_logging_outside_of_callbacks(self):
        err, sys.stderr = sys.stderr, io.StringIO()
        try:
            handler = _log.HostHandler()
            handler.setFormatter(_log._Format())
            handler.emit(logging.LogRecord("x", logging.ERROR, "f", 1, "no %s", ("luck",), None))
            self.assertEqual(sys.stderr.getvalue(), "ERROR: no luck\n")
        finally:
            sys.stderr = err

    def test_descriptor_is_there(self):
        data = importlib.resources.files("pmbot").joinpath("pmbot.binpb").read_bytes()
        self.assertEqual(data, (ROOT.parent / "proto" / "pmbot.binpb").read_bytes())


class Follow(pmbot.Strategy):
    """The strategy of README.md's test."""

    manifest = pmbot.Manifest("follow")
    params: Params

    def start(self, env):
        self.inst = env.instrument(self.params.symbol)
        env.bars(self.inst, timedelta(minutes=1))

    def on_bar(self, env, inst, bar):
        if not env.held(inst) and not env.orders:
            env.send(pmbot.buy(inst, self.params.qty).tag("enter"))
            env.after(self.params.wait, 7)

    def on_fill(self, env, inst, fill):
        env.log("have %s", env.held(inst))

    def on_timer(self, env, id):
        env.send(pmbot.sell(self.inst, env.held(self.inst)).reduce_only())


class Desk(unittest.TestCase):
    def test_a_strategy_on_the_desk(self):
        desk = Testing(Follow, Orders.inst, qty="0.5")
        self.assertEqual(desk.subscriptions, (pmbot.Subscription(Orders.inst, pmbot.EventKind.BAR, timedelta(minutes=1)),))
        out = desk.deliver(Orders.inst, Bar(close=60_000), at=60 * 10**9)
        self.assertEqual([(i.request.side, i.request.qty, i.tag, i.ref) for i in out.intents], [(pmbot.Side.BUY, Decimal("0.5"), "enter", 1)])
        self.assertEqual(out.timers, ((7, 60 * 10**9 + 5400 * 10**9),))
        self.assertEqual(desk.deliver(Orders.inst, Bar(close=60_100)).intents, ())  # one is on its way
        self.assertEqual(desk.deliver(Orders.inst, pmbot.OrderUpdate(1, pmbot.OrderStatus.FILLED)).intents, ())
        out = desk.deliver(Orders.inst, pmbot.Fill(1, pmbot.Side.BUY, Decimal(60_000), Decimal("0.5")))
        self.assertEqual(out.logs, ("have 0.5",))
        self.assertEqual(desk.env.position(Orders.inst), pmbot.Position(Decimal("0.5"), Decimal(60_000)))
        for status in (pmbot.OrderStatus.WORKING, pmbot.OrderStatus.FILLED, pmbot.OrderStatus.WORKING):  # a person's, in its place
            desk.deliver(Orders.inst, pmbot.OrderUpdate((1 << 63) + 65536, status))
        self.assertEqual(desk.env.orders, ())
        close = desk.timer(7).intents[0]
        self.assertTrue(close.request.reduce_only)
        self.assertEqual(close.ref, 2)  # its own refs go on below
        with self.assertRaises(pmbot.ParamProblems):
            Testing(Follow, Orders.inst)
        with self.assertRaises(TypeError):
            desk.deliver(Orders.inst, "news")


if __name__ == "__main__":
    unittest.main()
