"""An edition is rendered beside the sounds in use, shares with them what it has in common, and is used when whole."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialplan.clips import MARKER
from dialplan.edition import Changes, changed, shipped
from ivr.editions import Editions, NotSpoken, edition_folder
from ivr.voice import Voice
from storage.clock import Clock
from storage.editions import Voicing
from sunwai import edition_voices
from sunwai.edition_voices import EditionVoices, VoicesPlan
from sunwai.render import RenderError, render

pytest_plugins = ("books_fixture",)

RELEASE = shipped(Path(__file__).parents[2] / "dialplan")
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
NEW = Changes({lang: {"heat_wave": text} for lang, text in (("en", "Hot."), ("hi", "गर्मी।"), ("ur", "گرمی۔"))})
WORDS = Changes({"en": {"goodbye": "So long."}})


@pytest.fixture(scope="module")
def prompts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prompts")
    render(RELEASE.wording, {}, folder, None, (MARKER,))
    return folder


@pytest.fixture
def plan(prompts, tmp_path) -> VoicesPlan:
    return VoicesPlan("n1", RELEASE, {}, prompts, tmp_path / "voices", (MARKER,))


@pytest.fixture
def editions(books, prompts) -> Editions:
    return Editions(RELEASE, books, "n1", prompts, partial(Voice, clock=Clock(), zone=ZoneInfo("Asia/Kolkata")))


async def made(books, changes: Changes = NEW) -> int:
    return await books.editions.make(changes, 0, "practice", "administrator:admin", NOW)


async def test_only_what_is_new_is_made_and_the_rest_is_shared_with_the_release(books, plan, prompts):
    number = await made(books)
    voices = EditionVoices(books, Clock(), plan)
    assert await voices.look() == 1
    folder = edition_folder(prompts, number) / MARKER
    assert (folder / "heat_wave.0.ulaw").exists()
    assert not (prompts / MARKER / "heat_wave.0.ulaw").exists()
    assert (folder / "goodbye.0.alaw").samefile(prompts / MARKER / "goodbye.0.alaw")
    [voicing] = await books.editions.voicings(number)
    assert (voicing.node, voicing.fault, voicing.digest) == ("n1", None, changed(RELEASE, number, NEW).digest)
    assert await voices.look() == 0, "once is enough"


async def test_another_worker_makes_again_only_what_is_in_use(books, plan, prompts):
    await made(books)
    second = await made(books)
    first_worker = EditionVoices(books, Clock(), plan)
    await first_worker.look()
    await books.editions.use(second, 0, "practice", "administrator:admin", NOW)
    (edition_folder(prompts, second) / MARKER / "heat_wave.0.ulaw").unlink()
    assert await EditionVoices(books, Clock(), plan).look() == 1
    assert (edition_folder(prompts, second) / MARKER / "heat_wave.0.ulaw").exists()


async def test_what_cannot_be_rendered_is_told_and_tried_again(books, plan, monkeypatch):
    number = await made(books)
    voices, now = EditionVoices(books, Clock(), plan), [100.0]
    monkeypatch.setattr(edition_voices.time, "monotonic", lambda: now[0])

    def refuses(*_, **__):
        raise RenderError("espeak-ng is not installed (apt install espeak-ng)")

    monkeypatch.setattr(edition_voices, "render", refuses)
    await voices.look()
    [voicing] = await books.editions.voicings(number)
    assert voicing.fault == "espeak-ng is not installed (apt install espeak-ng)"
    monkeypatch.setattr(edition_voices, "render", render)
    assert await voices.look() == 0, "not every second"
    now[0] += edition_voices.AGAIN_S + 1
    assert await voices.look() == 1
    [voicing] = await books.editions.voicings(number)
    assert voicing.fault is None


async def test_sounds_that_were_deleted_are_made_again_by_the_next_worker(books, plan, prompts):
    number = await made(books)
    await EditionVoices(books, Clock(), plan).look()
    (edition_folder(prompts, number) / MARKER / "goodbye.0.ulaw").unlink()
    assert await EditionVoices(books, Clock(), plan).look() == 1
    assert (edition_folder(prompts, number) / MARKER / "goodbye.0.ulaw").exists()
    assert await EditionVoices(books, Clock(), plan).look() == 0, "nothing is missing now"


async def test_whatever_one_edition_does_the_worker_goes_on(books, plan, monkeypatch):
    number = await made(books)
    monkeypatch.setattr(edition_voices, "render", lambda *_, **__: 1 / 0)
    await EditionVoices(books, Clock(), plan).look()
    [voicing] = await books.editions.voicings(number)
    assert voicing.fault == "ZeroDivisionError"


async def test_an_edition_that_does_not_fit_the_release_any_more_is_told(books, plan):
    number = await made(books, Changes(flows={"inbound": "of an older release"}))
    await EditionVoices(books, Clock(), plan).look()
    [voicing] = await books.editions.voicings(number)
    assert "flows.inbound" in (voicing.fault or "")


async def test_a_controller_uses_an_edition_from_when_it_can_be_spoken_here(books, editions, prompts):
    number = await made(books, WORDS)
    await books.editions.use(number, 0, "practice", "administrator:admin", NOW)
    await editions.look()
    assert editions.current.number == 0, "its sounds are not there"
    with pytest.raises(NotSpoken, match="not rendered on this node"):
        await editions.of(number)
    digest = changed(RELEASE, number, WORDS).digest
    await books.editions.voiced(Voicing(number, "n2", digest, NOW))
    await editions.look()
    assert editions.current.number == 0, "another node's are of no use"
    await books.editions.voiced(Voicing(number, "n1", "of other words", NOW))
    await editions.look()
    assert editions.current.number == 0, "of an older release"
    await books.editions.voiced(Voicing(number, "n1", digest, NOW))
    before = editions.current
    await editions.look()
    assert (editions.current.number, editions.current.voice.folder) == (number, edition_folder(prompts, number))
    assert before.number == 0, "who has the one before keeps it"
    await books.editions.use(0, number, "back", "administrator:admin", NOW)
    await editions.look()
    assert editions.current is before


async def test_an_edition_that_is_broken_leaves_callers_with_the_one_before(books, editions):
    number = await made(books, Changes({"en": {"goodbye": "{"}}))
    await books.editions.use(number, 0, "practice", "administrator:admin", NOW)
    await editions.look()
    await editions.look()
    assert editions.current.number == 0
