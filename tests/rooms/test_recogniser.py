"""A speech process with a real Vosk and the model for tests (synthetic voices only), asked as a controller asks it.

Sound comes over a WebSocket as Asterisk gives it; that Asterisk itself does is shown in `tests/phone/test_speech.py`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ivr.speech.engine import Engine, NoWords, Recognised, Speaks
from ivr.speech.recognisers import Recognisers
from ivr.speech.service import SpeechService
from ivr.speech.wire import Attach, Began, Cease, Deaf, Heard, Listen, Serving
from sunwai.render import phrase_of, silence

MODEL = Path(__file__).parents[1] / "speech_model"
RATE_HZ = 8000
OFFERED = {"bill": "2", "wrong bill": "2", "meter": "3", "new connection": "4"}

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(MODEL)


def voiced(words: str, voice: str = "en-us+m6") -> bytes:
    return (silence(300) + phrase_of(voice, "150", words) + silence(1500)).tobytes()


def packets(sound: bytes, rate_hz: int = RATE_HZ) -> list[bytes]:
    size = rate_hz // 10 * 2
    return [sound[begin : begin + size] for begin in range(0, len(sound), size)]


# -- the engine


def heard_in(listener, sound: bytes, rate_hz: int = RATE_HZ) -> list[Recognised]:
    found = [listener.hear(packet) for packet in packets(sound, rate_hz)]
    return [one for one in found if isinstance(one, Recognised)]


def test_a_phrase_is_taken_before_the_engine_has_found_its_end(engine):
    sound = voiced("wrong bill")
    spoken_s = (len(sound) // 2 - 1500 * 8) / RATE_HZ
    [found] = heard_in(engine.listener(OFFERED, RATE_HZ), sound)
    assert found.text == "wrong bill"
    assert 0 < found.confidence <= 1
    assert found.said_s < spoken_s + 0.6, "the engine's own end comes 0.8 s after the word"


def test_half_a_word_behind_a_phrase_is_no_part_of_it(engine):
    """More words could not change the choice; the one he has just begun would only make it uncertain."""
    slow = {"bill": "2", "bill complaint": "2"}
    sound = (
        silence(300) + phrase_of("en-us+m6", "150", "bill") + silence(180) + phrase_of("en-us+m6", "150", "complaint")
    )
    found = heard_in(engine.listener(slow, RATE_HZ), sound.tobytes())
    assert found[0].text == "bill"
    assert found[0].early


def test_what_could_be_turned_round_by_more_words_waits_for_the_end(engine):
    """Hindi says its "not" last: "right ... no" must not be taken for right."""
    right, no = phrase_of("en-us+m6", "150", "right"), phrase_of("en-us+m6", "150", "no")
    sound = (silence(300) + right + silence(250) + no + silence(900)).tobytes()
    offered = {"right": "1", "no": "2"}
    assert [one.text for one in heard_in(engine.listener(offered, RATE_HZ, ("1",)), sound)] == ["right no"]
    assert heard_in(engine.listener(offered, RATE_HZ), sound)[0].text == "right", "taken early where it may be"


def test_the_beginning_is_told_once(engine):
    listener = engine.listener(OFFERED, RATE_HZ)
    told = [listener.hear(packet) for packet in packets(voiced("meter"))]
    assert [type(one) for one in told if one is not None] == [Speaks, Recognised]


def test_one_listener_hears_one_answer_after_the_other(engine):
    listener = engine.listener(OFFERED, RATE_HZ)
    assert [one.text for one in heard_in(listener, voiced("meter") + voiced("new connection"))] == [
        "meter",
        "new connection",
    ]


def test_speech_that_is_no_choice_is_unknown_speech(engine):
    found = heard_in(engine.listener(OFFERED, RATE_HZ), voiced("yesterday we walked through the garden together"))
    assert found
    assert all("[unk]" in one.text for one in found)


def test_silence_says_nothing(engine):
    assert heard_in(engine.listener(OFFERED, RATE_HZ), silence(7000).tobytes()) == []


def test_sound_of_twice_the_rate_is_heard_as_well(engine):
    wide = array("h", (sample for sample in array("h", voiced("new connection")) for _ in range(2)))
    found = heard_in(engine.listener(OFFERED, 2 * RATE_HZ), wide.tobytes(), 2 * RATE_HZ)
    assert [one.text for one in found] == ["new connection"]


def test_words_the_model_lacks_are_left_out_and_none_at_all_is_told(engine):
    listener = engine.listener({**OFFERED, "floccinaucinihilipilification": "7"}, RATE_HZ)
    assert [one.text for one in heard_in(listener, voiced("meter"))] == ["meter"]
    for nothing in ({}, {"floccinaucinihilipilification": "7"}):
        with pytest.raises(NoWords):
            engine.listener(nothing, RATE_HZ)


# -- the process


class Caller:
    """Asterisk's side of one caller's sound: what is put into `sounds` is sent, as it comes."""

    def __init__(self) -> None:
        self.sounds: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.log_in = ""

    async def media(self, request: web.Request) -> web.WebSocketResponse:
        self.log_in = request.headers["Authorization"]
        socket = web.WebSocketResponse(protocols=("media",))
        await socket.prepare(request)
        await socket.send_str('{"event":"MEDIA_START","format":"slin"}')
        while (sound := await self.sounds.get()) is not None:
            await socket.send_bytes(sound)
        await socket.close()
        return socket

    def speaks(self, sound: bytes) -> None:
        for begin in range(0, len(sound), 320):
            self.sounds.put_nowait(sound[begin : begin + 320])


class Talk:
    """A controller's side: what it is told of the ears `e1`."""

    def __init__(self, recognisers: Recognisers) -> None:
        self.recognisers = recognisers
        self.told: asyncio.Queue[Began | Heard | Deaf] = asyncio.Queue()

    async def one(self):
        async with asyncio.timeout(5):
            while (one := self.recognisers.least_busy()) is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
        one.begin("e1", self.told.put_nowait)
        return one

    async def next(self, kind: type) -> object:
        async with asyncio.timeout(10):
            while not isinstance(told := await self.told.get(), kind):
                pass
        return told


