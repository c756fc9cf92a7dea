"""What Asterisk keeps by its configuration alone, with no controller: tried with the real program and the exchange."""

from __future__ import annotations

import asyncio
import csv
import os
import socket

import aiohttp
import pytest
from asterisk_pair_fixture import ask, house, until

from sunwai import asterisk_conf
from sunwai.asterisk_conf import ARI_USER, cel_file, recording_path
from sunwai.rescue import PLAYBACK_ID, AsteriskWatch
from sunwai.settings import Line

__all__ = ["ask", "house"]

CONSUMER = "5000012345"


def rows(line: Line) -> list[list[str]]:
    return list(csv.reader(cel_file(line).read_text().splitlines())) if cel_file(line).exists() else []


def ended(events: list[dict], channel: str) -> dict | None:
    return next((e for e in events if e["type"] == "ChannelDestroyed" and e["channel"]["id"] == channel), None)


async def call(ask, channel: str, number: str = "1912", endpoint: str = "line", caller: str = CONSUMER):
    status, told = await ask.far(
        "POST", "channels", endpoint=f"PJSIP/{number}@{endpoint}", app="exchange", channelId=channel, callerId=caller
    )
    assert status == 200, told


async def on_the_line(ask, context: str, app: str) -> dict:
    async def found():
        _, channels = await ask.near("GET", "channels")
        here = (c for c in channels if c["dialplan"]["context"] == context and c["dialplan"]["app_name"] == app)
        return next(here, None)

    return await until(found)


async def test_a_call_without_a_controller_is_answered_written_recorded_and_kept(ask):
    await call(ask, "kept")
    channel = await on_the_line(ask, "fallback", "Queue")
    call_ref = f"n1-{channel['id']}"
    assert channel["channelvars"]["CALL_REF"] == call_ref
    assert channel["caller"]["number"] == CONSUMER
    assert recording_path(ask.line, call_ref).exists()
    ours = [row for row in rows(ask.line) if row[3] == channel["id"]]
    assert ours[0][0] == "CHAN_START"
    assert (ours[0][5:8], ours[0][10]) == (["from-trunk", "1912", CONSUMER], "")
    assert float(ours[0][1]) > 1_700_000_000
    assert [row[0] for row in ours[1:3]] == ["ANSWER", "USER_DEFINED"]
    assert ours[2][8] == "FALLBACK_ENTERED"
    assert ours[2][10] == call_ref
    await ask.far("DELETE", "channels/kept")
    await until(lambda: [row for row in rows(ask.line) if row[3] == channel["id"] and row[0] == "HANGUP"])
    hangup = next(row for row in rows(ask.line) if row[3] == channel["id"] and row[0] == "HANGUP")
    assert '"hangupcause":16' in hangup[9]


async def test_the_fallback_gives_the_call_back_to_a_controller_that_returns(ask):
    await call(ask, "back")
    channel = await on_the_line(ask, "fallback", "Queue")
    login = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, ask.line.secret("ari"))}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{ask.line.ari_url}/ari/events?app=sunwai", headers=login) as wire,
    ):
        start = await until_event(wire, "StasisStart")
        assert start["channel"]["id"] == channel["id"]
        assert start["args"] == ["returned"]
        assert start["channel"]["channelvars"]["CALL_REF"] == f"n1-{channel['id']}"
        await ask.near("DELETE", f"channels/{channel['id']}")
        await until(lambda: ended(ask.events, "back"))


async def test_the_parent_keeps_the_callers_of_a_controller_that_died_even_in_the_middle_of_a_prompt(ask):
    line = ask.line
    login = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, line.secret("ari"))}
    async with (
        AsteriskWatch(line.ari_url, ARI_USER, line.secret("ari")) as watch,
        aiohttp.ClientSession() as session,
    ):
        async with session.ws_connect(f"{line.ari_url}/ari/events?app=sunwai", headers=login) as wire:
            await call(ask, "held")
            start = await until_event(wire, "StasisStart")
            assert start["args"] == ["inbound"]
            assert await watch.knows_app("sunwai")
            channel = start["channel"]["id"]
            await ask.near("POST", f"channels/{channel}/answer")
            media = ",".join([f"sound:{line.prompts}/moh/holding"] * 15)
            await ask.near("POST", f"channels/{channel}/play/{PLAYBACK_ID.format(channel=channel)}", media=media)
            await until_event(wire, "PlaybackStarted")
        # Thirty seconds of prompt are left: the parent ends it, or the test's limit of time does.
        assert await watch.rescue() == 1
        kept = await on_the_line(ask, "fallback", "Queue")
        assert kept["id"] == channel
        assert await watch.rescue() == 0


