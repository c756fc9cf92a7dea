"""Addresses of Redis are read or refused, before anything is connected to."""

from __future__ import annotations

import pytest

from storage.redis_address import Sentinels, checked, sentinels_in
from sunwai.errors import SettingsError
from sunwai.settings import read_settings


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("sentinel://10.0.0.1:2,10.0.0.2:3/sunwai/3", Sentinels((("10.0.0.1", 2), ("10.0.0.2", 3)), "sunwai", 3)),
        ("sentinel://one,two:5/sunwai", Sentinels((("one", 26379), ("two", 5)), "sunwai")),
        ("sentinel://[fd00::1]:7,[fd00::2]/sunwai/", Sentinels((("fd00::1", 7), ("fd00::2", 26379)), "sunwai")),
        ("sentinel://:p%40ss@one/s", Sentinels((("one", 26379),), "s", password="p@ss")),
        ("sentinel://line:word@one/s/1", Sentinels((("one", 26379),), "s", 1, "line", "word")),
    ],
)  # fmt: skip
def test_sentinels_service_and_database_are_read(url, read):
    assert sentinels_in(url) == read
    assert checked(url) == url


@pytest.mark.parametrize("url", ["redis://10.0.0.1:6379/0", "rediss://one", "unix:///run/redis.sock?db=1"])
def test_one_redis_has_no_sentinels(url):
    assert sentinels_in(url) is None
    assert checked(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379", "http://one", "redis://", "sentinel://", "sentinel://one", "sentinel:///sunwai", "sentinel://one/",
        "sentinel://one/sunwai/x", "sentinel://one/sunwai/1/2", "sentinel://one:/s", "sentinel://one:99999/s",
        "sentinel://:7/s", "sentinel://secret@/s",
    ],
)  # fmt: skip
def test_anything_else_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match="address") as refused:
        checked(url)
    assert "secret" not in str(refused.value)


def test_settings_with_an_address_of_no_form_do_not_start(tmp_path):
    file = tmp_path / "sunwai.toml"
    file.write_text('[storage]\nfloor = "sentinel://one:26379"\n')
    with pytest.raises(SettingsError, match=r"storage\.floor: .*hosts and service"):
        read_settings(file)
    file.write_text('[storage]\nfloor = "sentinel://one:26379,two/sunwai/0"\n')
    assert read_settings(file).floor_url.startswith("sentinel://")
