"""The envelope: what was sealed comes back, and nothing else does."""

import base64
import hmac
import os
import pickle
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.codec import restricted_pickle
from app.cache.codec.envelope import MAC_BYTES, EnvelopeCodec, Refusal
from app.cache.codec.restricted_pickle import NotPlain
from app.cache.entry import CacheEntry, FrozenDict, freeze
from app.cache.evidence import ArmEvidence, Evidence, MalformedEvidence
from tests.support.cache.assembly import Clock, key_of

SECRET = "the secret of these tests"
KEYS = [("k1", SECRET)]
NOW = 1_800_000_000.0
EVIDENCE = Evidence(
    corpus_version=7,
    chunks=(3, 1),
    documents=("d1", "d2"),
    vector=ArmEvidence(0.25, exhausted=False),
    lexical=ArmEvidence(None, exhausted=True),
    query_vector=b"\x00\x00\x80?",
    lexemes=("cache",),
    filters={"team": "x"},
    parameters={"space": 4},
)
VALUE = {"results": [{"id": 1, "text": "é", "scores": (0.5, None)}], "tags": {"a"}, "raw": b"\x00"}
RECORD = CacheEntry(VALUE, EVIDENCE, created=NOW, expires=NOW + 60, seconds=1.5, tokens=42)
KEY = key_of()
SNAPSHOT = Path(__file__).parent / "data" / "envelope-v1.b64"
SNAPSHOT_DIGEST = "ec3c218630814cd885ded50c015a37e1da1b663a65deff35e2ace5af47cffecb"


def codec(keys: Any = KEYS, **options: Any) -> EnvelopeCodec:
    return EnvelopeCodec(keys, **{"clock": Clock(NOW), "tolerance": 10.0, **options})


def opened(payload: bytes) -> CacheEntry:
    result = codec().open(KEY, payload)
    assert isinstance(result, CacheEntry), result
    return result


def signed(content: bytes) -> bytes:
    return content + hmac.digest(SECRET.encode(), content, "sha256")


def with_body(body: bytes, **header: int) -> bytes:
    """An envelope as someone would make it who has the secret."""
    fields = {"wire": 1, "compression": 0, "schema": 1, "length": len(body), **header}
    return signed(
        struct.pack(
            ">2sBBHQQ32s",
            b"LC",
            fields["wire"],
            fields["compression"],
            fields["schema"],
            int(NOW * 1000),
            int(NOW * 1000) + 60_000,
            bytes.fromhex(KEY.digest),
        )
        + b"\x02k1\x06answer"
        + struct.pack(">I", fields["length"])
        + body
    )


def test_a_record_comes_back_as_it_was_with_its_value_frozen() -> None:
    payload = codec().seal(KEY, RECORD)
    assert opened(payload) == replace(RECORD, value=freeze(VALUE), size=len(payload))


def test_a_record_without_evidence_comes_back() -> None:
    assert opened(codec().seal(KEY, replace(RECORD, evidence=None))).corpus_version is None


def test_a_frozen_record_can_be_sealed_again() -> None:
    again = opened(codec().seal(KEY, opened(codec().seal(KEY, RECORD))))
    assert again.value == freeze(VALUE)


def test_a_frozen_value_refuses_every_change() -> None:
    value = opened(codec().seal(KEY, RECORD)).value
    for change in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
        with pytest.raises(TypeError, match="shared"):
            getattr(value, change)()
    assert isinstance(value["results"], tuple)
    assert isinstance(value["results"][0], FrozenDict)
    assert freeze(bytearray(b"x")) == b"x"


def test_large_bodies_are_deflated_and_come_back() -> None:
    record = replace(RECORD, value=["long text"] * 100_000)
    payload = codec().seal(KEY, record)
    assert len(payload) < 10_000
    assert opened(payload).value == tuple(record.value)


def test_payloads_of_wire_version_1_stay_readable() -> None:
    record = codec().open(replace(KEY, digest=SNAPSHOT_DIGEST), base64.b64decode(SNAPSHOT.read_text()))
    assert isinstance(record, CacheEntry), record
    assert record.value == freeze(VALUE)
    assert record.evidence == EVIDENCE
    assert (record.created, record.expires, record.seconds, record.tokens) == (NOW, NOW + 60, 1.5, 42)


def test_any_known_key_verifies_and_the_newest_signs() -> None:
    old = codec().seal(KEY, RECORD)
    rotated = codec([("k2", "another secret, newer"), *KEYS])
    assert isinstance(rotated.open(KEY, old), CacheEntry)
    assert codec().open(KEY, rotated.seal(KEY, RECORD)) is Refusal.UNKNOWN_KEY


