"""The doors of a line at work: agents' passwords, nonsense and floods on the wire, callers with odd numbers.

What Asterisk refuses by its configuration alone is tried in tests/rooms/test_asterisk_conf.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import socket
import sqlite3
import subprocess
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from broken_line import ASTERISK, gone, pid_of
from phone_line import until

from complaints.ledger import Outcome

STRANGER, TRUNK_PEER = "127.0.0.9", "127.0.0.3"
OPTIONS = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="an OPTIONS whose answer is of no account">
  <send><![CDATA[
    OPTIONS sip:1912@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:flood@[local_ip]>;tag=[call_number]
    To: <sip:1912@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 OPTIONS
    Content-Length: 0
  ]]></send>
</scenario>
"""
CHALLENGE = re.compile(rb'WWW-Authenticate:.*?realm="(?P<realm>[^"]*)",\s*nonce="(?P<nonce>[^"]*)"', re.IGNORECASE)


# -- agents' telephones -------------------------------------------------------------------------------------------


def register(phone: dict, password: str, *, expires: int = 60) -> int:
    """Register as a SIP telephone does, with one answer to the challenge; the status of the second reply."""
    line = (str(phone["address"]), int(phone["port"]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((STRANGER, 0))
        wire.settimeout(20)
        call_id = uuid4().hex
        wire.sendto(register_text(wire, line, phone["user"], call_id, 1, expires), line)
        challenge = CHALLENGE.search(reply_on(wire))
        assert challenge is not None
        realm, nonce = challenge["realm"].decode(), challenge["nonce"].decode()
        uri = f"sip:{line[0]}:{line[1]}"
        answer = digest(digest(phone["user"], realm, password), nonce, digest("REGISTER", uri))
        words = (
            f'Digest username="{phone["user"]}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{answer}", '
            "algorithm=MD5"
        )
        wire.sendto(register_text(wire, line, phone["user"], call_id, 2, expires, words), line)
        return int(reply_on(wire).split()[1])


def reply_on(wire: socket.socket) -> bytes:
    """The next reply; the line asks a telephone at once whether it is there, which is none."""
    while not (found := wire.recv(4096)).startswith(b"SIP/2.0"):
        pass
    return found


def digest(*words: str) -> str:
    """RFC 2617 without qop."""
    return hashlib.md5(":".join(words).encode(), usedforsecurity=False).hexdigest()


def register_text(wire, line, user: str, call_id: str, count: int, expires: int, words: str = "") -> bytes:
    here = "{}:{}".format(*wire.getsockname())
    lines = [
        f"REGISTER sip:{line[0]}:{line[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {here};branch=z9hG4bK-{call_id}-{count}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{line[0]}>;tag={call_id}",
        f"To: <sip:{user}@{line[0]}>",
        f"Call-ID: {call_id}",
        f"CSeq: {count} REGISTER",
        f"Contact: <sip:{user}@{here}>",
        f"Expires: {expires}",
        *([f"Authorization: {words}"] if words else []),
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@asynccontextmanager
async def signed_in(house, name: str):
    """An agent with what he is to enter into his telephone."""
    async with house.person(name) as agent:
        await agent.open_page()
        yield agent, await agent.post("/api/agent/phone")


async def registers(phone: dict, password: str, **more) -> int:
    return await asyncio.to_thread(register, phone, password, **more)


async def test_only_the_password_of_this_agent_and_this_session_registers_his_telephone(house):
    async with signed_in(house, "P01") as (_, old), signed_in(house, "A01") as (_, other):
        assert await registers(old, "wrong") == 401
        assert await registers(old, other["password"]) == 401
        async with signed_in(house, "P01") as (_, new):
            assert new["password"] != old["password"]
            assert await registers(new, old["password"]) == 401
            assert await registers(new, new["password"]) == 200
            assert await registers(new, new["password"], expires=0) == 200


async def test_a_wrong_password_makes_no_telephone_reachable(house, exchange):
    async with signed_in(house, "P01") as (agent, phone):
        await exchange.register_phone(phone["user"], "wrong", f"{phone['address']}:{phone['port']}")
        assert await registers(phone, "wrong") == 401
        assert not (await agent.get("/api/agent"))["phone_reachable"]
        await exchange.unregister_phone(phone["user"])


async def test_after_the_log_out_the_telephones_password_is_worth_nothing(house):
    async with signed_in(house, "P01") as (agent, phone):
        assert await registers(phone, phone["password"]) == 200
        await agent.post("/api/logout")

        async def refused():
            return await registers(phone, phone["password"], expires=0) != 200

        await until(refused, 20)


# -- nonsense and floods while somebody is on the phone -----------------------------------------------------------


@asynccontextmanager
async def a_call_that_goes_on(house, exchange, number: str):
    """A caller at the first question; after the block he chooses, is understood, and a new caller is greeted."""
    before = pid_of(house, ASTERISK)
    caller = await exchange.call(number)
    await caller.hear("language_choice")
    yield
    await caller.press("3")
    await caller.hear("main_menu", limit_s=30)
    await gone(caller)
    following = await exchange.call(number)
    await following.hear("main_menu", limit_s=30)
    await gone(following)
    assert pid_of(house, ASTERISK) == before, "Asterisk was started anew"


@pytest.mark.parametrize(("source", "number"), [(STRANGER, "5000077801"), (TRUNK_PEER, "5000077802")])
@pytest.mark.timeout(150)
async def test_a_call_goes_on_in_a_flood_of_options(house, exchange, tmp_path, source, number):
    telephony, scenario = house.line.settings.telephony, tmp_path / "options.xml"
    scenario.write_text(OPTIONS, encoding="utf-8")
    async with a_call_that_goes_on(house, exchange, number):
        where = ["sipp", f"{telephony.trunk_address}:{telephony.trunk_port}", "-sf", str(scenario), "-i", source]
        command = [*where, "-r", "200", "-m", "1000", "-nostdin", "-timeout", "60"]
        told = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, timeout=70, check=False
        )
        assert told.returncode == 0, told.stdout[-2000:]


def sip(first: str, *headers: str, body: bytes = b"") -> bytes:
    call_id = uuid4().hex
    lines = (
        first,
        f"Via: SIP/2.0/UDP {TRUNK_PEER}:5099;branch=z9hG4bK{call_id}",
        f"From: <sip:1@{TRUNK_PEER}>;tag={call_id}",
        "To: <sip:1912@127.0.0.2>",
        f"Call-ID: {call_id}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:1@{TRUNK_PEER}:5099>",
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


# To a number nobody has: what Asterisk can read in spite of all is refused, and takes no place of the line's.
INVITE = "INVITE sip:9999@127.0.0.2 SIP/2.0"
NONSENSE = (
    os.urandom(1200),
    b"\0" * 60_000,
    b"INVITE " + b"x" * 60_000 + b" SIP/2.0\r\n\r\n",
    sip("INVITE", "Max-Forwards: 70"),
    sip("INVITE sip:9999@127.0.0.2 SIP/9.9"),
    sip("\u202e sip:9999@127.0.0.2 SIP/2.0"),
    sip(INVITE, "Max-Forwards: -1", "Content-Length: -1"),
    sip(INVITE, "Content-Length: 99999", body=b"v=0"),
    sip(INVITE, "Max-Forwards: 70", "X-Long: " + "x" * 30_000),
    sip(INVITE, *[f"Via: SIP/2.0/UDP 127.0.0.{n % 250 + 1}:5060;branch=z9hG4bK{n}" for n in range(500)]),
    sip(INVITE, "From: <sip:2@x>;tag=2", "CSeq: x y", "Call-ID: \x01\x02"),
    sip(INVITE, 'P-Asserted-Identity: "' + "%00" * 500 + '" <sip:%00%ff@x>', "Content-Length: 0"),
    sip(
        INVITE,
        "Content-Type: application/sdp",
        "Content-Length: 9000",
        body=(b"v=0\r\nm=audio 99999999 RTP/AVP " + b"0 " * 4000)[:9000],
    ),
    sip("SIP/2.0 200 OK"),
    sip("BYE sip:9999@127.0.0.2 SIP/2.0"),
    sip("CANCEL sip:9999@127.0.0.2 SIP/2.0"),
)


@pytest.mark.parametrize(("source", "number"), [(STRANGER, "5000077803"), (TRUNK_PEER, "5000077804")])
@pytest.mark.timeout(120)
async def test_a_call_goes_on_while_nonsense_comes_in(house, exchange, source, number):
    telephony = house.line.settings.telephony
    async with a_call_that_goes_on(house, exchange, number):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.bind((source, 0))
            for words in NONSENSE * 5:
                for door in (telephony.trunk_address, telephony.agent_address):
                    wire.sendto(words, (door, telephony.trunk_port))


# -- odd callers --------------------------------------------------------------------------------------------------


def inbound_calls(house) -> set[str]:
    """References of all calls to the line that stand in the ledger."""
    with sqlite3.connect(house.line.var / "books" / "sunwai.db", timeout=5) as books:
        found = {call_ref for (call_ref,) in books.execute("SELECT call_ref FROM calls WHERE kind = 'inbound'")}
    books.close()
    return found


@pytest.mark.parametrize("shown", ["1" * 60, "abc';--", "+", "agent-P01", "1912"])
async def test_a_caller_with_an_impossible_number_is_a_caller_without_one(house, exchange, books, shown):
    before = inbound_calls(house)
    caller = await exchange.call(shown)
    await caller.hear("language_choice")
    await gone(caller)

    async def settled():
        rows = [await books.calls.get(call_ref) for call_ref in inbound_calls(house) - before]
        return rows if rows and all(row.outcome for row in rows) else None

    [row] = await until(settled, 30)
    assert row.phone is None
    assert row.outcome in (Outcome.CALLER_LEFT, Outcome.SHORT_ABANDON)