async def until_event(wire, kind: str) -> dict:
    async with asyncio.timeout(20):
        while True:
            event = (await wire.receive()).json()
            if event["type"] == kind:
                return event


async def test_key_1_in_the_fallback_notes_the_callback_before_the_message(ask):
    await call(ask, "key")
    channel = await on_the_line(ask, "fallback", "Queue")
    await ask.far("POST", "channels/key/dtmf", dtmf="1")
    await on_the_line(ask, "fallback-keys", "Record")
    await ask.far("DELETE", "channels/key")
    await until(lambda: [row for row in rows(ask.line) if row[3] == channel["id"] and row[8] == "FALLBACK_MESSAGE"])
    noted = [row[8] for row in rows(ask.line) if row[3] == channel["id"] and row[0] == "USER_DEFINED"]
    assert noted == ["FALLBACK_ENTERED", "FALLBACK_CALLBACK", "FALLBACK_MESSAGE"]
    spoken = recording_path(ask.line, f"n1-{channel['id']}")
    assert spoken.with_name(spoken.stem + "-message.wav").exists()


async def test_a_key_without_a_use_hangs_nobody_up(ask):
    await call(ask, "wrong")
    await on_the_line(ask, "fallback", "BackGround")
    await ask.far("POST", "channels/wrong/dtmf", dtmf="7")
    await on_the_line(ask, "fallback", "Queue")
    assert ended(ask.events, "wrong") is None


async def test_above_the_soft_limit_a_caller_hears_a_sentence_and_the_row_says_so(ask):
    for channel in ("one", "two"):
        await call(ask, channel)
        await until(lambda: len(rows(ask.line)))
    await until(lambda: two_lines(ask))
    await call(ask, "three")
    over = await until(lambda: ended(ask.events, "three"))
    assert over["channel"]["state"] == "Up"
    assert [row[8] for row in rows(ask.line)].count("LINES_FULL") == 1


async def test_a_second_trunk_has_limits_of_its_own_first_a_sentence_then_503(ask):
    door = ("127.0.0.2", ask.line.settings.telephony.trunk_port)
    callers, replies = ("5000000001", "5000000002", "5000000003"), []
    first = b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        second.bind(("127.0.0.4", 0))
        second.settimeout(10)
        port = second.getsockname()[1]
        for caller in callers:
            second.sendto(sip("INVITE", "1912", caller, port, "127.0.0.4"), door)
            reply = await asyncio.to_thread(final_reply, second, caller)
            replies.append(int(reply.split()[1]))
            first = reply if caller == callers[0] else first
            second.sendto(sip("ACK", "1912", caller, port, "127.0.0.4", reply), door)
        await until(lambda: any('"hangupcause":42' in row[9] for row in second_trunks(ask.line)))
        told = second_trunks(ask.line)
        assert [row[8] for row in told].count("LINES_FULL") == 1
        assert ['"hangupcause":42' in row[9] for row in told].count(True) == 1
        second.sendto(sip("BYE", "1912", callers[0], port, "127.0.0.4", first), door)
    assert replies == [200, 200, 503]


def second_trunks(line: Line) -> list[list[str]]:
    """What Asterisk has told of its calls; a moment after the caller has his reply."""
    return [row for row in rows(line) if row[4].startswith("PJSIP/trunk-second-")]


def final_reply(wire, caller: str) -> bytes:
    """The reply that ends this caller's INVITE."""
    while True:
        reply = wire.recv(4096)
        if f"INVITE-1912-{caller}".encode() in reply and int(reply.split()[1]) >= 200:
            return reply


async def two_lines(ask) -> bool:
    return len((await ask.near("GET", "channels"))[1]) == 2


