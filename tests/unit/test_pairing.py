"""A new pair gets a new bridge, whatever Asterisk answers: nobody is left in a bridge that is deleted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ivr.ari.errors import AriError, AriUnavailable, Gone
from ivr.offers import Leg
from ivr.pairing import pair

OLD, NEW = "n1-1.talk1", "n1-1.pair7"
LEG = Leg("n1-1.agent1", OLD, "A01")


class Ari:
    """Answers to addChannel in their order (None: done); `did` is what was asked of bridges."""

    def __init__(self, *answers: AriError | None) -> None:
        self._answers = list(answers)
        self.did: list[tuple[str, str]] = []

    async def create_bridge(self, bridge, **_):
        self.did.append(("create", bridge))

    async def add_to_bridge(self, bridge, channels, **_):
        self.did.append(("add " + "+".join(channels), bridge))
        answer = self._answers.pop(0)
        if answer is not None:
            raise answer

    async def delete_bridge(self, bridge, **_):
        self.did.append(("delete", bridge))


def talk(ari: Ari):
    return SimpleNamespace(
        house=SimpleNamespace(ari=ari), call_ref="n1-1", line=SimpleNamespace(channel="n1-1"), next_number=lambda: 7
    )


BOTH = ("add n1-1+n1-1.agent1", NEW)


async def test_both_come_into_a_new_bridge_before_the_old_one_goes():
    ari = Ari(None)
    assert await pair(talk(ari), LEG) == Leg(LEG.channel, NEW, "A01")
    assert ari.did == [("create", NEW), BOTH, ("delete", OLD)]


async def test_a_refusal_leaves_them_in_the_old_bridge():
    ari = Ari(Gone(404, "gone"))
    with pytest.raises(Gone):
        await pair(talk(ari), LEG)
    assert ari.did == [("create", NEW), BOTH, ("delete", NEW)]


async def test_no_answer_may_be_a_yes_so_it_is_asked_again_and_no_bridge_is_deleted_between():
    ari = Ari(AriUnavailable("no answer"), None)
    assert (await pair(talk(ari), LEG)).bridge == NEW
    assert ari.did == [("create", NEW), BOTH, BOTH, ("delete", OLD)]


async def test_no_answer_twice_deletes_nothing():
    ari = Ari(AriUnavailable("no answer"), AriUnavailable("no answer"))
    with pytest.raises(AriUnavailable):
        await pair(talk(ari), LEG)
    assert ari.did == [("create", NEW), BOTH, BOTH]
