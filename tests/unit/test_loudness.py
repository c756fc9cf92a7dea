"""A word is told from a quiet line by its loudness, whatever Asterisk's whole seconds say."""

from array import array

import pytest

from ivr.loudness import WAV_HEADER, speech_s


def wav(*parts):
    """(seconds, level) parts as a WAV file: a square tone of that level."""
    samples = array("h")
    for seconds, level in parts:
        samples.extend([level if n // 8 % 2 else -level for n in range(int(8000 * seconds))])
    return bytes(WAV_HEADER) + samples.tobytes()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], 0.0),
        ([(5, 0)], 0.0),
        ([(5, 20)], 0.0),
        ([(2, 0), (0.5, 4000), (2, 0)], 0.5),
        ([(1, 8000)], 1.0),
    ],
)
def test_only_what_is_louder_than_a_quiet_line_is_speech(parts, expected):
    assert speech_s(wav(*parts)) == pytest.approx(expected, abs=0.05)


def test_a_file_cut_in_the_middle_of_a_sample_is_read_as_far_as_it_goes():
    assert speech_s(wav((1, 8000))[:-1]) == pytest.approx(1.0, abs=0.05)
