"""The agents' phones: one endpoint per agent, made when he signs in and gone when he leaves (design 3.13).

His browser is his phone (SIP by WebSocket, sound by WebRTC: webrtc.md 2); a SIP telephone is one as well.

Endpoints live in Asterisk's memory: after an Asterisk start they are pushed again. Secrets are derived, never stored:
whoever knows the line's key and the session can make them again.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress

import structlog

from ivr.ari.client import Ari
from ivr.ari.errors import AriError, Gone
from ivr.ari.events import ContactStatusChange, Event
from ivr.offers import endpoint_of
from storage.floor import Floor
from storage.floor_records import FloorAway

log = structlog.get_logger(__name__)

PREFIX = "agent-"
QUALIFY_S = 5
SILENT_PHONE_S = 4
"""A phone must send sound all the time, as they do unless "silence suppression" is switched on in them."""
REACHABLE = frozenset({"Reachable", "NonQualified"})
BROWSER, SIP = "browser", "sip"
KINDS = frozenset({BROWSER, SIP})

_ENDPOINT = {
    "context": "agents",
    "disallow": "all",
    "allow": "alaw,ulaw",
    # What a call asks for (agent_codec.agents_codec) and nothing else.
    "outgoing_call_offer_pref": "remote",
    "dtmf_mode": "auto_info",
    # A phone from which no sound comes is dead: its talk ends with cause 44, and the caller is taken back.
    "rtp_timeout": str(SILENT_PHONE_S),
    "direct_media": "no",
    "allow_transfer": "no",
    "allow_subscribe": "no",
}
_OF_KIND = {
    # DTLS with a certificate of its own making, ICE, one port for all: what a browser insists on, in one word.
    BROWSER: {"transport": "transport-browsers", "webrtc": "yes"},
    SIP: {"transport": "transport-agents", "rtp_symmetric": "yes", "force_rport": "yes", "rewrite_contact": "yes"},
}


class AgentPhones:
    """Makes and forgets endpoints; tells the floor whose phone can be reached."""

    def __init__(self, ari: Ari, presence: Ari, floor: Floor, key: str, node: str) -> None:
        self._ari = ari
        self._presence = presence
        self._floor = floor
        self._node = node
        self._key = key.encode()
        self._made: dict[str, tuple[str, str]] = {}

    def secret(self, agent: str, session: str) -> str:
        """The SIP password of this agent for this console session."""
        return hmac.new(self._key, f"{agent}:{session}".encode(), hashlib.sha256).hexdigest()[:32]

    async def make(self, agent: str, session: str, kind: str) -> str:
        """Create the endpoint for a phone of this kind; its password. AriError when Asterisk cannot."""
        name, secret = endpoint_of(agent), self.secret(agent, session)
        await self._ari.put_dynamic("auth", name, {"auth_type": "userpass", "username": name, "password": secret})
        await self._ari.put_dynamic(
            "aor",
            name,
            {
                "max_contacts": "1",
                "remove_existing": "yes",
                "qualify_frequency": str(QUALIFY_S),
                "qualify_timeout": "2.0",
                "minimum_expiration": "30",
                "maximum_expiration": "300",
            },
        )
        if self._made.get(agent, ("", ""))[1] != kind:  # a change would keep what the other kind had set
            with suppress(Gone):
                await self._ari.delete_dynamic("endpoint", name)
        await self._ari.put_dynamic(
            "endpoint",
            name,
            {**_ENDPOINT, **_OF_KIND[kind], "auth": name, "aors": name},
        )
        await self._presence.subscribe(self._presence.app, f"endpoint:PJSIP/{name}")
        self._made[agent] = (session, kind)
        await self.look(agent)
        return secret

    async def make_again(self, agent: str) -> None:
        """After a start of Asterisk; an agent whose session this controller does not know asks for his phone anew."""
        made = self._made.get(agent)
        if made is not None:
            await self.make(agent, *made)
        else:
            await self._presence.subscribe(self._presence.app, f"endpoint:PJSIP/{endpoint_of(agent)}")
            await self.look(agent)

    async def forget(self, agent: str) -> None:
        """Remove endpoint and password; a phone that is still registered cannot be rung any more, and hears no more."""
        self._made.pop(agent, None)
        with suppress(AriError):  # not there, or gone by itself
            for channel in (await self._ari.get_endpoint("PJSIP", endpoint_of(agent))).channel_ids:
                await self._ari.hang_up(channel, call="", reason="normal")
        for kind in ("endpoint", "aor", "auth"):
            try:
                await self._ari.delete_dynamic(kind, endpoint_of(agent))
            except Gone:
                continue
        await self._contact(agent, ok=False)

    async def look(self, agent: str) -> None:
        """Ask Asterisk whether the phone is there now: for what happened while nobody listened."""
        try:
            endpoint = await self._ari.get_endpoint("PJSIP", endpoint_of(agent))
        except AriError:
            await self._contact(agent, ok=False)
            return
        await self._contact(agent, ok=endpoint.state == "online")

    async def look_at_all(self) -> None:
        """The same for every phone Asterisk knows: a floor that was emptied has forgotten them, and whose they are."""
        phones = [each for each in await self._ari.list_endpoints() if each.resource.startswith(PREFIX)]
        found = {phone.resource.removeprefix(PREFIX): phone.state == "online" for phone in phones}
        await self._floor.contacts(found, node=self._node)

    def contact_of(self, event: Event) -> tuple[str, bool] | None:
        """(agent, reachable) of a contact's change; only this event is trusted (asterisk.md 13, webrtc.md 3.2)."""
        if not isinstance(event, ContactStatusChange) or not event.endpoint.resource.startswith(PREFIX):
            return None
        return event.endpoint.resource.removeprefix(PREFIX), event.contact_info.contact_status in REACHABLE

    async def tell(self, agent: str, *, reachable: bool) -> None:
        try:
            await self._contact(agent, ok=reachable)
        except FloorAway:
            log.warning("floor_away", loop="presence")

    async def _contact(self, agent: str, *, ok: bool) -> None:
        """This node's word on a phone; an account he had here before he went to another node says nothing of that."""
        await self._floor.contact(agent, ok=ok, node=self._node)