async def test_only_the_lines_number_is_answered(ask):
    for number in ("9999", "5000012345", "s", "h", "fallback"):
        await call(ask, f"to-{number}", number)
        over = await until(lambda number=number: ended(ask.events, f"to-{number}"))
        assert (over["cause"], over["tech_cause"]) == (1, 404)


async def test_a_call_we_make_is_recorded_and_waits_for_the_controller(ask):
    call_ref = "n1-1795344999.c7"
    status, _ = await ask.near(
        "POST",
        "channels",
        {"variables": {"CALL_REF": call_ref, "CALL_KIND": "satisfaction"}},
        endpoint=f"PJSIP/{CONSUMER}@trunk",
        context="satisfaction",
        extension="s",
        priority=1,
        callerId="1912",
        channelId="ours",
    )
    assert status == 200
    rung = await until(lambda: next((e for e in ask.events if e.get("args") == ["called", CONSUMER]), None))
    # The network ends the call at the address it is given here: it must be the trunk's door, not the agents'.
    path, header = f"channels/{rung['channel']['id']}/variable", "PJSIP_HEADER(read,Contact)"
    told = (await ask.far("GET", path, variable=header))[1]["value"]
    trunk = ask.line.settings.telephony
    assert f"@{trunk.trunk_address}:{trunk.trunk_port}" in told
    await ask.far("POST", f"channels/{rung['channel']['id']}/answer")
    await on_the_line(ask, "satisfaction", "MusicOnHold")
    assert recording_path(ask.line, call_ref).exists()
    assert rung["channel"]["caller"]["number"] == "1912"
    # A record of ours is told from a consumer's call by its extension: nobody dialled 1912.
    assert {row[6] for row in rows(ask.line) if row[3] == "ours"} == {"s"}
    await ask.near("DELETE", "channels/ours")


def fields(**values: str) -> dict:
    return {"fields": [{"attribute": name, "value": value} for name, value in values.items()]}


async def give_a_phone(ask, code: str) -> None:
    """An agent's endpoint on the line's side, a registered phone on the exchange's: both over ARI, both in memory."""
    name, secret = f"agent-{code}", "only-for-this-test"
    door = f"sip:127.0.0.1:{ask.line.settings.telephony.agent_port}"
    login = fields(auth_type="userpass", username=name, password=secret)
    media = {"disallow": "all", "allow": "alaw,ulaw"}
    near = {
        "auth": login,
        "aor": fields(max_contacts="1", remove_existing="yes"),
        "endpoint": fields(transport="transport-agents", context="agents", auth=name, aors=name, **media),
    }
    far = {
        "auth": login,
        "aor": fields(contact=door),
        "endpoint": fields(transport="transport-phones", aors=name, outbound_auth=name, from_user=name, **media),
        "registration": fields(
            transport="transport-phones",
            server_uri=door,
            client_uri=f"sip:{name}@127.0.0.1:{ask.line.settings.telephony.agent_port}",
            contact_user=name,
            outbound_auth=name,
            max_random_initial_delay="0",
        ),
    }
    for client, kinds in ((ask.near, near), (ask.far, far)):
        for kind, body in kinds.items():
            status, told = await client("PUT", f"asterisk/config/dynamic/res_pjsip/{kind}/{name}", body)
            assert status == 200, told

    async def online():
        return (await ask.near("GET", f"endpoints/PJSIP/{name}"))[1].get("state") == "online"

    await until(online)


async def test_an_agents_phone_made_over_ari_registers_rings_and_can_dial_nothing(ask):
    await give_a_phone(ask, "J09")
    for number in ("1912", CONSUMER, "agent-A17", "s"):
        await call(ask, f"out-{number}", number, "agent-J09")
        over = await until(lambda number=number: ended(ask.events, f"out-{number}"))
        assert (over["cause"], over["tech_cause"]) == (1, 404)
    await ask.near("POST", "channels", endpoint="PJSIP/agent-J09", context="agents", extension="s", channelId="ring")
    await until(lambda: [e for e in ask.events if e.get("args") == ["rung", "agent-J09"]])
    await ask.near("DELETE", "channels/ring")


