"""Which codec an agent's leg speaks: never the caller's, or the agent may be missing from the recording.

MixMonitor turns what the caller hears into samples by one translator for the whole call. Debian's Asterisk 22.10.1
drops there every packet whose RTP number is more than half the circle ahead of the last one it saw, and a prompt counts
as number 0: half of all agents' voices were not recorded, and likewise the next agent's after a transfer (measured, and
read in the program; upstream's issue 507 has the symptom). Sound that comes from another codec arrives as samples and
passes that translator by; that costs nothing, since the recording needs samples anyhow. May go when Asterisk counts
anew with each source.
"""

from __future__ import annotations

from ivr.ari.events import Channel

VARIABLE = "CALL_CODEC"
"""Set by the dialplan where the recording begins; Asterisk tells it with the channel (ari.conf, channelvars)."""


def codec_of(channel: Channel) -> str:
    """The codec in which this caller is spoken to ("alaw", "ulaw", "gsm"); "" when it was not told."""
    return str((channel.channelvars or {}).get(VARIABLE) or "")


def agents_codec(callers: str) -> str:
    """The one codec of G.711 to be offered to the agent's phone; every phone and browser has both."""
    return "alaw" if callers in ("ulaw", "gsm") else "ulaw"
