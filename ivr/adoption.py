"""After a (re)connect: what Asterisk still has of ours, and what has gone without our being told (asterisk.md 0.4, 3).

A talk with both legs goes on untouched and is only watched again; a talk whose agent has gone is no talk; a leg that
rang for nobody is ended. Everything else is a caller who is talked to again where he was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ivr.ari.events import Bridge, Channel
from ivr.ari.ids import is_leg
from ivr.house import HOLDING_BRIDGE
from ivr.offers import Leg, agent_of
from ivr.outgoing import OUT

INBOUND_ROLES = frozenset({"inbound", "returned"})
RUNG = "satisfaction"
"""The context of the dialplan through which calls go that we made (asterisk-conf/extensions.conf)."""


@dataclass(frozen=True, slots=True)
class FoundCaller:
    """A caller in our application whom no task of ours looks after; `leg` when he is talking to an agent.

    `in_holding`: he hears the music of the holding bridge.
    """

    channel: Channel
    leg: Leg | None
    in_holding: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """`orphans` are ids of channels of ours that belong to nobody any more."""

    callers: tuple[FoundCaller, ...]
    orphans: tuple[str, ...]


def role_of(channel: Channel, app: str) -> str | None:
    """The word our dialplan or we gave the channel on its way into the application; None when it is not ours."""
    plan = channel.dialplan
    if plan.app_name == "Stasis" and plan.app_data.split(",")[0] == app:
        return plan.app_data.split(",")[1] if "," in plan.app_data else ""
    return None


def look(app: str, channels: Sequence[Channel], bridges: Iterable[Bridge], owned: Mapping[str, str]) -> Findings:
    """What there is of the application `app` that nobody owns; `owned` are channel ids with their calls."""
    ours = {channel.id: channel for channel in channels if role_of(channel, app) is not None}
    free = {name: channel for name, channel in ours.items() if name not in owned}
    bridges = list(bridges)
    legs = {name: _leg(channel, ours, bridges) for name, channel in free.items() if agent_of(channel) is None}
    # A consumer whom we rang is only taken up in a talk: an attempt that our death cut is made again by its due work.
    callers = {
        name: channel
        for name, channel in free.items()
        if role_of(channel, app) in INBOUND_ROLES or (legs.get(name) is not None)
    }
    # What we rang still rings, or waits in the dialplan for a controller; but that one makes the attempt again.
    rung = tuple(each.id for each in channels if _was_rung(each) and each.id not in {*ours, *owned})
    talking = {leg.channel for leg in legs.values() if leg is not None}
    orphans = tuple(name for name in free if name not in callers and name not in talking)
    holding = {name for bridge in bridges if bridge.id == HOLDING_BRIDGE for name in bridge.channels}
    found = tuple(FoundCaller(channel, legs[name], name in holding) for name, channel in callers.items())
    return Findings(found, (*orphans, *rung))


def _was_rung(channel: Channel) -> bool:
    """A call that we made and that has not come into our application: it does when it is answered, not before."""
    return channel.dialplan.context == RUNG or (channel.state != "Up" and is_leg(channel.id, OUT))


def _leg(caller: Channel, ours: Mapping[str, Channel], bridges: Iterable[Bridge]) -> Leg | None:
    """The agent with whom this caller stands in one bridge."""
    for bridge in bridges:
        if caller.id not in bridge.channels or bridge.bridge_type != "mixing":
            continue
        for other in bridge.channels:
            agent = agent_of(ours[other]) if other in ours else None
            if other != caller.id and agent is not None:
                return Leg(other, bridge.id, agent)
    return None
