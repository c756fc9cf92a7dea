"""Callers who speak: through the whole line, with voices the model for tests was never trained on (synthetic only)."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import random
import signal
import time
from array import array
from functools import cache
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from callers import answers, ended
from phone_line import House, a_running_line, agent_at_work, own_consumer, settings_text, until
from test_satisfaction import CONSUMER, claim

from complaints.records import State
from ivr.exchange import Exchange, Phone
from ivr.tones import to_ulaw
from storage.books import Books
from sunwai.asterisk_conf import ARI_USER
from sunwai.render import phrase_of

MODEL = Path(__file__).parents[1] / "speech_model"
SPEECH = """
[speech]
models = {{ hi = "{0}", ur = "{0}", en = "{0}" }}
"""
HINDI, URDU, ENGLISH = "hi+m6", "ur+Mario", "en-us+caleb"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def house():
    with a_running_line(settings_text() + SPEECH.format(MODEL)) as house:
        heard_by(house, 1)
        yield house


def heard_by(house: House, times: int, limit_s: float = 30.0) -> None:
    """Until the controller has been told so often that a recogniser serves."""
    log, deadline = house.line.var / "log" / "controller.log", time.monotonic() + limit_s
    while log.read_text().count('"speech_serves"') < times:
        assert time.monotonic() < deadline, (house.line.var / "log" / "recogniser1.log").read_text()
        time.sleep(0.1)


@cache
def voiced(voice: str, words: str) -> bytes:
    return to_ulaw(phrase_of(voice, "150", words))


def says(caller: Phone, words: str, voice: str = HINDI) -> None:
    caller.media.say(voiced(voice, words))


_numbers = itertools.count(5000072001)


async def at_the_main_menu(call, key: str = "1") -> Phone:
    """A number the line has never seen: he chooses his language by key and hears the main menu."""
    caller = await call(str(next(_numbers)))
    await caller.hear("language_choice")
    await caller.press(key)
    await caller.hear("main_menu", limit_s=30)
    return caller


MAIN_MENU = [
    ("1", HINDI, "बिजली नहीं है", "supply_menu_unknown"),
    ("1", "hi+f4", "ट्रांसफार्मर जल गया", "supply_menu_unknown"),
    ("1", "hi+linda", "गलत बिल", "ask_consumer_number"),
    ("1", "hi+pedro", "मीटर बंद", "ask_consumer_number"),
    ("1", "hi+caleb", "नया कनेक्शन", "registered"),
    ("1", "hi+klatt4", "बिजली चोरी", "theft_intro"),
    ("1", HINDI, "आग लगी", "danger_advice"),
    ("1", "hi+Mario", "किसी से बात", "registered"),
    ("1", HINDI, "दूसरी भाषा", "language_choice"),
    ("2", URDU, "بجلی نہیں ہے", "supply_menu_unknown"),
    ("2", "ur+m6", "بل زیادہ ہے", "ask_consumer_number"),
    ("2", "ur+linda", "کرنٹ لگا", "danger_advice"),
    ("3", ENGLISH, "no supply", "supply_menu_unknown"),
    ("3", "en-us+m6", "wrong bill", "ask_consumer_number"),
    ("3", "en-gb-x-rp+Mario", "power theft", "theft_intro"),
]


@pytest.mark.parametrize(("language", "voice", "words", "told"), MAIN_MENU)
async def test_a_choice_of_the_main_menu_is_spoken(call, language, voice, words, told):
    caller = await at_the_main_menu(call, language)
    says(caller, words, voice)
    await caller.hear(told, limit_s=12)
    await caller.hang_up()


@pytest.mark.parametrize("codec", ["ulaw", "alaw", "gsm"])
async def test_whatever_codec_his_network_has(exchange, codec):
    caller = await exchange.call(str(next(_numbers)), codec=codec)
    await caller.hear("language_choice")
    await caller.press("1")
    await caller.hear("main_menu")
    says(caller, "गलत बिल")
    await caller.hear("ask_consumer_number", limit_s=12)


@pytest.mark.parametrize("lost", [0.02, 0.05])
async def test_with_packets_lost_on_the_way(call, lost):
    caller = await at_the_main_menu(call)
    caller.media.lost = lost
    says(caller, "बिजली चोरी")
    await caller.hear("theft_intro", limit_s=12)


@pytest.mark.parametrize("snr_db", [20, 10])
async def test_over_noise(call, snr_db):
    caller = await at_the_main_menu(call)
    caller.media.say(to_ulaw(noisy(phrase_of(HINDI, "150", "नया कनेक्शन"), snr_db)))
    await caller.hear("registered", limit_s=15)


async def test_he_talks_over_the_prompt_and_it_stops(call):
    caller = await at_the_main_menu(call)
    began = asyncio.get_running_loop().time()
    says(caller, "मीटर बंद")
    await caller.hear("ask_consumer_number", limit_s=12)
    assert "main_menu~slow" not in caller.heard
    assert asyncio.get_running_loop().time() - began < 10


async def test_a_key_beats_a_word(call):
    """He says the bill and presses for theft: the key counts."""
    caller = await at_the_main_menu(call)
    says(caller, "बिल")
    await caller.press("5")
    await caller.hear("theft_intro", limit_s=12)
    assert "ask_consumer_number" not in caller.heard


async def test_nonsense_after_the_question_leads_to_the_keys_and_is_no_failure(call):
    caller = await at_the_main_menu(call)
    for _ in range(2):
        says(caller, "आज मौसम बहुत अच्छा था और हम लोग बाज़ार घूमने निकले")
        await asyncio.sleep(6)
    await caller.hear("use_keys", limit_s=25)
    await caller.hear("main_menu")
    await caller.press("3")
    await caller.hear("ask_consumer_number")
    assert "wrong_key" not in caller.heard
    assert "to_person" not in caller.heard


async def test_silence_and_music_on_the_line_are_no_wrong_keys(call):
    caller = await at_the_main_menu(call)
    for second in range(6):
        caller.media.say(to_ulaw(hummed(440 + 110 * (second % 3))))
    await caller.hear("silence_slow", "use_keys", limit_s=25)
    await caller.press("2")
    await caller.hear("ask_consumer_number")
    assert "wrong_key" not in caller.heard


async def test_yes_and_no_are_spoken_at_every_question(call, books):
    """The area of the number he has keyed is read back; he says that it is his."""
    his = await own_consumer(books, 22)
    caller = await at_the_main_menu(call)
    says(caller, "गलत बिल")
    await caller.hear("ask_consumer_number", limit_s=12)
    await caller.press(his.number)
    await caller.hear("area_readback", limit_s=20)
    await caller.hear(f"place/{his.unit}")
    await asyncio.sleep(0.5)
    says(caller, "जी हाँ")
    await caller.hear("registered", limit_s=15)


async def test_a_person_is_asked_for_and_an_agent_talks_to_him_undisturbed(house, exchange, call, books):
    async with agent_at_work(house, exchange, "A01") as agent:
        caller = await at_the_main_menu(call)
        says(caller, "किसी से बात")
        await caller.hear("to_person", limit_s=25)
        ringing = await exchange.rung("agent-A01")
        await answers(ringing, agent)
        await until(lambda: nobody_is_listened_to(house), 10)
        says(caller, "आग लगी")  # to the agent: nobody else listens any more
        await asyncio.sleep(2)
        assert "danger_advice" not in caller.heard
        await caller.hang_up()
    row = await ended(books, caller.number)
    assert "danger" not in [place for _, place in row.steps]


# -- the satisfaction callback


async def is_asked(house: House, exchange: Exchange, books: Books) -> tuple[str, Phone]:
    """A docket whose consumer speaks Hindi, claimed done; his phone, at the question."""
    [consumer] = await books.consumers.by_phone(None, f"+91{CONSUMER}")
    asked = {"category": "SUP-FUSE", "language": "hi", "consumer_number": consumer.number, "request_id": uuid4().hex}
    async with house.person("P01") as agent:
        number = str((await agent.post("/api/dockets", asked))["number"])
    await claim(house, number)
    phone = await exchange.rung(CONSUMER)
    await phone.answer()
    await phone.hear("sat_question", limit_s=20)
    return number, phone


@pytest.mark.parametrize("confirms", ["हाँ", "1"])
async def test_a_spoken_yes_is_asked_back_and_closes_with_what_confirmed_it(house, exchange, books, confirms):
    number, phone = await is_asked(house, exchange, books)
    says(phone, "हाँ जी")
    await phone.hear("doubt_keys", limit_s=12)
    assert (await books.dockets.get(number)).state is State.VERIFYING
    if confirms == "1":
        await phone.press("1")
    else:
        await asyncio.sleep(1.5)
        says(phone, confirms)
    await phone.hear("sat_service", limit_s=12)
    await phone.press("1")
    await phone.hear("sat_closed")
    await phone.until_ended()
    assert (await books.dockets.get(number)).state is State.CLOSED_SATISFIED


async def test_a_spoken_no_opens_it_again(house, exchange, books):
    number, phone = await is_asked(house, exchange, books)
    says(phone, "अभी नहीं हुआ")
    await phone.hear("sat_reason", limit_s=12)
    await phone.hang_up()
    await until(lambda: is_reopened(books, number), 20)


async def is_reopened(books: Books, number: str) -> bool:
    return (await books.dockets.get(number)).state is State.REOPENED


# -- what is learnt from it


async def test_how_he_answered_stands_in_the_ledger_and_nowhere_else(house, call, books):
    caller = await at_the_main_menu(call)
    says(caller, "गलत बिल")
    await caller.hear("ask_consumer_number", limit_s=12)
    await caller.hang_up()
    row = await ended(books, caller.number)
    by_key, by_words = [answer for answer in row.answers if answer.node in ("language", "main_full")]
    assert (by_key.way, by_key.key) == ("key", "1")
    assert (by_words.way, by_words.key, by_words.language) == ("words", "2", "hi")
    assert by_words.heard.startswith(("गलत बिल", "बिल"))
    assert 0 < by_words.confidence <= 1
    assert 0 < by_words.after_s < 10
    assert row.flags["prompt_style"] == "press_or_say"
    assert caller.heard.count("press_or_say") == 1
    for log in (house.line.var / "log").glob("*.log"):
        assert "बिल" not in log.read_text(errors="replace"), log


# -- what may die ---------------------------------------------------------------------------------------------------


async def test_a_recogniser_killed_in_mid_word_costs_no_call(house, call):
    caller = await at_the_main_menu(call)
    before = (house.line.var / "log" / "controller.log").read_text().count('"speech_serves"')
    says(caller, "नया कनेक्शन")
    await asyncio.sleep(0.4)
    os.kill(house.pid_of("recogniser"), signal.SIGKILL)
    await caller.press("1")
    await caller.hear("supply_menu_unknown", limit_s=10)
    await asyncio.to_thread(heard_by, house, before + 1)
    await caller.press("2")
    await caller.hear("ask_consumer_number", limit_s=10)
    await caller.press("#")  # the next question with words in it
    other = await at_the_main_menu(call)
    says(other, "बिजली चोरी")
    await other.hear("theft_intro", limit_s=12)


async def test_a_recogniser_that_hangs_leaves_the_keys_and_is_replaced(house, call):
    caller = await at_the_main_menu(call)
    before = (house.line.var / "log" / "controller.log").read_text().count('"speech_serves"')
    os.kill(house.pid_of("recogniser"), signal.SIGSTOP)
    says(caller, "बिल")
    await asyncio.sleep(1)
    await caller.press("5")
    await caller.hear("theft_intro", limit_s=5)
    await asyncio.to_thread(heard_by, house, before + 1)
    other = await at_the_main_menu(call)
    says(other, "गलत बिल")
    await other.hear("ask_consumer_number", limit_s=12)


async def test_a_restarted_controller_takes_the_ears_away_and_hears_him_anew(house, call):
    caller = await at_the_main_menu(call)
    await until(lambda: somebody_is_listened_to(house), 5)
    await asyncio.sleep(1)  # the same marker at once after itself would be one marker
    os.kill(house.pid_of("controller"), signal.SIGKILL)
    await caller.hear("main_menu", limit_s=20)
    says(caller, "बिजली चोरी")
    await caller.hear("theft_intro", limit_s=12)
    await caller.hang_up()
    await until(lambda: nobody_is_listened_to(house), 15)


async def test_whoever_hangs_up_leaves_no_ears_behind(house, call):
    for _ in range(5):
        caller = await at_the_main_menu(call)
        await caller.hang_up()
    await until(lambda: nobody_is_listened_to(house), 15)


async def somebody_is_listened_to(house: House) -> bool:
    return bool([name for name in await asterisk_has(house, "channels") if name.startswith("WebSocket")])


async def nobody_is_listened_to(house: House) -> bool:
    """No snoop, no sound socket and no bridge of theirs is left in Asterisk."""
    left = [*await asterisk_has(house, "channels"), *await asterisk_has(house, "bridges")]
    return not [name for name in left if name.startswith(("Snoop", "WebSocket", "ears "))]


async def asterisk_has(house: House, kind: str) -> list[str]:
    """The names of its channels or bridges."""
    headers = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, house.line.secret("ari"))}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{house.line.ari_url}/ari/{kind}") as answer,
    ):
        return [found["name"] for found in await answer.json()]


def noisy(sound: array[int], snr_db: float) -> array[int]:
    """With white noise so much below the voice's own loudness."""
    chance = random.Random(7)  # noqa: S311 - noise
    loudness = math.sqrt(sum(sample * sample for sample in sound) / len(sound))
    width = loudness * 10 ** (-snr_db / 20)
    return array("h", [max(-32768, min(32767, round(sample + chance.gauss(0, width)))) for sample in sound])


def hummed(hz: int) -> array[int]:
    """A second of a tune with its overtones."""
    steps = (2 * math.pi * hz * place / 8000 for place in range(8000))
    return array("h", (round(6000 * math.sin(step) + 2000 * math.sin(2 * step)) for step in steps))
