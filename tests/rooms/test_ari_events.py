"""The generated events are those of the description that Asterisk itself carries."""

import re

import pytest
from fakes.real_asterisk import start_asterisk

from ivr.ari import events, generate
from ivr.ari.client import Ari


def classes(text):
    return set(re.findall(r"^class (\w+)\(", text, re.MULTILINE))


async def test_the_committed_events_are_what_asterisks_description_gives(tmp_path):
    text = generate.generate(generate.description_folder())
    with start_asterisk(tmp_path) as asterisk:
        ari = Ari(asterisk.base_url, asterisk.user, asterisk.password, "line", events_allowed=[])
        async with ari._door:
            version = (await ari.info()).system.version
    if version.startswith(events.ASTERISK_VERSION):
        assert text == generate.TARGET.read_text(encoding="utf-8")
    else:
        # A newer Asterisk may tell more; what we know must still be there.
        assert classes(generate.TARGET.read_text(encoding="utf-8")) <= classes(text)


def test_a_missing_description_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "CHECKOUT", tmp_path)
    monkeypatch.setattr(generate, "SYSTEM", tmp_path)
    monkeypatch.delenv("SUNWAI_ASTERISK_API_DOCS", raising=False)
    monkeypatch.delenv("SUNWAI_ASTERISK", raising=False)
    with pytest.raises(FileNotFoundError, match="sunwai setup"):
        generate.description_folder()
