"""The API described for machines (OpenAPI 3.1), made from the route table and the shapes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from agent_console.door import OPEN, RIGHTS, Deed
from agent_console.errors import ErrorAnswer
from agent_console.plan import Console
from agent_console.route import Anything, Nothing, Route
from agent_console.routes import ROUTES
from agent_console.sessions import CSRF_HEADER

OPENAPI_PATH = "/api/openapi.json"
_PART = re.compile(r"{(?P<name>\w+):(?P<pattern>(?:[^{}]|{[^{}]*})+)}")
_ERRORS = {
    "400": "The question does not fit; `field` says where",
    "401": "No session",
    "403": "This log-in may not do this, or the CSRF word is missing",
    "404": "It does not exist, or is not yours to see",
    "409": "The state of things forbids it; nothing was changed",
    "413": "Larger than 64 KiB",
    "429": "Too often; see Retry-After",
    "503": "Books, live state or telephone do not answer; try again",
}

Json = dict[str, Any]


@cache
def document() -> bytes:
    """The whole description as JSON."""
    return msgspec.json.encode(described(ROUTES))


def described(routes: Iterable[Route]) -> Json:
    """The description of these routes."""
    table = (*routes, DESCRIPTION)
    shapes = {shape for route in table for shape in (route.asks, route.answers)} | {ErrorAnswer}
    ordered = sorted(shapes - {Anything, Nothing}, key=lambda shape: shape.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, Json] = {}
    for route in table:
        paths.setdefault(plain_path(route.path), {})[route.method.lower()] = _operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sunwai console",
            "version": "1",
            "description": "Log in, keep the cookie, send the CSRF word with every change. See docs/api.md.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "sunwai_<port>"},
                "csrf": {"type": "apiKey", "in": "header", "name": CSRF_HEADER},
            },
        },
    }


def plain_path(path: str) -> str:
    """The path as OpenAPI writes it: parts without their patterns."""
    return _PART.sub(lambda part: "{" + part["name"] + "}", path)


def _operation(route: Route, components: Json) -> Json:
    parameters = [
        {
            "name": part["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{part['pattern']}$"},
        }
        for part in _PART.finditer(route.path)
    ]
    operation: Json = {
        "operationId": f"{route.method.lower()}_{re.sub(r'[^a-z]+', '_', plain_path(route.path)).strip('_') or 'page'}",
        "summary": route.summary,
        "responses": _responses(route),
    }
    if route.deed not in OPEN:
        operation["x-roles"] = sorted(RIGHTS[route.deed])
        operation["security"] = [{"session": []} if route.method == "GET" else {"session": [], "csrf": []}]
    if route.method == "GET" and route.asks is not Nothing:
        parameters += _query(components[route.asks.__name__])
    elif route.asks not in (Nothing, Anything):
        schema = {"$ref": f"#/components/schemas/{route.asks.__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _query(shape: Json) -> list[Json]:
    needed = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": schema}
        for name, schema in shape["properties"].items()
    ]


def _responses(route: Route) -> Json:
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    responses: Json = {code: {"description": text, "content": failure} for code, text in _ERRORS.items()}
    if route.status < 300:
        responses[str(route.status)] = {"description": route.summary, "content": _content(route)}
    elif route.status == 101:
        responses["101"] = {"description": "Becomes a WebSocket"}
    return responses


def _content(route: Route) -> Json:
    if route.media != "application/json":
        return {route.media: {}}
    if route.path == OPENAPI_PATH:
        return {route.media: {"schema": {"type": "object"}}}
    return {route.media: {"schema": {"$ref": f"#/components/schemas/{route.answers.__name__}"}}}


async def answer(_: Console, __: web.Request, ___: Nothing) -> web.Response:
    return web.Response(body=document(), content_type="application/json")


DESCRIPTION = Route("GET", OPENAPI_PATH, Deed.SEE_PUBLIC, "This description", opened=answer)
