"""Instruments, and what an order's quantity may be."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from decimal import Decimal

from .enums import OrderType, Product, TimeInForce
from .number import Number, Rounding, div_round, exact_product, from_raw, round_raw, round_to, to_raw

if typing.TYPE_CHECKING:
    from .news import Position


@dataclass(frozen=True, slots=True)
class Symbol:
    """The name of an instrument, written "UM:BTCUSDT", "CM:BTCUSD_PERP" or "MARGIN:BTCUSDT"."""

    product: Product
    name: str

    @staticmethod
    def parse(text: str) -> Symbol:
        """Reads PRODUCT:SYMBOL; raises ValueError."""
        product, colon, name = text.partition(":")
        if not colon or not name:
            raise ValueError(f'"{text}" is not PRODUCT:SYMBOL, such as UM:BTCUSDT')
        try:
            return Symbol(Product[product.upper()], name.upper())
        except KeyError:
            raise ValueError(f'"{text}": unknown product "{product}"; products are UM, CM and MARGIN') from None

    def __str__(self) -> str:
        return f"{self.product}:{self.name}"


_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Lot:
    """Bounds and grid of a quantity: min <= q <= max, and q-min a whole number of steps. 0 is no rule."""

    min: Decimal = _ZERO
    max: Decimal = _ZERO
    step: Decimal = _ZERO


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """What can be traded, with the rules that its orders must meet. There is one object of each in a run."""

    id: int
    product: Product
    symbol: str
    pair: str = ""
    base: str = ""
    quote: str = ""
    margin_asset: str = ""
    contract_type: str = ""
    status: str = ""
    contract_size: Decimal = Decimal(1)
    """USD of one CM contract, 1 everywhere else."""
    onboard: int = 0
    """The first instant, in nanoseconds since 1970."""
    delivery: int = 0
    """The last instant, in nanoseconds since 1970; 0 for perpetuals."""
    price_min: Decimal = _ZERO
    price_max: Decimal = _ZERO
    tick: Decimal = _ZERO
    """The grid of prices, as price_min and price_max in quote asset; 0 is no rule."""
    lot: Lot = Lot()
    """Of limit orders, market_lot of market orders: in base coin, or contracts for CM."""
    market_lot: Lot = Lot()
    notional_min: Decimal = _ZERO
    """In quote asset; 0 is no rule."""
    percent_up: Decimal = _ZERO
    percent_down: Decimal = _ZERO
    """A buy is at most mark*percent_up, a sell at least mark*percent_down; 0 is no rule."""
    orders_max: int = 0
    algo_orders_max: int = 0
    """The most open conditional orders of the symbol, orders_max of all others; 0 is no rule."""
    trigger_protect: Decimal = _ZERO
    market_take_bound: Decimal = _ZERO
    liquidation_fee: Decimal = _ZERO
    """These three are ratios: how far mark and last may differ when a protected order triggers, how far
    a market order may go from the mark, and the clearance fee."""
    order_types: tuple[OrderType, ...] = ()
    times_in_force: tuple[TimeInForce, ...] = ()

    @property
    def name(self) -> str:
        """Product and symbol, such as "UM BTCUSDT"."""
        return f"{self.product} {self.symbol}"

    @property
    def inverse(self) -> bool:
        """Whether the contract pays in its base coin (CM)."""
        return self.product is Product.CM

    def lot_for(self, order_type: OrderType) -> Lot:
        """The quantity rule of a market or of another order."""
        return self.market_lot if order_type.market and self.market_lot != Lot() else self.lot

    def delta(self, qty: Decimal, price: Decimal) -> Decimal:
        """A signed quantity at a price in coins: of CM qty*contract_size/price, else qty itself."""
        if not self.inverse:
            return qty
        return div_round(exact_product(qty, self.contract_size), price) if price else _ZERO

    def lot_of(self, coins: Decimal, last: Decimal, own: Position) -> Decimal:
        """The signed quantity of a market order for so many coins, rounded toward zero.

        Coins or contracts, at the last price if they open a position and at the entry of own, the
        position that they trade against, if they close it. It never closes more than there is, and
        is 0 for less than the exchange takes and without a last price.
        """
        closes = self.product is not Product.MARGIN and (own.qty > 0) != (coins > 0) and bool(own.qty and coins)
        if not last:
            return _ZERO
        qty = coins
        if self.inverse:
            qty = div_round(exact_product(coins, own.entry if closes else last), self.contract_size, 8)
        if closes and abs(qty) > abs(own.qty):
            qty = -own.qty
        try:
            qty = lots(self, OrderType.MARKET, round_to(qty, 0, Rounding.DOWN))
        except ValueError:  # out of range
            return _ZERO
        worth = exact_product(abs(qty), self.contract_size if self.inverse else last)
        return qty if closes or worth >= self.notional_min else _ZERO

    def __str__(self) -> str:
        return self.name


def lots(inst: Instrument, order_type: OrderType, qty: Number) -> Decimal:
    """A quantity, which may be negative, as an order of that type may have it.

    Rounded toward zero to the lot's grid, at most its largest, and 0 below its smallest.
    """
    lot = inst.lot_for(order_type)
    least, most, step = (to_raw(v, "lot") for v in dataclasses.astuple(lot))
    raw = to_raw(qty, "qty")
    size = abs(raw)
    if most > 0:
        size = min(size, most)
    if size < least:
        return _ZERO
    size = least + round_raw(size - least, step, Rounding.DOWN)
    return from_raw(-size if raw < 0 else size)
