"""What Asterisk refuses only in the moment in which two things cross.

A prompt that cannot be stopped as it begins is stopped a moment later; who hangs up as he is answered is gone.
"""

from __future__ import annotations

import pytest

from ivr.ari.channel_verbs import STOP_TRIES, ChannelVerbs
from ivr.ari.errors import AriRefused, Gone, refusal


class Asterisk(ChannelVerbs):
    """Answers with these statuses, one after the other; 204 is yes."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked = 0

    async def request(self, *_, **__) -> bytes:
        self.asked += 1
        if (status := self.statuses.pop(0)) != 204:
            raise refusal(status)
        return b""

    async def fire(self, *_, **__) -> None:
        self.asked += 1

    async def http(self, *_, **__) -> bytes:
        raise AssertionError("neither deed ever blocks")


async def test_a_stop_that_asterisk_could_not_do_is_asked_again():
    asterisk = Asterisk(500, 500, 204)
    await asterisk.stop_playback("voice.1", call="n1-1")
    assert asterisk.asked == 3


async def test_a_prompt_that_has_ended_meanwhile_is_gone():
    asterisk = Asterisk(500, 404)
    with pytest.raises(Gone):
        await asterisk.stop_playback("voice.1", call="n1-1")
    assert asterisk.asked == 2


@pytest.mark.parametrize(("statuses", "asked"), [([403], 1), ([500] * STOP_TRIES, STOP_TRIES)])
async def test_what_is_no_such_moment_is_a_fault(statuses, asked):
    asterisk = Asterisk(*statuses)
    with pytest.raises(AriRefused):
        await asterisk.stop_playback("voice.1", call="n1-1")
    assert asterisk.asked == asked


async def test_who_hangs_up_in_the_moment_of_the_answer_is_gone():
    with pytest.raises(Gone):
        await Asterisk(500).answer("caller.1", call="n1-1")


async def test_an_answer_refused_for_another_reason_is_a_fault():
    with pytest.raises(AriRefused):
        await Asterisk(403).answer("caller.1", call="n1-1")
