"""What can go wrong with a written message; each error one fact, none carries a number or what was written."""

from __future__ import annotations


class NotificationError(Exception):
    """Base of this room's errors."""


class TemplateError(NotificationError):
    """The registered templates cannot be used: file, line and reason, one fault a line."""


class Refused(NotificationError):
    """This message can never be sent: wrong recipient, unregistered template, unfit variables."""


class Away(NotificationError):
    """The gateway cannot be reached or will not take anything now; the message may be sent later."""
