"""What a flow may ask the house to do: the contract between flows (data) and the rooms that carry deeds out.

The loader refuses a flow that leaves a result without a road or says a fact that nothing provides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LANGUAGE, CATEGORY = "a language of the prompts", "a kind of complaint that has a prompt category_..."
"""What an argument may be, where the words themselves are not fixed here."""


@dataclass(frozen=True, slots=True)
class DeedContract:
    """The possible results of a deed, and the facts it leaves for prompts and branches.

    `nothing`: results that leave none of them. `needs` and `takes`: arguments that must and may be there, with what
    they may say. `flows`: where it can be asked for; empty for everywhere. `takes_away`: facts that are gone after it.
    """

    results: tuple[str, ...]
    gives: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flows: tuple[str, ...] = ()
    takes_away: tuple[str, ...] = ()


SLOW_MODE = "slow_mode"
"""The fact that this consumer is spoken to slowly and waited for longer (complaints/flags.py); any flow may be given
it, and the walker keeps to it by itself (`walk.py`)."""

PROMPT_STYLE = "prompt_style"
"""The fact how this caller is told that he may speak (`walk.STYLES`); styles are compared (docs/speech.md)."""

HEARD_IN = "heard_in"
"""The fact in which languages a caller could be heard when his call came, joined by spaces."""

DOCKET_FACTS = ("docket", "pairs", "category", "when", "due_prompt", "status_prompt", "role")
_CONSUMER = ("consumer_id", "area", SLOW_MODE)
_CALLER, _ASKED, _RUNG = ("inbound",), ("satisfaction",), ("callback",)
_GOES_WRONG = ("wrong", "trouble")

DEEDS: dict[str, DeedContract] = {
    "remember_language": DeedContract(("ok",), ("language",), needs={"language": (LANGUAGE,)}),
    "choose_connection": DeedContract(("ok",), _CONSUMER, needs={"choice": ("$choice",)}, flows=_CALLER),
    "other_connection": DeedContract(("ok",), _CONSUMER, flows=_CALLER, takes_away=("area", "consumer_id")),
    "check_consumer": DeedContract(
        ("found", "wrong", "trouble"), _CONSUMER, _GOES_WRONG, needs={"number": ("$consumer_number",)}, flows=_CALLER
    ),
    "remember_subject": DeedContract(("ok",), ("subject",), needs={"subject": (CATEGORY,)}, flows=_CALLER),
    "register": DeedContract(
        ("ok", "noted", "trouble"),
        (*DOCKET_FACTS, "kept"),
        ("noted", "trouble"),
        needs={"category": (CATEGORY, "$subject")},
        takes={"sealed": ("yes",)},
        flows=_CALLER,
    ),
    "register_for_person": DeedContract(
        ("new", "known", "noted", "noted_before", "trouble"),
        DOCKET_FACTS,
        ("noted", "noted_before", "trouble"),
        flows=_CALLER,
    ),
    "own_docket": DeedContract(("found", "none", "trouble"), DOCKET_FACTS, ("none", "trouble"), flows=_CALLER),
    "check_docket": DeedContract(
        ("found", "wrong", "trouble"), DOCKET_FACTS, _GOES_WRONG, needs={"number": ("$docket_number",)}, flows=_CALLER
    ),
    "press_docket": DeedContract(("ok", "trouble"), DOCKET_FACTS, ("trouble",), flows=_CALLER),
    "keep_message": DeedContract(("ok", "silent", "trouble"), needs={"recording": ("$message",)}),
    "promise_callback": DeedContract(("ok", "withheld", "trouble"), ("when",), ("withheld", "trouble")),
    "check_callback_number": DeedContract(
        ("ok", "wrong"), ("callback_number",), ("wrong",), needs={"number": ("$keyed_phone",)}
    ),
    "verdict": DeedContract(
        ("ok", "trouble"),
        DOCKET_FACTS,
        needs={"verdict": ("satisfied", "not_satisfied", "later", "person", "no_key")},
        takes={"reason": ("$reason",)},
        flows=_ASKED,
    ),
    "note_served": DeedContract(("ok",)),
    "withdraw_callback": DeedContract(("ok",), flows=_RUNG),
    "note_service": DeedContract(("ok",), needs={"answer": ("good", "bad")}, flows=_ASKED),
}

SEALED_CATEGORIES = ("THEFT",)
"""Who informs on these is written nowhere: they are registered sealed, in every flow."""

CONNECTIONS = ("general", "danger", "promise")
"""What a caller may be brought to a person for; "danger" goes before all others."""

CONNECT_RESULTS = ("talked", "nobody", "callback")
"""talked: an agent and the caller spoke. nobody: no agent in reach. callback: the caller chose to be rung back."""

FIRST_FACTS: dict[str, tuple[str, ...]] = {
    "inbound": (
        "language_known",
        "consumers",
        "connections",
        *_CONSUMER,
        "phone_known",
        "subject",
        "surge",
        PROMPT_STYLE,
        HEARD_IN,
        "n",
    ),
    "satisfaction": (*DOCKET_FACTS, "reason", "by", SLOW_MODE),
    "callback": ("purpose", "phone_known", SLOW_MODE),
}
"""Facts a flow may count on when it starts, by the flow's name."""

MAYBE_FACTS = frozenset({"area", "consumer_id"})
"""Of these, facts that may be nothing at all: whose house it is, as long as nobody knows."""

KEYED = ("consumer_number", "docket_number", "keyed_phone")
"""Facts that a number may be collected into."""
MESSAGE = "message"
SPOKEN = (MESSAGE, "reason")
"""Facts that a recording may be made into; its file has the same name."""
KEPT = "kept"
"""Says after a registering that the complaint is in the journal; when it does not, there is a docket."""
PROMPT_FACTS = ("due_prompt", "status_prompt")
"""Facts that name a prompt, or are empty."""

OPTION_FACTS = ("area", "last4", "key")
"""What each option of a menu over connections brings along."""

WAITING_FACTS = ("n", "m")
"""Said by the queue itself while a caller waits, not by a flow."""