@pytest.fixture
async def caller(aiohttp_port) -> AsyncIterator[Caller]:
    made = Caller()
    app = web.Application()
    app.router.add_get("/media/m1", made.media)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", aiohttp_port).start()
    yield made
    made.sounds.put_nowait(None)
    await runner.cleanup()


@pytest.fixture
def aiohttp_port(unused_tcp_port_factory) -> int:
    return unused_tcp_port_factory()


@pytest.fixture
async def talk(tmp_path, engine, aiohttp_port) -> AsyncIterator[Talk]:
    socket = tmp_path / "r.sock"
    service = SpeechService(
        socket,
        f"http://127.0.0.1:{aiohttp_port}",
        "user",
        "word",
        engines={"en": engine},
        serving=Serving({"en": RATE_HZ}, {"hi": "no such folder"}),
        threads=1,
    )
    recognisers = Recognisers([socket])
    tasks = [asyncio.create_task(service.run()), asyncio.create_task(recognisers.run())]
    yield Talk(recognisers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_it_tells_what_it_hears_and_what_it_does_not(talk):
    await talk.one()
    assert talk.recognisers.engines() == {"en": RATE_HZ}


async def test_a_caller_is_heard_question_by_question(talk, caller):
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "m1", RATE_HZ))
    recogniser.say(Listen("e1", 1, "en", OFFERED))
    caller.speaks(voiced("wrong bill")[: 8000 * 2 + 6000])
    assert isinstance(await talk.next(Began), Began)
    heard = await talk.next(Heard)
    assert (heard.question, heard.text) == (1, "wrong bill")
    assert caller.log_in == aiohttp.encode_basic_auth("user", "word")

    recogniser.say(Cease("e1"))
    recogniser.say(Listen("e1", 2, "en", {"yes": "1", "no": "2"}))
    await asyncio.sleep(0.2)
    caller.speaks(silence(800).tobytes() + voiced("yes"))
    heard = await talk.next(Heard)
    assert (heard.question, heard.text) == (2, "yes")


async def test_the_rest_of_an_answer_that_was_taken_early_is_no_answer_to_the_next_question(talk, caller):
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "m1", RATE_HZ))
    recogniser.say(Listen("e1", 1, "en", {"bill": "2", "bill yes": "2"}))
    pause, yes = silence(400), phrase_of("en-us+m6", "150", "yes")
    caller.speaks((silence(300) + phrase_of("en-us+m6", "150", "bill") + pause).tobytes())
    assert (await talk.next(Heard)).text == "bill"
    recogniser.say(Listen("e1", 2, "en", {"yes": "1", "no": "2"}))
    await asyncio.sleep(0.2)
    caller.speaks((yes + silence(900)).tobytes())
    caller.speaks((phrase_of("en-us+m6", "150", "no") + silence(900)).tobytes())
    assert (await talk.next(Heard)).text == "no"


