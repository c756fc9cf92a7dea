"""The event log holds callers' numbers: it is set aside each hour and deleted, but never before it has been read."""

import os

import pytest

from storage import cel_file
from storage.cel_file import ASIDE_EVERY_S, KEPT_S, next_piece, tidy

NOON = 1_795_000_000.0


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "sunwai.csv"
    path.write_text('"CHAN_START","1"\n')
    return path


def read_all(path, place=None):
    text = ""
    while piece := next_piece(path, place):
        text, place = text + piece.text, piece.place
    return text, place


def test_a_log_is_set_aside_and_what_comes_after_goes_into_a_new_one(log):
    _, place = read_all(log)
    assert tidy(log, place, NOON) == 0
    assert not log.exists()
    log.write_text('"HANGUP","2"\n')
    assert read_all(log, place)[0] == '"HANGUP","2"\n'


def test_a_log_that_is_set_aside_while_it_is_read_is_read_the_next_time(log, monkeypatch):
    first = cel_file._beginning

    def set_aside_meanwhile(file):
        monkeypatch.setattr(cel_file, "_beginning", first)
        log.rename(log.with_name("sunwai.csv.1795000000"))
        return first(file)

    monkeypatch.setattr(cel_file, "_beginning", set_aside_meanwhile)
    assert next_piece(log, None) is None
    assert read_all(log)[0] == '"CHAN_START","1"\n'


def test_within_the_hour_it_is_left_alone(log):
    _, place = read_all(log)
    tidy(log, place, NOON)
    log.write_text('"HANGUP","2"\n')
    tidy(log, place, NOON + ASIDE_EVERY_S - 1)
    assert log.exists()


def test_what_has_been_read_and_set_aside_is_deleted_later(log):
    _, place = read_all(log)
    tidy(log, place, NOON)
    [aside] = log.parent.glob("sunwai.csv.*")
    os.utime(aside, (NOON, NOON))
    log.write_text('"HANGUP","2"\n')
    _, place = read_all(log, place)
    assert tidy(log, place, NOON + KEPT_S - 1) == 0
    assert tidy(log, place, NOON + KEPT_S + 1) == 1
    assert [file.name for file in log.parent.iterdir()] == ["sunwai.csv"]


@pytest.mark.parametrize("anew", [True, False])
def test_what_has_not_been_read_is_never_deleted(log, anew):
    _, place = read_all(log)
    tidy(log, place, NOON)
    [aside] = log.parent.glob("sunwai.csv.*")
    os.utime(aside, (NOON, NOON))
    log.write_text('"HANGUP","2"\n')
    assert tidy(log, None if anew else place, NOON + 10 * KEPT_S) == 0
    assert aside.exists()
