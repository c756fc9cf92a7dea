"""What `asterisk.FakeAsterisk` answers to each ARI request: status and body as a real Asterisk 22.10.1 gives them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fakes.asterisk_house import FakeBridge, FakeChannel, FakePlayback, FakeRecording, House, Refusal, stamp, whole

Answer = tuple[int, Any]
STASIS_DELAY_S = 0.002


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: `uri` without its query; `via` the application of its WebSocket, or `http`."""

    method: str
    uri: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    via: str

    @property
    def parts(self) -> list[str]:
        return [unquote(part) for part in self.uri.split("/")]


Handler = Callable[[House, Request], Awaitable[Answer]]
ROUTES: list[tuple[str, list[str], Handler]] = []


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    """Enter the function below as the answer to that method and path; `*` stands for any one part."""

    def enter(handler: Handler) -> Handler:
        ROUTES.append((method, pattern.split("/"), handler))
        return handler

    return enter


async def answer(house: House, request: Request) -> Answer:
    """The status and the body (None, a JSON value, or bytes) for a request."""
    parts = request.parts
    for method, pattern, handler in ROUTES:
        fits = len(parts) == len(pattern) and all(p in ("*", part) for p, part in zip(pattern, parts, strict=True))
        if fits and method == request.method:
            try:
                return await handler(house, request)
            except Refusal as refusal:
                return refusal.status, {"message": refusal.message}
    return 404, {"message": "Resource not found"}


def _variables(request: Request) -> dict[str, str]:
    return dict(request.body.get("variables") or {})


def _args(request: Request) -> list[str]:
    return [arg for arg in request.query.get("appArgs", "").split(",") if arg]


def _new_channel(house: House, request: Request, endpoint: str) -> FakeChannel:
    parts = request.parts
    wanted = request.query.get("channelId") or (parts[3] if "snoop" in parts and len(parts) > 3 else house.new_id())
    if wanted in house.channels:
        raise Refusal(409, "Channel with given unique ID already exists")
    if endpoint.startswith("PJSIP/") and not any(endpoint.startswith(start) for start in house.peers):
        raise Refusal(500, "Allocation failed")
    variables = _variables(request)
    shown = request.query.get("callerId") or variables.get("CONNECTEDLINE(all,i)", "")
    number = shown.rpartition("<")[2].rstrip(">")
    app = request.query.get("app", "")
    return house.add_channel(
        FakeChannel(wanted, endpoint, app, connected=number, args=_args(request), variables=variables)
    )


@route("GET", "asterisk/ping")
async def _ping(_house: House, _request: Request) -> Answer:
    return 200, {"asterisk_id": "fake", "ping": "pong", "timestamp": stamp()}


@route("GET", "asterisk/info")
async def _info(_house: House, _request: Request) -> Answer:
    return 200, {"system": {"version": "22.10.1-fake", "entity_id": "fake"}}


@route("GET", "channels")
async def _channels(house: House, _request: Request) -> Answer:
    return 200, [channel.told() for channel in house.channels.values()]


@route("GET", "channels/*")
async def _channel(house: House, request: Request) -> Answer:
    return 200, house.channel(request.parts[1]).told()


@route("POST", "channels")
async def _originate(house: House, request: Request) -> Answer:
    channel = _new_channel(house, request, request.query["endpoint"])
    channel.originated = True
    house.ring(channel, whole(request.query, "timeout", 30))
    return 200, channel.told()


@route("POST", "channels/create")
async def _create(house: House, request: Request) -> Answer:
    return _late_channel(house, _new_channel(house, request, request.query["endpoint"]))


@route("POST", "channels/externalMedia")
async def _external_media(house: House, request: Request) -> Answer:
    return _late_channel(house, _new_channel(house, request, "WebSocket/media"), state="Up")


@route("POST", "channels/*/snoop/*")
async def _snoop(house: House, request: Request) -> Answer:
    house.channel(request.parts[1])
    return _late_channel(house, _new_channel(house, request, f"Snoop/{request.parts[1]}"), state="Up")


def _late_channel(house: House, channel: FakeChannel, state: str = "Down") -> Answer:
    """In Stasis a moment after the answer; till then a bridge refuses it (422) and `dial` does (409)."""
    loop = asyncio.get_running_loop()
    channel.state = state
    channel.timers.append(loop.call_later(STASIS_DELAY_S, house.enter, channel))
    return 200, channel.told()


@route("DELETE", "channels/*")
async def _hang_up(house: House, request: Request) -> Answer:
    reasons = {"busy": 17, "no_answer": 19, "congestion": 34, "answered_elsewhere": 26}
    cause = whole(request.query, "reason_code") or reasons.get(request.query.get("reason", ""), 16)
    house.hang_up(house.channel(request.parts[1]), cause, asked=32)
    return 204, None


