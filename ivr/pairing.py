"""Who speaks with whom: a new pair gets a new bridge, and both hear each other from the first word on.

Debian's Asterisk 22.10.1 drops what lies behind by its RTP number, whoever sent it (docs/architecture.md). Who changes
his bridge gets a new translator, which has seen nobody's numbers; who stays in it keeps the old one. After a long hold
the same agent lies "behind" as well: held voices pass no translator, and half the circle is 655 seconds of sound.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from ivr.ari.errors import AriError, AriUnavailable
from ivr.ari.ids import bridge_id
from ivr.offers import Leg
from ivr.talk import Talk


async def pair(talk: Talk, leg: Leg) -> Leg:
    """Caller and agent, wherever they stand, together in a new bridge; his leg as it is then.

    AriError: one of them has left, which his own event tells, or Asterisk is away. The bridge the leg names is deleted.
    """
    ari, call, both = talk.house.ari, talk.call_ref, [talk.line.channel, leg.channel]
    bridge = bridge_id(call, f"pair{talk.next_number()}")
    await ari.create_bridge(bridge, call=call, name=f"talk {call}", wait=False)
    try:
        await ari.add_to_bridge(bridge, both, call=call)
    except AriUnavailable:  # it may be done all the same: asked again, and nobody's bridge is deleted meanwhile
        await ari.add_to_bridge(bridge, both, call=call)
    except AriError:
        with suppress(AriError):
            await ari.delete_bridge(bridge, call=call)
        raise
    with suppress(AriError):
        await ari.delete_bridge(leg.bridge, call=call)
    return replace(leg, bridge=bridge)
