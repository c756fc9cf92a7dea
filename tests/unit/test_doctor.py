"""The doctor says what is there, what is missing and what to type."""

from __future__ import annotations

import json
import shutil
import socket

import pytest

from sunwai import doctor
from sunwai.doctor import Check, as_json, exit_status, runs
from sunwai.parent import only_parent
from sunwai.settings import Line, LineSettings, Settings, SpeechSettings, StorageSettings, TelephonySettings


def a_line(folder, **tables) -> Line:
    return Line(Settings(**tables), folder, None)


def test_one_missing_thing_makes_the_status_1():
    fine, bad = Check("a", "ok", "x"), Check("b", "missing", "y", "type z")
    assert (exit_status([fine]), exit_status([fine, bad])) == (0, 1)
    told = json.loads(as_json([fine, bad]))
    assert told["ok"] is False
    assert told["checks"][1] == {"name": "b", "state": "missing", "found": "y", "remedy": "type z"}


def test_whatever_is_missing_comes_with_what_to_do(tmp_path, monkeypatch):
    line = a_line(tmp_path)
    monkeypatch.setattr(doctor, "find_asterisk", lambda _line: None)
    monkeypatch.setattr(doctor, "of_system", lambda: None)
    monkeypatch.setattr(doctor, "find_program", lambda _name: None)
    checks = [doctor.asterisk(line), doctor.prompts(line), *doctor.programs(line), doctor.python((3, 10, 2))]
    assert {check.state for check in checks} == {"missing"}
    assert all(check.remedy for check in checks)
    assert checks[0].found == "none of 22.10 or newer"


def test_a_redis_of_ones_own_is_not_needed_when_another_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "find_program", lambda _name: None)
    line = a_line(tmp_path, storage=StorageSettings(floor="redis://127.0.0.1:6379"))
    assert next(check for check in doctor.programs(line) if check.name == "redis-server").state == "ok"


def test_an_absent_package_is_named():
    check = doctor.packages(["aiohttp>=3.14,<4", "no-such-package>=1", 'pytest>=9; extra == "dev"'])
    assert (check.state, check.found, check.remedy) == ("missing", "absent: no-such-package", "make run")
    assert doctor.packages(["aiohttp>=3.14,<4"]).state == "ok"


def test_prompts_of_every_language_and_the_music_must_be_rendered(tmp_path):
    line = a_line(tmp_path, line=LineSettings(languages=("hi", "en")))
    for name in ("hi/controller_away.0", "moh/holding"):
        path = line.prompts / f"{name}.ulaw"
        path.parent.mkdir(parents=True)
        path.touch()
    assert doctor.prompts(line).found == f"not rendered: {line.prompts}/en/controller_away.0.ulaw"
    (line.prompts / "en").mkdir()
    (line.prompts / "en" / "controller_away.0.ulaw").touch()
    assert doctor.prompts(line).state == "ok"


def test_a_speech_model_that_is_not_there_or_not_whole_is_named_and_costs_only_the_speaking(tmp_path):
    assert list(doctor.speech_models(a_line(tmp_path))) == []
    line = a_line(tmp_path, speech=SpeechSettings(models={"hi": "models/hi", "en": "model"}))
    for name in ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"):
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).touch()
    hindi, english = doctor.speech_models(line)
    assert (hindi.name, hindi.state, english.state) == ("speech model hi", "missing", "ok")
    assert "there is no such folder" in hindi.found
    assert "sunwai speech check" in hindi.remedy


async def test_books_that_cannot_be_opened_are_reported_in_their_own_words():
    async def fine():
        return None

    async def unreachable():
        raise ConnectionError("the books do not answer")

    assert (await doctor.books(fine)).state == "ok"
    assert await doctor.books(unreachable) == Check("books", "missing", "the books do not answer", "sunwai setup")


def test_a_port_is_free_taken_or_ours(tmp_path):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        taken = door.getsockname()[1]
        line = a_line(tmp_path, telephony=TelephonySettings(http_port=taken))

        def ari():
            return next(check for check in doctor.ports(line) if check.name == "Asterisk's ARI")

        assert ari() == Check(
            "Asterisk's ARI",
            "missing",
            f"127.0.0.1:{taken}: is taken by another program",
            "change telephony.http_port in the settings",
        )
        with only_parent(line):
            assert runs(line)
            assert ari() == Check("Asterisk's ARI", "ok", f"127.0.0.1:{taken}, this line runs")
    assert not runs(line)
    assert ari().state == "ok"


def test_an_address_this_machine_does_not_have_is_missing(tmp_path):
    line = a_line(tmp_path, telephony=TelephonySettings(trunk_address="192.0.2.1"))
    trunk = next(doctor.ports(line))
    assert trunk.name == "trunk (sip:1912@192.0.2.1:5060)"
    assert trunk.state == "missing"


def test_a_path_too_long_for_a_unix_socket_is_found_before_asterisk_fails(tmp_path):
    line = a_line(tmp_path, storage=StorageSettings(var="v" * 100))
    assert doctor.socket_paths(line).state == "missing"
    assert "too long for a unix socket" in doctor.socket_paths(line).found


@pytest.mark.parametrize(("free", "state"), [(1_000_000_000, "missing"), (3_000_000_000, "ok")])
def test_too_little_room_for_recordings_is_missing(tmp_path, monkeypatch, free, state):
    usage = type(shutil.disk_usage("/"))(10**12, 0, free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _place: usage)
    assert doctor.disk_space(a_line(tmp_path)).state == state


async def test_the_whole_examination_ends_in_a_list_of_checks_with_names_of_their_own(tmp_path):
    async def fine():
        return None

    checks = await doctor.examine(a_line(tmp_path), fine)
    names = [check.name for check in checks]
    assert len(names) == len(set(names))
    assert {"python", "asterisk", "sox", "prompts", "books", "console", "disk space"} <= set(names)
