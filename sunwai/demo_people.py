"""The people of the demo: officers of the ladder and log-ins, known by codes such as J09 and A17 only. Pure.

Sizes: domain.md part 4. Officers' numbers are in the range 50000 9xxxx, consumers' below it (`demo_consumers`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from complaints.records import Officer, Unit
from storage.people import Login, Role
from sunwai.reference import Organisation

MAIN, SECOND, PROBE = "PV", "UV", "PROBE"
AGENTS = 40
VENDORS = ("A", "B")
SUPERVISORS = 5
AUDITORS = 2
JES_PER_SUBDIVISION = 3
PROBE_AGENT = "P01"
LINE_KEEPER = "Z00"
"""The administrator of the whole line, whatever the company; Z01 is the main company's."""
PROBE_LANGUAGES = ("hi", "ur", "en", "marker")
TOP_OF_PROBE = 6

RUNGS = ((1, "J", "subdivision"), (2, "D", "subdivision"), (3, "X", "division"), (4, "E", "circle"), (5, "C", "zone"))
"""Rung of the ladder, letter of the codes (JE, SDO, XEN, SE, CE), and the kind of unit each answers for; the sixth
rung, the managing director M01, answers for the company."""

AGENT_LANGUAGES = (("hi",), ("hi", "en"), ("hi", "ur"), ("hi", "ur", "en"))
AGENT_CATEGORIES = ((), (), ("SAF", "SUP", "THEFT", "OTHER"), (), ("BILL", "METER", "NEWCON", "OTHER"))
"""In turn; 4 and 5 have no common factor, so that every pairing of language and kind occurs. None named: every kind."""


def vendor_of(agent: str) -> str:
    """Which of the two vendors employs an agent of the demo ("A01" to "A40"): the first half A, the second B."""
    return VENDORS[(int(agent[1:]) - 1) * len(VENDORS) // AGENTS]


def officers(organisation: Organisation) -> list[Officer]:
    """All officers of the three companies, with numbers nobody has."""
    main = [
        Officer(f"{letter}{number:02d}", MAIN, level, unit.id, _phone(level, number))
        for level, letter, kind in RUNGS
        for number, unit in enumerate(_posts(organisation.of(MAIN, kind), level), 1)
    ]
    second = [
        Officer(f"U{letter}1", SECOND, level, unit, _phone(7, level))
        for level, letter, unit in ((1, "J", "UV-SD-1"), (2, "D", "UV-SD-1"), (6, "M", SECOND))
    ]
    probe = [
        Officer(f"P-L{level}", PROBE, level, "PROBE-SD-1", _phone(9, level)) for level in range(1, TOP_OF_PROBE + 1)
    ]
    return [*main, Officer("M01", MAIN, 6, MAIN, _phone(6, 1)), *second, *probe]


def logins(organisation: Organisation, staff: Sequence[Officer], password_hash: str) -> list[Login]:
    """A log-in for everybody, named by his code. `password_hash` (argon2id) is the same for all: it is a demo."""
    return [
        *_agents(password_hash),
        *_desk(password_hash),
        *(_officer(each, password_hash) for each in staff),
        *_nodal_engineers(organisation, password_hash),
        Login("UA1", password_hash, frozenset({Role.AGENT}), agent="UA1", company=SECOND, languages=("hi", "ur", "en")),
        Login("US1", password_hash, frozenset({Role.SUPERVISOR}), company=SECOND),
        Login(
            PROBE_AGENT,
            password_hash,
            frozenset({Role.AGENT}),
            agent=PROBE_AGENT,
            company=PROBE,
            languages=PROBE_LANGUAGES,
        ),
    ]


def _posts(units: Sequence[Unit], level: int) -> list[Unit]:
    """A unit for each officer of a rung: one, but three junior engineers to a sub-division."""
    return [unit for unit in units for _ in range(JES_PER_SUBDIVISION if level == 1 else 1)]


def _phone(group: int, number: int) -> str:
    """50000 9gnnn: group is the rung (7: second company, 9: probe)."""
    return f"+91500009{group}{number:03d}"


def _agents(password_hash: str) -> Iterator[Login]:
    for number in range(AGENTS):
        code = f"A{number + 1:02d}"
        yield Login(
            code,
            password_hash,
            frozenset({Role.AGENT}),
            agent=code,
            company=MAIN,
            languages=AGENT_LANGUAGES[number % len(AGENT_LANGUAGES)],
            categories=AGENT_CATEGORIES[number % len(AGENT_CATEGORIES)],
            vendor=vendor_of(code),
        )


def _desk(password_hash: str) -> Iterator[Login]:
    """Those who watch, audit and keep the line."""
    wanted = (
        (Role.SUPERVISOR, "S", SUPERVISORS),
        (Role.AUDITOR, "Q", AUDITORS),
        (Role.INSPECTOR, "I", 1),
        (Role.VIGILANCE, "V", 1),
        (Role.ADMINISTRATOR, "Z", 1),
    )
    for role, letter, count in wanted:
        for number in range(1, count + 1):
            yield Login(f"{letter}{number:02d}", password_hash, frozenset({role}), company=MAIN)
    yield Login(LINE_KEEPER, password_hash, frozenset({Role.ADMINISTRATOR}))


def _officer(officer: Officer, password_hash: str) -> Login:
    return Login(
        officer.code,
        password_hash,
        frozenset({Role.OFFICER}),
        officer=officer.code,
        company=officer.company,
        unit=officer.unit,
    )


def _nodal_engineers(organisation: Organisation, password_hash: str) -> Iterator[Login]:
    """One for each division, beside the ladder: he sees the whole division and owns no docket (domain.md 3.5)."""
    for number, unit in enumerate(organisation.of(MAIN, "division"), 1):
        code = f"N{number:02d}"
        yield Login(code, password_hash, frozenset({Role.OFFICER}), officer=code, company=MAIN, unit=unit.id)
