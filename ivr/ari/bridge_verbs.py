"""What can be done to a bridge: make it, bring callers in and out, give it music, end it."""

from collections.abc import Sequence

from ivr.ari.decoding import decode_record
from ivr.ari.events import Bridge
from ivr.ari.ids import path
from ivr.ari.verbs import REQUEST_LIMIT_S, Verbs

HOLDING_ROLE = "holding_participant"
"""In a holding bridge: music for this channel alone, of its own music class, again after each prompt (measured)."""


class BridgeVerbs(Verbs):
    """Verbs on bridges. A bridge outlives its callers and its controller until it is deleted (asterisk.md 0.8)."""

    async def create_bridge(
        self, bridge: str, *, call: str, kind: str = "mixing", name: str | None = None, wait: bool = True
    ) -> None:
        """`kind` is holding or mixing; "mixing,video_sfu" mixes samples even for two.

        Gone (409) when a bridge of that id is there already.
        """
        await self._do("POST", path("bridges", bridge), {"type": kind, "name": name}, call=call, wait=wait)

    async def delete_bridge(self, bridge: str, *, call: str, wait: bool = True) -> None:
        await self._do("DELETE", path("bridges", bridge), call=call, wait=wait)

    async def add_to_bridge(
        self,
        bridge: str,
        channels: Sequence[str],
        *,
        call: str,
        role: str | None = None,
        mute: bool | None = None,
        unnamed: bool | None = None,
        wait: bool = True,
        may_block: bool = False,
        limit_s: float = REQUEST_LIMIT_S,
    ) -> None:
        """Bring channels in; from another bridge they come by themselves. `role` is Asterisk's own (HOLDING_ROLE).

        Stop a prompt first: a playing channel holds the request up until the prompt ends (asterisk.md 0.1). Use one
        channel at a time where one of them may have left: a dead one fails the whole list (0.6). `unnamed`: nobody's
        connected line is told anew; else each is told the number of the other, some time after this has returned.
        """
        query = {"channel": ",".join(channels), "role": role, "mute": mute, "inhibitConnectedLineUpdates": unnamed}
        uri = path("bridges", bridge, "addChannel")
        await self._do("POST", uri, query, call=call, wait=wait, may_block=may_block, limit_s=limit_s)

    async def remove_from_bridge(
        self, bridge: str, channel: str, *, call: str, wait: bool = True, may_block: bool = False
    ) -> None:
        uri = path("bridges", bridge, "removeChannel")
        await self._do("POST", uri, {"channel": channel}, call=call, wait=wait, may_block=may_block)

    async def start_bridge_music(self, bridge: str, music: str | None = None, *, call: str, wait: bool = True) -> None:
        """Music for all in it; repeat after every addition: it dies when the bridge empties (design 3.11)."""
        await self._do("POST", path("bridges", bridge, "moh"), {"mohClass": music}, call=call, wait=wait)

    async def stop_bridge_music(self, bridge: str, *, call: str, wait: bool = True) -> None:
        await self._do("DELETE", path("bridges", bridge, "moh"), call=call, wait=wait)

    async def play_in_bridge(
        self, bridge: str, playback_id: str, media: Sequence[str], *, call: str, wait: bool = True
    ) -> None:
        """Say something to all in the bridge; nobody hears it while the bridge has music (asterisk.md 0.9)."""
        query = {"media": ",".join(media)}
        await self._do("POST", path("bridges", bridge, "play", playback_id), query, call=call, wait=wait)

    async def get_bridge(self, bridge: str, *, call: str) -> Bridge:
        return decode_record(await self.request("GET", path("bridges", bridge), call=call), Bridge)

    async def list_bridges(self, *, call: str = "", limit_s: float = REQUEST_LIMIT_S) -> list[Bridge]:
        """Every bridge of this Asterisk; `channels` in each are ids."""
        return decode_record(await self.request("GET", "bridges", call=call, limit_s=limit_s), list[Bridge])
