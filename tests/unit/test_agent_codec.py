"""The agent's codec is never the caller's: else Asterisk may leave him out of the recording."""

import pytest

from ivr.agent_codec import agents_codec


@pytest.mark.parametrize("callers", ["alaw", "ulaw", "gsm", ""])
def test_the_agent_is_offered_the_other_codec_of_g711(callers):
    assert agents_codec(callers) in {"alaw", "ulaw"} - {callers}
