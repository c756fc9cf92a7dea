"""What can go wrong between us and Asterisk; each error is one fact in one sentence.

The texts hold no number and no id of a call: Asterisk's own words may, so they stay apart in `private_detail`.
"""

from http import HTTPStatus

GONE_STATUSES = frozenset({400, 404, 409, 422})
"""Normal when a request and a hang-up cross (asterisk.md 0.6): whoever it was about is no longer there, or not so."""


class AriError(Exception):
    """The base of everything the ARI client raises."""


class AriUnavailable(AriError):
    """Asterisk cannot be reached, or did not answer in time; whether the request was carried out is not known."""


class Replaced(AriError):
    """Another controller took our application's name (asterisk.md 0.3): all is closed, and this one must not act."""


class Answered(AriError):
    """Asterisk answered, and the answer was no.

    `status` is HTTP's number; `private_detail` is Asterisk's message, which may name a channel or a dialled number.
    """

    def __init__(self, status: int, private_detail: str = "") -> None:
        super().__init__(f"Asterisk answered {status} {_phrase(status)}")
        self.status = status
        self.private_detail = private_detail


class Gone(Answered):
    """The channel, bridge, playback or recording is gone or in another state; never a fault.

    `status` is one of GONE_STATUSES, or 500 when it was an answer that crossed a hang-up.
    """


class AriRefused(Answered):
    """Any other refusal: no rights, a broken request, an endpoint that cannot be called (500)."""


def refusal(status: int, private_detail: str = "") -> Answered:
    """The error which an answer of that status stands for."""
    return (Gone if status in GONE_STATUSES else AriRefused)(status, private_detail)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(a status HTTP does not know)"
