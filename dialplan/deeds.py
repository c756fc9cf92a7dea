"""What a flow may ask the house to do: the contract between flows (data) and the rooms that carry deeds out.

The loader refuses a flow that leaves a result without a road or says a fact that nothing provides.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeedContract:
    """The possible results of a deed, and the facts it leaves for prompts and branches."""

    results: tuple[str, ...]
    gives: tuple[str, ...] = ()


SLOW_MODE = "slow_mode"
"""The fact that this consumer is spoken to slowly and waited for longer (complaints/flags.py); any flow may be given
it, and the walker keeps to it by itself (`walk.py`)."""

_DOCKET = ("docket", "pairs", "category", "when", "due_prompt", "status_prompt", "role", "advice")
_CONSUMER = ("consumer_id", "area", SLOW_MODE)

DEEDS: dict[str, DeedContract] = {
    "remember_language": DeedContract(("ok",), ("language",)),
    "choose_connection": DeedContract(("ok",), _CONSUMER),
    "other_connection": DeedContract(("ok",), _CONSUMER),
    "check_consumer": DeedContract(("found", "wrong", "trouble"), _CONSUMER),
    "remember_subject": DeedContract(("ok",), ("subject",)),
    "register": DeedContract(("ok", "noted", "trouble"), (*_DOCKET, "kept")),
    "register_for_person": DeedContract(("new", "known", "noted", "noted_before", "trouble"), _DOCKET),
    "own_docket": DeedContract(("found", "none", "trouble"), _DOCKET),
    "check_docket": DeedContract(("found", "wrong", "trouble"), _DOCKET),
    "press_docket": DeedContract(("ok", "trouble"), _DOCKET),
    "keep_message": DeedContract(("ok", "silent", "trouble"), ()),
    "promise_callback": DeedContract(("ok", "withheld", "trouble"), ("when",)),
    "check_callback_number": DeedContract(("ok", "wrong"), ("callback_number",)),
    "verdict": DeedContract(("ok", "trouble"), _DOCKET),
    "note_served": DeedContract(("ok",), ()),
    "withdraw_callback": DeedContract(("ok",), ()),
    "note_service": DeedContract(("ok",), ()),
}

CONNECT_RESULTS = ("talked", "nobody", "callback")
"""talked: an agent and the caller spoke. nobody: no agent in reach. callback: the caller chose to be rung back."""

FIRST_FACTS: dict[str, tuple[str, ...]] = {
    "inbound": (
        "language_known",
        "consumers",
        "connections",
        *_CONSUMER,
        "phone_known",
        *_DOCKET,
        "choice",
        "consumer_number",
        "docket_number",
        "keyed_phone",
        "message",
        "kept",
        "surge",
        "n",
    ),
    "satisfaction": (*_DOCKET, "reason", "by", SLOW_MODE),
    "callback": ("purpose", "phone_known", *_DOCKET, SLOW_MODE),
}
"""Facts a flow may count on when it starts or collects itself, by the flow's name."""

OPTION_FACTS = ("area", "last4", "key")
"""What each option of a menu over connections brings along."""

WAITING_FACTS = ("n", "m")
"""Said by the queue itself while a caller waits, not by a flow."""
