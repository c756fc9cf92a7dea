"""One road for every request: door, question, handler, answer; a refusal becomes audit and one plain sentence."""

from __future__ import annotations

import time
import traceback
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from agent_console import bodies, door
from agent_console.errors import ConsoleError, ErrorAnswer, in_plain_words
from agent_console.plan import CONSOLE, Console
from agent_console.route import OpenHandler, Route, Visit
from agent_console.sentences import language_of, said

log = structlog.get_logger(__name__)

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CSP = "Content-Security-Policy"
HEADERS = {
    CSP: "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FOR_HTTP = {404: "There is nothing here.", 405: "This cannot be done here.", 413: "This is too large."}
_UNFORESEEN = "Something went wrong here; it has been noted."


def guarded(route: Route) -> AiohttpHandler:
    """The aiohttp handler of one route."""
    if route.opened is not None:
        return _open(route, route.opened)
    if route.handler is None:
        raise LookupError(f"{route.path} has no handler")
    handler = route.handler

    async def answer(request: web.Request) -> web.StreamResponse:
        console = request.app[CONSOLE]
        visitor = await door.visitor_of(console, request)
        try:
            door.admit(visitor, request, route.deed)
            visit = Visit(console, request, visitor, console.clock.wall_now())
            return _said(await handler(visit, await bodies.read(request, route.asks)), route)
        except Exception as error:
            refusal = in_plain_words(error)
            if refusal is not None and refusal.audited:
                await _audit(console, visitor.actor, route, request)
            raise

    return answer


def _open(route: Route, opened: OpenHandler) -> AiohttpHandler:
    """The same for a route that needs no session."""

    async def answer(request: web.Request) -> web.StreamResponse:
        console = request.app[CONSOLE]
        return _said(await opened(console, request, await bodies.read(request, route.asks)), route)

    return answer


def _said(result: msgspec.Struct | web.StreamResponse, route: Route) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    response = web.Response(body=msgspec.json.encode(result), status=route.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


async def _audit(console: Console, actor: str, route: Route, request: web.Request) -> None:
    """Keeps what somebody tried; an answer is given only when that is written."""
    parts, now = request.match_info, console.clock.wall_now()
    if "number" in parts:
        await console.books.dockets.note_refusal(parts["number"], actor, route.deed, now)
        return
    subject = next((f"{name}:{value}" for name, value in parts.items()), "console")
    await console.books.people.audit(actor, f"refused:{route.deed}", subject, now)


@web.middleware
async def in_one_shape(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    """Outermost: errors become ErrorAnswer, headers are set, the request is counted and logged without its numbers."""
    began = time.monotonic()
    try:
        response = await handler(request)
    except web.HTTPException as error:
        sentence = _FOR_HTTP.get(error.status, error.reason)
        response = _error(ErrorAnswer(error=said(sentence, {}, _language(request))), error.status)
    except Exception as error:  # noqa: BLE001 - top of one request: the person gets a sentence, the others go on
        response = _refusal(error, _language(request))
    if not response.prepared:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    _count(request, response.status, time.monotonic() - began)
    return response


def _language(request: web.Request) -> str:
    return language_of(request.headers.get("Accept-Language", ""))


def _refusal(error: Exception, language: str) -> web.Response:
    known = in_plain_words(error)
    if known is None:
        # Where, not what: the text of an unforeseen error may carry a number or a name (design 5.10).
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][-4:]
        log.error("request_failed", error=type(error).__name__, where=where)
        return _error(ErrorAnswer(error=said(_UNFORESEEN, {}, language)), 500)
    return _answer_to(known, language)


def _answer_to(error: ConsoleError, language: str) -> web.Response:
    response = _error(ErrorAnswer(error=error.said_in(language), field=error.field), error.status)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _error(answer: ErrorAnswer, status: int) -> web.Response:
    response = web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _count(request: web.Request, status: int, seconds: float) -> None:
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unknown"
    request.app[CONSOLE].meters.answered(request.method, route, status, seconds)
    log.info("request", method=request.method, route=route, status=status, ms=round(seconds * 1000, 1))
