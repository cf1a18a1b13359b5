# Writes the files of this directory that numpy made: events that arrive out of order, in
# the order of both clocks. Run by hand; the tests only read the files.
import numpy as np

EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
DEPTH, TRADE, CLEAR, SNAPSHOT, BBO = 1, 2, 3, 4, 5
T = 1_700_000_000_000_000_000
MS = 1_000_000

dtype = np.dtype([
    ("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"),
    ("qty", "f8"), ("order_id", "u8"), ("ival", "i8"), ("fval", "f8"),
], align=True)

events = [(kind | side, T + exch * MS, T + local * MS + 321, px, qty, 0, 0, 0) for kind, side, exch, local, px, qty in [
    (CLEAR, BUY, 0, 9, 247 * 0.1, 0), (SNAPSHOT, BUY, 0, 9, 248 * 0.1, 1.5), (SNAPSHOT, BUY, 0, 9, 247 * 0.1, 2),
    (CLEAR, SELL, 0, 9, 250 * 0.1, 0), (SNAPSHOT, SELL, 0, 9, 249 * 0.1, 1), (SNAPSHOT, SELL, 0, 9, 250 * 0.1, 3),
    (TRADE, BUY, 3, 12, 24.9, 0.25), (DEPTH, SELL, 3, 13, 24.9, 0.75), (BBO, SELL, 4, 11, 24.9, 0.75), (BBO, BUY, 4, 11, 24.8, 1.5),
    (TRADE, SELL, 5, 11, 24.8, 0.1 + 0.2), (DEPTH, BUY, 5, 14, 24.8, 1.2), (DEPTH, BUY, 5, 14, 24.7, 0), (TRADE, BUY, 7, 14, 24.9, 1),
]]
by_exch = sorted(range(len(events)), key=lambda i: events[i][1])
by_local = sorted(range(len(events)), key=lambda i: events[i][2])
both = []
while by_exch or by_local:
    e = by_exch[0] if by_exch else None
    l = by_local[0] if by_local else None
    if e == l:
        clocks, i = EXCH | LOCAL, by_exch.pop(0)
        by_local.pop(0)
    elif l is None or e is not None and events[e][1:3] < events[l][1:3]:
        clocks, i = EXCH, by_exch.pop(0)
    else:
        clocks, i = LOCAL, by_local.pop(0)
    both.append((events[i][0] | clocks, *events[i][1:]))

data = np.array(both, dtype)
np.savez_compressed("btcusdt_20231114.npz", data=data)
np.savez("stored.npz", data=data)
np.save("plain.npy", data)