def test_a_key_of_the_same_name_with_another_secret_does_not_verify() -> None:
    payload = codec([("k1", "a secret that is not ours")]).seal(KEY, RECORD)
    assert codec().open(KEY, payload) is Refusal.SIGNATURE


def test_an_entry_is_not_taken_for_another() -> None:
    payload = codec().seal(KEY, RECORD)
    assert codec().open(key_of("another question"), payload) is Refusal.WRONG_ENTRY
    assert codec().open(replace(KEY, namespace="retrieval"), payload) is Refusal.WRONG_ENTRY


def test_an_old_payload_cannot_be_put_back() -> None:
    payload = codec().seal(KEY, RECORD)
    assert codec(clock=Clock(NOW + 69)).open(KEY, payload) != Refusal.OUTLIVED
    assert codec(clock=Clock(NOW + 71)).open(KEY, payload) is Refusal.OUTLIVED


def test_the_signature_is_checked_before_the_body_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = bytearray(codec().seal(KEY, RECORD))
    payload[-MAC_BYTES - 1] ^= 1
    monkeypatch.setattr(restricted_pickle, "loads", lambda _: pytest.fail("an unverified body was unpickled"))
    assert codec().open(KEY, bytes(payload)) is Refusal.SIGNATURE


class Exploit:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.marker),))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_even_a_rightly_signed_pickle_runs_nothing(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "ran"
    body = pickle.dumps((Exploit(marker), None, 0.0, 0), protocol)
    assert codec().open(KEY, with_body(body)) is Refusal.BODY
    assert not marker.exists()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Refusal.MALFORMED),
        (b"XX" + bytes(200), Refusal.MALFORMED),
        (with_body(b"", wire=2), Refusal.WIRE_VERSION),
        (with_body(b"", schema=2), Refusal.SCHEMA_VERSION),
        (with_body(b"abc", length=2), Refusal.MALFORMED),
        (with_body(b"not a pickle"), Refusal.BODY),
        (with_body(pickle.dumps("not a record")), Refusal.BODY),
        (with_body(pickle.dumps((1, (1, 2), 0.0, 0))), Refusal.BODY),
        (with_body(b"not deflated", compression=1), Refusal.BODY),
        (with_body(zlib.compress(b"\x80\x05."), compression=1), Refusal.BODY),
        (with_body(b"(" * 100_000), Refusal.BODY),
        (b"LC\x01" + bytes(83), Refusal.UNKNOWN_KEY),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
def test_what_cannot_be_read_is_refused_with_its_reason(payload: bytes, reason: Refusal) -> None:
    assert codec().open(KEY, payload) is reason


@given(st.binary(max_size=300))
def test_no_bytes_open_without_our_signature(payload: bytes) -> None:
    assert isinstance(codec().open(KEY, payload), Refusal)
    assert isinstance(codec().open(KEY, b"LC\x01" + payload), Refusal)


VALID = codec().seal(KEY, RECORD)


@given(st.data())
def test_no_change_to_an_envelope_goes_unnoticed(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(VALID)))
    end = data.draw(st.integers(start, len(VALID)))
    changed = VALID[:start] + data.draw(st.binary(max_size=40)) + VALID[end:]
    result = codec().open(KEY, changed)
    assert isinstance(result, Refusal) == (changed != VALID)


@given(st.binary(max_size=200))
def test_no_signed_body_makes_it_raise(body: bytes) -> None:
    assert isinstance(codec().open(KEY, with_body(body)), CacheEntry | Refusal)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(plain)
def test_any_plain_value_survives(value: Any) -> None:
    assert opened(codec().seal(KEY, replace(RECORD, value=value))).value == freeze(value)


@pytest.mark.parametrize(
    "value", [object(), Path("x"), 1 + 2j, len, {"nested": [Path("x")]}], ids=lambda value: type(value).__name__
)
def test_only_plain_builtins_are_sealed(value: Any) -> None:
    with pytest.raises(NotPlain):
        codec().seal(KEY, replace(RECORD, value=value))


def test_a_value_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotPlain):
        restricted_pickle.dumps(value)
    while value:
        value = value.pop()


def test_evidence_that_is_not_evidence_is_refused() -> None:
    assert Evidence.from_plain(EVIDENCE.to_plain()) == EVIDENCE
    assert Evidence.from_plain(Evidence(1).to_plain()) == Evidence(1)
    with pytest.raises(MalformedEvidence):
        Evidence.from_plain((1, 2))


def test_a_codec_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one signing key"):
        EnvelopeCodec([])
