"""What concerns Asterisk itself rather than one call: its health, its phones, its stored recordings."""

from collections.abc import Mapping

from ivr.ari.decoding import decode_record
from ivr.ari.events import Application, AsteriskInfo, AsteriskPing, Endpoint, StoredRecording
from ivr.ari.ids import path
from ivr.ari.verbs import REQUEST_LIMIT_S, Verbs


class HouseVerbs(Verbs):
    """Verbs on Asterisk, its applications, endpoints, dynamic objects and files. All but `ping` go over HTTP."""

    async def ping(self, *, call: str = "", limit_s: float = 1.0) -> AsteriskPing:
        """The liveness probe's question, over the socket of `call`; ask `list_channels` as well (asterisk.md 10)."""
        return decode_record(await self.request("GET", "asterisk/ping", call=call, limit_s=limit_s), AsteriskPing)

    async def info(self) -> AsteriskInfo:
        """What it is: version, since when it runs (a later start than we remember means that it was restarted)."""
        return decode_record(await self.http("GET", "asterisk/info"), AsteriskInfo)

    async def get_application(self, app: str) -> Application:
        """What an application owns and lets through. Also lists dead ones: it says nothing about liveness."""
        return decode_record(await self.http("GET", path("applications", app)), Application)

    async def subscribe(self, app: str, event_source: str) -> Application:
        """Let `app` hear of `endpoint:PJSIP/x`, `bridge:x` or `channel:x`; a channel in a bridge is heard anyway.

        Never `deviceState:` (a deadlock when the socket drops, asterisk.md 14), and endpoints only in an application
        of their own: else every event of an agent's call comes twice (13).
        """
        query = {"eventSource": event_source}
        return decode_record(
            await self.http("POST", path("applications", app, "subscription"), query=query), Application
        )

    async def list_endpoints(self, technology: str = "PJSIP") -> list[Endpoint]:
        return decode_record(await self.http("GET", path("endpoints", technology)), list[Endpoint])

    async def get_endpoint(self, technology: str, resource: str) -> Endpoint:
        return decode_record(await self.http("GET", path("endpoints", technology, resource)), Endpoint)

    async def put_dynamic(self, object_type: str, object_id: str, fields: Mapping[str, str]) -> None:
        """Make or replace a `res_pjsip` object (auth, aor, endpoint), kept in Asterisk's memory only.

        Fields and answer hold the password: neither is ever logged or returned (design 3.13).
        """
        uri = path("asterisk", "config", "dynamic", "res_pjsip", object_type, object_id)
        body = {"fields": [{"attribute": name, "value": value} for name, value in fields.items()]}
        await self.http("PUT", uri, body=body)

    async def delete_dynamic(self, object_type: str, object_id: str) -> None:
        """Gone when it was not there."""
        await self.http("DELETE", path("asterisk", "config", "dynamic", "res_pjsip", object_type, object_id))

    async def list_recordings(self) -> list[StoredRecording]:
        return decode_record(await self.http("GET", "recordings/stored"), list[StoredRecording])

    async def recording_file(self, name: str, *, limit_s: float = REQUEST_LIMIT_S) -> bytes:
        """The bytes of a stored recording; only HTTP carries them (asterisk.md 1: 406 over a WebSocket)."""
        return await self.http("GET", path("recordings", "stored", name, "file"), limit_s=limit_s)

    async def delete_recording(self, name: str) -> None:
        await self.http("DELETE", path("recordings", "stored", name))
