"""What the verbs stand on: two ways to send, and the choice between waiting for the answer and going on."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from ivr.ari.door import Body

REQUEST_LIMIT_S: Final = 3.0

Query = Mapping[str, str | int | bool | None]


class Verbs(ABC):
    """The base of the three groups of verbs. Every verb on a call takes `call`, the id whose order it keeps.

    `wait=False` sends and goes on (pipelining: answer and play in one breath); a refusal is then only seen in the
    debug log. `may_block=True` sends over HTTP: for a channel that may be playing a prompt (asterisk.md 0.1).
    Every verb may raise Gone, AriRefused and AriUnavailable.
    """

    @abstractmethod
    async def request(
        self,
        method: str,
        uri: str,
        *,
        call: str,
        query: Query | None = None,
        body: Body | None = None,
        limit_s: float = REQUEST_LIMIT_S,
    ) -> str: ...

    @abstractmethod
    async def fire(
        self, method: str, uri: str, *, call: str, query: Query | None = None, body: Body | None = None
    ) -> None: ...

    @abstractmethod
    async def http(
        self,
        method: str,
        uri: str,
        *,
        query: Query | None = None,
        body: Body | None = None,
        limit_s: float = REQUEST_LIMIT_S,
    ) -> bytes: ...

    async def _do(
        self,
        method: str,
        uri: str,
        query: Query | None = None,
        *,
        call: str,
        body: Body | None = None,
        wait: bool = True,
        may_block: bool = False,
        limit_s: float = REQUEST_LIMIT_S,
    ) -> None:
        """A deed whose answer says nothing but yes or no."""
        if may_block:
            await self.http(method, uri, query=query, body=body, limit_s=limit_s)
        elif wait:
            await self.request(method, uri, call=call, query=query, body=body, limit_s=limit_s)
        else:
            await self.fire(method, uri, call=call, query=query, body=body)