async def test_a_trunk_caller_with_an_agents_name_is_a_caller_of_the_trunk(ask):
    await give_a_phone(ask, "A17")
    await call(ask, "mask", caller="<agent-A17>")
    channel = await on_the_line(ask, "fallback", "BackGround")
    assert channel["caller"]["number"] == "agent-A17"
    assert channel["name"].startswith("PJSIP/trunk-")


def sip(kind: str, user: str, caller: str, port: int, address: str = "127.0.0.9", reply: bytes = b"") -> bytes:
    """A request; within a dialogue `reply` is the answer to its INVITE."""
    of_call = f"INVITE-{user}-{caller}" if reply else f"{kind}-{user}-{caller}"
    to = next((line for line in reply.decode().split("\r\n") if line.startswith("To:")), f"To: <sip:{user}@127.0.0.2>")
    lines = (
        f"{kind} sip:{user}@127.0.0.2 SIP/2.0",
        f"Via: SIP/2.0/UDP {address}:{port};branch=z9hG4bK-{kind}-{user}-{caller}",
        "Max-Forwards: 70",
        f"From: <sip:{caller}@{address}>;tag=1",
        to,
        f"Call-ID: {of_call}",
        f"CSeq: {2 if kind == 'BYE' else 1} {kind}",
        f"Contact: <sip:{caller}@{address}:{port}>",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize("door", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize(("kind", "user", "caller"), [
    ("INVITE", "1912", CONSUMER), ("INVITE", "1912", "trunk"), ("INVITE", "1912", "agent-J09"),
    ("REGISTER", "trunk", "trunk"), ("REGISTER", "agent-J09", "agent-J09"), ("SUBSCRIBE", "1912", "x"),
])  # fmt: skip
def test_a_stranger_is_refused_at_both_doors(house, door, kind, user, caller):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.9", 0))
        stranger.settimeout(10)
        stranger.sendto(sip(kind, user, caller, stranger.getsockname()[1]), (door, house.settings.telephony.trunk_port))
        assert stranger.recv(4096).split()[1] in {b"401", b"403", b"489"}


async def test_nonsense_on_the_wire_harms_nothing(ask):
    address = ("127.0.0.2", ask.line.settings.telephony.trunk_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for junk in (
            b"hello",
            b"\0" * 1400,
            b"INVITE sip:1912@x SIP/2.0\r\n\r\n",
            os.urandom(1000),
            b"SIP/2.0 200 OK\r\n",
        ):
            stranger.sendto(junk, address)
    await call(ask, "after")
    await on_the_line(ask, "fallback", "Queue")


async def test_ari_asks_for_the_right_password_and_the_watcher_may_only_read(house):
    async with aiohttp.ClientSession() as session:

        async def status(method: str, user: str, secret: str) -> int:
            login = {"Authorization": aiohttp.encode_basic_auth(user, secret)}
            path = "bridges" if method == "POST" else "asterisk/ping"
            async with session.request(method, f"{house.ari_url}/ari/{path}", headers=login) as answer:
                return answer.status

        assert await status("GET", ARI_USER, house.secret("ari")) == 200
        assert await status("GET", ARI_USER, "wrong") == 401
        assert await status("GET", asterisk_conf.ARI_WATCH_USER, house.secret("ari_watch")) == 200
        assert await status("POST", asterisk_conf.ARI_WATCH_USER, house.secret("ari_watch")) == 403


def test_no_manager_port_is_open_and_no_secret_is_readable_by_others(house):
    with socket.socket() as door:
        assert door.connect_ex(("127.0.0.1", 5038)) != 0
    etc = asterisk_conf.etc_folder(house)
    assert not [path for path in etc.glob("*.conf") if path.stat().st_mode & 0o077]
    assert house.secret("ari") not in "".join(path.read_text() for path in etc.glob("*.conf"))


def test_the_start_says_nothing_worse_than_a_notice(house):
    for base in ("asterisk", "exchange"):
        told = (house.var / base / "log" / "messages").read_text().splitlines()
        before_calls = told[: next((n for n, one in enumerate(told) if "[C-" in one or "security" in one), len(told))]
        assert not [one for one in before_calls if "ERROR" in one]
