"""Ids of our own, URIs, errors and waits: the small rules of the ARI client."""

import re
from collections import Counter

import pytest

from ivr.ari.errors import AriError, AriRefused, Gone, refusal
from ivr.ari.ids import bridge_id, leg_id, path, playback_id, rest_application, socket_number, with_query
from ivr.ari.sockets import Backoff


def test_ids_of_one_call_never_clash_and_hold_no_hyphen():
    call = "1763808307.12"
    ids = [leg_id(call, "agent"), leg_id(call, "agent", 2), bridge_id(call, "talk"), playback_id(call)]
    assert len({call, *ids}) == 5
    assert not any("-" in made for made in ids)


def test_a_call_keeps_its_socket_for_ever_and_calls_share_them_out():
    assert socket_number("1763808307.12", 4) == 0
    shares = Counter(socket_number(f"1763808307.{number}", 4) for number in range(1000))
    assert sorted(shares) == [0, 1, 2, 3]
    assert min(shares.values()) > 150


def test_each_request_socket_has_a_name_of_its_own():
    assert len({rest_application("line", number) for number in range(4)}) == 4
    assert re.fullmatch(r"line-rest-\d+-0", rest_application("line", 0))


def test_a_recordings_name_is_one_part_of_the_path_whatever_it_holds():
    assert path("recordings", "stored", "calls/2026/a b") == "recordings/stored/calls%2F2026%2Fa%20b"
    assert path("channels", "../x?y#z") == "channels/..%2Fx%3Fy%23z"


def test_a_query_leaves_out_what_is_not_given_and_quotes_the_rest():
    query = {"callerId": '"1912 Helpline" <1912>', "app": None, "beep": False, "timeout": 30, "value": ""}
    assert with_query("channels", query) == (
        "channels?callerId=%221912%20Helpline%22%20%3C1912%3E&beep=false&timeout=30&value="
    )
    assert with_query("channels", None) == with_query("channels", {"app": None}) == "channels"


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_what_a_hang_up_brings_about_is_gone(status):
    assert isinstance(refusal(status), Gone)


@pytest.mark.parametrize("status", [401, 403, 406, 500, 503, 599])
def test_every_other_no_is_a_refusal_and_not_gone(status):
    error = refusal(status, "Endpoint sip:5000012345 not found")
    assert isinstance(error, AriRefused)
    assert isinstance(error, AriError)
    assert not isinstance(error, Gone)
    assert error.status == status
    assert "5000012345" not in str(error)
    assert "5000012345" in error.private_detail


def test_waits_between_tries_grow_to_two_seconds_with_full_jitter():
    backoff = Backoff()
    early = [Backoff().next_s() for _ in range(200)]
    late = [backoff.next_s() for _ in range(300)][20:]
    assert max(early) <= 0.05
    assert max(late) <= 2.0
    assert max(late) > 1.5
    assert min(late) < 0.5
    backoff.reset()
    assert backoff.next_s() <= 0.05
