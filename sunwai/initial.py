"""`sunwai init`: the few things a live line must be told; everything else has a default (docs/settings.md)."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from sunwai.errors import SunwaiError


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `fits` says whether an answer will do, `rule` tells what was wanted."""

    key: str
    text: str
    default: str
    fits: Callable[[str], bool]
    rule: str


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


QUESTIONS = (
    Question("number", "The number consumers dial", "1912", lambda text: text.isdigit(), "digits"),
    Question(
        "country",
        "Country (two letters)",
        "IN",
        lambda text: bool(re.fullmatch("[A-Z]{2}", text)),
        "two capital letters",
    ),
    Question(
        "company",
        "Short code of the company",
        "",
        lambda text: bool(re.fullmatch("[A-Z][A-Z0-9]{1,9}", text)),
        "2-10 capital letters and digits",
    ),
    Question("trunk_address", "This machine's address towards the trunk", "", _is_address, "an IP address"),
    Question("trunk_peer", "The trunk's (operator's) address", "", _is_address, "an IP address"),
    Question("agent_address", "This machine's address towards the agents", "", _is_address, "an IP address"),
    Question("console_address", "Address the console listens on", "127.0.0.1", _is_address, "an IP address"),
    Question(
        "control_room",
        "The control room's number, rung for danger when no agent is free (- for none)",
        "",
        lambda text: text == "-" or bool(re.fullmatch(r"\+?[0-9]{3,15}", text)),
        "digits, with + before a country's code, or -",
    ),
    Question("soft_limit", "Lines (calls at once)", "180", lambda text: text.isdigit() and int(text) > 0, "a number"),
)


def ask_settings(interactive: bool) -> str:
    """Ask each question until the answer fits; the text of a settings file. SunwaiError without a terminal."""
    if not interactive:
        raise SunwaiError(
            "init asks questions and needs a terminal; without one, copy sunwai.example.toml to sunwai.toml and edit it"
        )
    answers = {question.key: _asked(question) for question in QUESTIONS}
    while answers["agent_address"] == answers["trunk_address"]:
        sys.stdout.write("  the agents' address must not be the trunk's: trunk calls are told by it\n")
        answers["agent_address"] = _asked(next(one for one in QUESTIONS if one.key == "agent_address"))
    return settings_text(answers)


def settings_text(answers: dict[str, str]) -> str:
    """The settings file of a live line with these answers."""
    lines = int(answers["soft_limit"])
    return f"""# A live line, written by `sunwai init`. Every setting stands in docs/settings.md.
# Secrets come from the environment.
[line]
kind = "live"
number = "{answers["number"]}"
country = "{answers["country"]}"
company = "{answers["company"]}"

[telephony]
trunk_address = "{answers["trunk_address"]}"
trunk_peer = "{answers["trunk_peer"]}"
agent_address = "{answers["agent_address"]}"
soft_limit = {lines}
hard_limit = {lines + max(20, lines // 3)}
rtp_start = 20000
rtp_end = {20000 + max(1000, 8 * lines)}

[queue]
control_room = "{answers["control_room"].strip("-")}"
callbacks_at_once = {min(20, lines)}

[console]
address = "{answers["console_address"]}"
"""


def _asked(question: Question) -> str:
    while True:
        shown = f" [{question.default}]" if question.default else ""
        sys.stdout.write(f"{question.text}{shown}: ")
        sys.stdout.flush()
        answer = sys.stdin.readline()
        if not answer:
            raise SunwaiError("init ended before all was answered; nothing was written")
        answer = answer.strip() or question.default
        if question.fits(answer):
            return answer
        sys.stdout.write(f"  please give {question.rule}\n")