@route("POST", "channels/*/answer")
async def _answer(house: House, request: Request) -> Answer:
    house.set_state(house.in_stasis(request.parts[1]), "Up")
    return 204, None


@route("POST", "channels/*/progress")
async def _progress(house: House, request: Request) -> Answer:
    house.in_stasis(request.parts[1])
    return 204, None


@route("POST", "channels/*/dial")
async def _dial(house: House, request: Request) -> Answer:
    channel = house.in_stasis(request.parts[1])
    if channel.state != "Down":
        raise Refusal(409, "Channel is not in the 'Down' state")
    house.ring(channel, whole(request.query, "timeout", 30))
    return 204, None


@route("POST", "channels/*/play/*")
async def _play(house: House, request: Request) -> Answer:
    channel = house.in_stasis(request.parts[1])
    playback = FakePlayback(request.parts[3], request.query["media"].split(","), f"channel:{channel.id}")
    if playback.id in house.playbacks:
        raise Refusal(409, "Playback with this id exists")
    told = playback.told("queued")
    house.play(playback, channel)
    return 201, told


@route("DELETE", "playbacks/*")
async def _stop_playback(house: House, request: Request) -> Answer:
    playback = house.playbacks.get(request.parts[1])
    if playback is None:
        raise Refusal(404, "Playback not found")
    house.finish_playback(playback)
    return 204, None


@route("POST", "channels/*/moh")
async def _start_music(house: House, request: Request) -> Answer:
    house.in_stasis(request.parts[1]).music = True
    return 204, None


@route("DELETE", "channels/*/moh")
async def _stop_music(house: House, request: Request) -> Answer:
    house.in_stasis(request.parts[1]).music = False
    return 204, None


@route("POST", "channels/*/dtmf")
async def _dtmf(house: House, request: Request) -> Answer:
    house.in_stasis(request.parts[1]).sent_dtmf += request.query["dtmf"]
    return 204, None


@route("POST", "channels/*/record")
async def _record(house: House, request: Request) -> Answer:
    channel, name = house.in_stasis(request.parts[1]), request.query["name"]
    known = name in house.recordings or (name in house.stored and request.query.get("ifExists", "fail") == "fail")
    if known:
        raise Refusal(409, "Recording already exists")
    now = asyncio.get_running_loop().time()
    recording = FakeRecording(name, request.query["format"], channel.id, request.query.get("terminateOn", "none"), now)
    house.record(recording, whole(request.query, "maxDurationSeconds"))
    return 201, recording.told("queued")


@route("GET", "recordings/live/*")
async def _live_recording(house: House, request: Request) -> Answer:
    recording = house.recordings.get(request.parts[2])
    if recording is None:
        raise Refusal(404, "Recording not found")
    return 200, recording.told("recording")


@route("POST", "recordings/live/*/stop")
async def _stop_recording(house: House, request: Request) -> Answer:
    recording = house.recordings.get(request.parts[2])
    if recording is None:
        raise Refusal(404, "Recording not found")
    house.finish_recording(recording)
    return 204, None


@route("POST", "channels/*/variable")
async def _set_variable(house: House, request: Request) -> Answer:
    channel = house.channel(request.parts[1])
    await channel.quiet.wait()
    channel.variables[request.query["variable"]] = request.query.get("value", "")
    return 204, None


@route("GET", "channels/*/variable")
async def _get_variable(house: House, request: Request) -> Answer:
    variables = house.channel(request.parts[1]).variables
    if request.query["variable"] not in variables:
        raise Refusal(404, "Provided variable was not found")
    return 200, {"value": variables[request.query["variable"]]}


@route("POST", "channels/*/continue")
async def _continue(house: House, request: Request) -> Answer:
    channel = house.in_stasis(request.parts[1])
    channel.left_for = (request.query.get("context", ""), request.query.get("extension", "s"))
    house.out_of_bridge(channel)
    house.leave(channel)
    return 204, None


@route("POST", "channels/*/move")
async def _move(house: House, request: Request) -> Answer:
    channel = house.in_stasis(request.parts[1])
    house.leave(channel)
    channel.app, channel.args = request.query["app"], _args(request)
    house.enter(channel)
    return 204, None


@route("GET", "bridges")
async def _bridges(house: House, _request: Request) -> Answer:
    return 200, [bridge.told() for bridge in house.bridges.values()]


@route("GET", "bridges/*")
async def _bridge(house: House, request: Request) -> Answer:
    return 200, house.bridge(request.parts[1]).told()