async def test_a_later_question_is_heard_from_its_first_word(talk, caller):
    """Only the rest of the answer is left out: not what is said a second later."""
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "m1", RATE_HZ))
    recogniser.say(Listen("e1", 1, "en", {"bill": "2", "bill yes": "2"}))
    bill, wrong = phrase_of("en-us+m6", "150", "bill"), phrase_of("en-us+m6", "150", "wrong bill")
    caller.speaks((silence(300) + bill + silence(400)).tobytes())
    assert (await talk.next(Heard)).text == "bill"
    recogniser.say(Cease("e1"))
    await asyncio.sleep(0.1)
    caller.speaks(silence(900).tobytes())
    await asyncio.sleep(0.2)
    recogniser.say(Listen("e1", 2, "en", OFFERED))
    await asyncio.sleep(0.1)
    caller.speaks((silence(100) + wrong + silence(900)).tobytes())
    assert (await talk.next(Heard)).text == "wrong bill"


async def test_what_he_says_with_a_key_is_no_answer_to_the_next_question(talk, caller):
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "m1", RATE_HZ))
    recogniser.say(Listen("e1", 1, "en", OFFERED))
    meter = phrase_of("en-us+m6", "150", "meter").tobytes()
    caller.speaks(silence(300).tobytes() + meter)
    await talk.next(Began)  # no more sound comes: it is not whole yet
    recogniser.say(Cease("e1"))  # he has pressed a key
    recogniser.say(Listen("e1", 2, "en", OFFERED))
    await asyncio.sleep(0.1)
    caller.speaks(phrase_of("en-us+m6", "150", "meter").tobytes() + silence(900).tobytes())
    caller.speaks(phrase_of("en-us+m6", "150", "new connection").tobytes() + silence(900).tobytes())
    assert (await talk.next(Heard)).text == "new connection"


async def test_a_caller_whose_sound_cannot_be_had_is_told_deaf(talk, caller):
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "nobody", RATE_HZ))
    assert (await talk.next(Deaf)).why == "no_media"


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        (Listen("e1", 1, "hi", OFFERED), "unknown_engine"),
        (Listen("e1", 1, "en", {}), "no_words"),
        (Listen("e1", 1, "en", {"xyzzy": "1"}), "no_words"),
    ],
)
async def test_a_question_that_cannot_be_heard_is_told_deaf(talk, caller, listen, why):
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "m1", RATE_HZ))
    recogniser.say(listen)
    caller.speaks(silence(500).tobytes())
    assert (await talk.next(Deaf)).why == why


async def test_more_sound_than_can_be_heard_in_time_ends_the_hearing_not_the_process(talk, caller):
    recogniser = await talk.one()
    recogniser.say(Attach("e1", "m1", RATE_HZ))
    recogniser.say(Listen("e1", 1, "en", OFFERED))
    for _ in range(40):
        caller.sounds.put_nowait(silence(2000).tobytes())
    assert (await talk.next(Deaf)).why == "overloaded"
    assert recogniser.serving is not None
    assert talk.recognisers.least_busy() is None, "it is full: others go by keys for a while"


async def test_a_controller_of_another_release_is_sent_away_and_the_next_one_is_heard(talk, caller, tmp_path):
    await talk.one()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "r.sock"))
    assert b"serving" in await reader.readline()
    writer.write(b'{"type":"nonsense"}\n')
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    assert talk.recognisers.least_busy() is not None


async def test_an_engine_that_does_not_come_back_ends_its_process(tmp_path):
    """In a process of its own: it is ended for good, or the callers of that thread would wait for ever."""
    program = """
import asyncio, time, sys
from ivr.speech import service
from ivr.speech.wire import Attach, Listen, Serving
service.WEDGED_S = 0.3

class Wedged:
    def listener(self, offered, rate_hz, patient):
        time.sleep(60)

async def main():
    one = service.SpeechService(service.Path(sys.argv[1]), "http://127.0.0.1:1", "u", "w",
                                engines={"en": Wedged()}, serving=Serving({}, {}), threads=1)
    class Nobody:
        def heard(self, *_): ...
    stream = one.stream(Attach("e1", "m1", 8000), Nobody())
    one._streams.add(stream)
    stream.listen(Listen("e1", 1, "en", {"bill": "1"}))
    stream.hear(bytes(1600))
    await asyncio.gather(stream.run(), one.run())

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path / "w.sock"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    async with asyncio.timeout(20):
        assert await process.wait() == 70
