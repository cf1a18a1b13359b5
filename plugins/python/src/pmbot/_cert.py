"""A key and a certificate of our own, made anew for each process.

The host trusts the certificate that stands in the handshake's line and nobody else's, and so
does this side with the host's. The curve is P-256. It is written out here because neither
gRPC nor Python's library makes certificates; it signs once, for a channel that never leaves
the machine, so nobody can time it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time

# The curve P-256 of SEC 2: y² = x³ - 3x + b modulo p, with a base point of order n.
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

_Point = tuple[int, int] | None


def make() -> tuple[bytes, bytes, str]:
    """The private key and the certificate as PEM, and the certificate as the handshake has it."""
    key = secrets.randbelow(_N - 1) + 1
    public = _multiply(key, _G)
    assert public is not None
    point = b"\x04" + public[0].to_bytes(32, "big") + public[1].to_bytes(32, "big")
    der = _certificate(key, point)
    private = _seq(_int(1), _tag(0x04, key.to_bytes(32, "big")), _tag(0xA0, _CURVE), _tag(0xA1, _bits(point)))
    return _pem("EC PRIVATE KEY", private), _pem("CERTIFICATE", der), base64.b64encode(der).decode().rstrip("=")


def _certificate(key: int, point: bytes) -> bytes:
    """For "localhost", signed by itself, as the handshake of go-plugin wants it."""
    name = _seq(_set(_seq(_oid(2, 5, 4, 3), _tag(0x0C, b"localhost"))))
    now = int(time.time())
    tbs = _seq(
        _tag(0xA0, _int(2)),  # version 3
        _int(secrets.randbits(120)),
        _ECDSA_SHA256,
        name,
        _seq(_time(now - 3600), _time(now + 30 * 365 * 86400)),
        name,
        _seq(_seq(_oid(1, 2, 840, 10045, 2, 1), _CURVE), _bits(point)),
        _tag(0xA3, _seq(
            _extension(_oid(2, 5, 29, 15), _tag(0x03, b"\x02\xac")),  # sign, encipher, agree, issue
            _extension(_oid(2, 5, 29, 37), _seq(_oid(1, 3, 6, 1, 5, 5, 7, 3, 1), _oid(1, 3, 6, 1, 5, 5, 7, 3, 2))),
            _extension(_oid(2, 5, 29, 19), _seq(_tag(0x01, b"\xff"))),  # an authority
            _extension(_oid(2, 5, 29, 17), _seq(_tag(0x82, b"localhost"))),
        )),
    )  # fmt: skip
    return _seq(tbs, _ECDSA_SHA256, _bits(_sign(key, tbs)))


def _sign(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        k = secrets.randbelow(_N - 1) + 1
        point = _multiply(k, _G)
        assert point is not None
        r = point[0] % _N
        s = pow(k, -1, _N) * (digest + r * key) % _N
        if r and s:
            return _seq(_int(r), _int(s))


def _multiply(k: int, point: _Point) -> _Point:
    total: _Point = None
    while k:
        if k & 1:
            total = _add(total, point)
        point = _add(point, point)
        k >>= 1
    return total


def _add(a: _Point, b: _Point) -> _Point:
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if a[1] != b[1]:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, _P) % _P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P) % _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


# DER, the encoding of certificates: a tag, a length, the content.


def _tag(tag: int, content: bytes) -> bytes:
    n = len(content)
    if n < 128:
        return bytes([tag, n]) + content
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(size)]) + size + content


def _seq(*parts: bytes) -> bytes:
    return _tag(0x30, b"".join(parts))


def _set(*parts: bytes) -> bytes:
    return _tag(0x31, b"".join(parts))


def _int(n: int) -> bytes:
    return _tag(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _tag(0x03, b"\x00" + content)


def _oid(*numbers: int) -> bytes:
    content = bytearray([numbers[0] * 40 + numbers[1]])
    for n in numbers[2:]:
        digits = [n & 127]
        while n := n >> 7:
            digits.append(n & 127 | 128)
        content += bytes(reversed(digits))
    return _tag(0x06, bytes(content))


def _time(at: int) -> bytes:
    """The generalized form, which the standard wants from 2050 on, and the short one before."""
    t = time.gmtime(at)
    if t.tm_year < 2050:
        return _tag(0x17, time.strftime("%y%m%d%H%M%SZ", t).encode())
    return _tag(0x18, time.strftime("%Y%m%d%H%M%SZ", t).encode())


def _extension(oid: bytes, value: bytes) -> bytes:
    return _seq(oid, _tag(0x04, value))


_CURVE = _oid(1, 2, 840, 10045, 3, 1, 7)
_ECDSA_SHA256 = _seq(_oid(1, 2, 840, 10045, 4, 3, 2))


def _pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