@route("POST", "bridges/*")
async def _create_bridge(house: House, request: Request) -> Answer:
    wanted = request.parts[1]
    if wanted in house.bridges:
        raise Refusal(409, f"Bridge with id '{wanted}' already exists")
    house.bridges[wanted] = FakeBridge(wanted, request.query.get("type", "mixing"), request.query.get("name", ""))
    return 200, house.bridges[wanted].told()


@route("DELETE", "bridges/*")
async def _delete_bridge(house: House, request: Request) -> Answer:
    bridge = house.bridge(request.parts[1])
    for member in list(bridge.channels):
        house.out_of_bridge(house.channels[member])
    del house.bridges[bridge.id]
    return 204, None


@route("POST", "bridges/*/addChannel")
async def _add_to_bridge(house: House, request: Request) -> Answer:
    bridge = house.bridge(request.parts[1])
    channels = [house.channel(name, status=400) for name in request.query["channel"].split(",")]
    for channel in channels:
        if not channel.in_stasis:
            raise Refusal(422, "Channel not in Stasis application")
        if channel.recording is not None:
            raise Refusal(409, "Channel currently recording")
    for channel in channels:
        await channel.quiet.wait()
        if channel.id not in house.channels:
            raise Refusal(400, "Channel not found")
        house.into_bridge(bridge, channel, request.query.get("role"))
    return 204, None


@route("POST", "bridges/*/removeChannel")
async def _remove_from_bridge(house: House, request: Request) -> Answer:
    house.bridge(request.parts[1])
    channel = house.channel(request.query["channel"], status=400)
    await channel.quiet.wait()
    if channel.bridge != request.parts[1]:
        raise Refusal(422, "Channel not in this bridge")
    house.out_of_bridge(channel)
    return 204, None


@route("POST", "bridges/*/moh")
async def _start_bridge_music(house: House, request: Request) -> Answer:
    house.bridge(request.parts[1]).music = True
    return 204, None


@route("DELETE", "bridges/*/moh")
async def _stop_bridge_music(house: House, request: Request) -> Answer:
    bridge = house.bridge(request.parts[1])
    if not bridge.music:
        raise Refusal(409, "Bridge isn't playing music")
    bridge.music = False
    return 204, None


@route("POST", "bridges/*/play/*")
async def _play_in_bridge(house: House, request: Request) -> Answer:
    bridge = house.bridge(request.parts[1])
    playback = FakePlayback(request.parts[3], request.query["media"].split(","), f"bridge:{bridge.id}")
    told = playback.told("queued")
    house.play_in_bridge(playback, bridge)
    return 201, told


@route("PUT", "asterisk/config/dynamic/res_pjsip/*/*")
async def _put_dynamic(house: House, request: Request) -> Answer:
    fields = request.body["fields"]
    house.dynamic[request.parts[4], request.parts[5]] = {field["attribute"]: field["value"] for field in fields}
    return 200, fields


@route("DELETE", "asterisk/config/dynamic/res_pjsip/*/*")
async def _delete_dynamic(house: House, request: Request) -> Answer:
    if house.dynamic.pop((request.parts[4], request.parts[5]), None) is None:
        raise Refusal(404, f"Object with id '{request.parts[5]}' not found")
    return 204, None


@route("GET", "endpoints/*")
async def _endpoints(house: House, request: Request) -> Answer:
    return 200, [
        _endpoint(house, name) for kind, name in house.dynamic if kind == "endpoint" and request.parts[1] == "PJSIP"
    ]


@route("GET", "endpoints/*/*")
async def _one_endpoint(house: House, request: Request) -> Answer:
    if ("endpoint", request.parts[2]) not in house.dynamic:
        raise Refusal(404, "Endpoint not found")
    return 200, _endpoint(house, request.parts[2])


def _endpoint(house: House, name: str) -> dict[str, Any]:
    """Online as soon as a test has told `peers` how the phone behaves."""
    online = f"PJSIP/{name}" in house.peers
    busy = [channel.id for channel in house.channels.values() if channel.endpoint == f"PJSIP/{name}"]
    return {"technology": "PJSIP", "resource": name, "state": "online" if online else "offline", "channel_ids": busy}


@route("GET", "recordings/stored")
async def _stored(house: House, _request: Request) -> Answer:
    return 200, [{"name": name, "format": kind} for name, (kind, _) in house.stored.items()]


@route("GET", "recordings/stored/*/file")
async def _stored_file(house: House, request: Request) -> Answer:
    if request.parts[2] not in house.stored:
        raise Refusal(404, "Recording not found")
    if request.via != "http":
        raise Refusal(406, "Not Acceptable. Use HTTP to download files.")
    return 200, house.stored[request.parts[2]][1]


@route("DELETE", "recordings/stored/*")
async def _delete_stored(house: House, request: Request) -> Answer:
    if house.stored.pop(request.parts[2], None) is None:
        raise Refusal(404, "Recording not found")
    return 204, None
