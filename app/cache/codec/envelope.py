"""The signed envelope of cached values outside this process.

    magic "LC" | wire version u8 | compression u8 | schema version u16 | created, expires (ms since the epoch) u64
    cache key (32 bytes) | key id (u8 length + ASCII) | namespace (u8 length + ASCII) | body length u32 | body
    HMAC-SHA256 over everything before it (32 bytes)

The algorithm is fixed and never read from the payload, and the signature is verified before the body is
touched. Wire version 1 stays readable for as long as a release can meet its payloads.
"""

import hmac
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from app.cache.backend import CacheKey
from app.cache.codec import restricted_pickle
from app.cache.codec.restricted_pickle import NotPlain
from app.cache.entry import CacheEntry, freeze, thaw
from app.cache.evidence import Evidence

MAGIC = b"LC"
WIRE_VERSION = 1
# Raised when the shape of a stored body changes: versions then coexist, each reading only its own.
SCHEMA_VERSION = 1
MAC_BYTES = 32

_HEAD = struct.Struct(">2sBBHQQ32s")
_LENGTH = struct.Struct(">I")
_RAW, _ZLIB = 0, 1


class Refusal(StrEnum):
    """Why a payload was not opened."""

    MALFORMED = "malformed"
    WIRE_VERSION = "wire_version"
    SCHEMA_VERSION = "schema_version"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    WRONG_ENTRY = "wrong_entry"
    OUTLIVED = "outlived"
    BODY = "body"


class EnvelopeCodec:
    """Seals records into bytes and opens them again.

    `keys` are (id, secret), newest first: the first signs, all verify. Bodies above `compress_above` bytes are
    deflated. A payload is refused `tolerance` seconds after its expiry by this machine's clock. The tiers' own
    clocks expire entries; this only keeps an old payload from being put back later.
    """

    def __init__(
        self,
        keys: Sequence[tuple[str, str]],
        *,
        compress_above: int = 64 * 1024,
        tolerance: float = 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not keys:
            raise ValueError("the codec needs at least one signing key")
        self._secrets = {key_id.encode(): secret.encode() for key_id, secret in keys}
        self._key_id = keys[0][0].encode()
        self._compress_above = compress_above
        self._tolerance = tolerance
        self._clock = clock

    def seal(self, key: CacheKey, record: CacheEntry) -> bytes:
        """Raise NotPlain if the record's value is not made of plain builtins."""
        evidence = record.evidence.to_plain() if record.evidence is not None else None
        body = _dump(record.value, evidence, record.seconds, record.tokens)
        compression = _RAW
        if len(body) > self._compress_above:
            compression, body = _ZLIB, zlib.compress(body, 1)
        namespace = key.namespace.encode()
        signed = b"".join(
            (
                _HEAD.pack(
                    MAGIC,
                    WIRE_VERSION,
                    compression,
                    SCHEMA_VERSION,
                    int(record.created * 1000),
                    int(record.expires * 1000),
                    bytes.fromhex(key.digest),
                ),
                bytes((len(self._key_id),)),
                self._key_id,
                bytes((len(namespace),)),
                namespace,
                _LENGTH.pack(len(body)),
                body,
            )
        )
        return signed + hmac.digest(self._secrets[self._key_id], signed, "sha256")

    def open(self, key: CacheKey, payload: bytes, *, outlived: bool = False) -> CacheEntry | Refusal:
        """Return the record that was sealed under `key`, or the reason why this payload is refused. Never raises.

        With `outlived`, a payload past its time is opened too, for renewing it.
        """
        try:
            return self._open(key, payload, outlived=outlived)
        except _Refused as refused:
            return refused.reason
        except Exception:  # noqa: BLE001 - the unpickler may raise anything, and a bad body is a miss
            return Refusal.BODY

    def _open(self, key: CacheKey, payload: bytes, *, outlived: bool) -> CacheEntry:
        signed = self._verified(payload)
        _, _, compression, schema, created, expires, digest = _HEAD.unpack_from(signed)
        _, position = _short(signed, _HEAD.size)
        namespace, position = _short(signed, position)
        if schema != SCHEMA_VERSION:
            raise _Refused(Refusal.SCHEMA_VERSION)
        if digest.hex() != key.digest or namespace != key.namespace.encode():
            raise _Refused(Refusal.WRONG_ENTRY)
        if not outlived and expires / 1000 + self._tolerance < self._clock():
            raise _Refused(Refusal.OUTLIVED)
        body: bytes | memoryview = signed[position + _LENGTH.size :]
        if _LENGTH.unpack_from(signed, position)[0] != len(body):
            raise _Refused(Refusal.MALFORMED)
        if compression == _ZLIB:
            body = zlib.decompress(body)
        value, evidence, seconds, tokens = restricted_pickle.loads(body)
        return CacheEntry(
            value=freeze(value),
            evidence=None if evidence is None else Evidence.from_plain(evidence),
            created=created / 1000,
            expires=expires / 1000,
            seconds=seconds,
            tokens=tokens,
            size=len(payload),
        )

    def _verified(self, payload: bytes) -> memoryview:
        """Return the signed part, after verifying the signature."""
        view = memoryview(payload)
        if len(view) < _HEAD.size + MAC_BYTES or view[: len(MAGIC)] != MAGIC:
            raise _Refused(Refusal.MALFORMED)
        if view[len(MAGIC)] != WIRE_VERSION:
            raise _Refused(Refusal.WIRE_VERSION)
        signed = view[:-MAC_BYTES]
        secret = self._secrets.get(_short(signed, _HEAD.size)[0])
        if secret is None:
            raise _Refused(Refusal.UNKNOWN_KEY)
        if not hmac.compare_digest(hmac.digest(secret, signed, "sha256"), view[-MAC_BYTES:]):
            raise _Refused(Refusal.SIGNATURE)
        return signed


class _Refused(Exception):
    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


def _dump(value: Any, *rest: Any) -> bytes:
    try:
        return restricted_pickle.dumps((value, *rest))
    except NotPlain:
        # A record carried forward holds the frozen form.
        return restricted_pickle.dumps((thaw(value), *rest))


def _short(view: memoryview, position: int) -> tuple[bytes, int]:
    """Read a field framed by one length byte. Beyond the end the field comes out short, which the checks refuse."""
    if position >= len(view):
        return b"", position
    end = position + 1 + view[position]
    return bytes(view[position + 1 : end]), end
