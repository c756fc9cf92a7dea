"""Filling in the templates of asterisk-conf/: what is refused, and what the result says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sunwai import asterisk_conf
from sunwai.asterisk_conf import fill_in, recording_path, write_asterisk_conf, write_exchange_conf
from sunwai.asterisk_program import AsteriskProgram, read_version
from sunwai.errors import SetupError
from sunwai.settings import Line, LineSettings, Settings, StorageSettings, TelephonySettings


@pytest.fixture
def without_asterisk(monkeypatch):
    """No program is started here: the templates need only its folders."""
    program = AsteriskProgram(
        Path("/opt/a"), (22, 10, 1), ("/opt/a/ld.so",), Path("/opt/a/modules"), Path("/opt/a/share")
    )
    monkeypatch.setattr(asterisk_conf, "find_asterisk", lambda _line: program)


def test_an_unknown_placeholder_is_refused_with_file_and_line():
    with pytest.raises(SetupError, match=r"pjsip\.conf:2: @NOWHERE@ is not known"):
        fill_in("bind = @HERE@\nbind = @NOWHERE@\n", {"HERE": "x"}, "pjsip.conf")


@pytest.mark.usefixtures("without_asterisk")
@pytest.mark.parametrize(("settings", "sentence"), [
    (Settings(line=LineSettings(number="19;12")), "line.number must be the digits"),
    (Settings(line=LineSettings(node="n-1")), "line.node must be letters and digits"),
    (Settings(telephony=TelephonySettings(trunk_peer="127.0.0.3\ncontext=x")), "cannot carry the value"),
    (Settings(storage=StorageSettings(var="a,b")), "cannot carry the value"),
])  # fmt: skip
def test_a_setting_that_would_mean_something_else_to_asterisk_is_refused(tmp_path, settings, sentence):
    line = Line(settings, tmp_path, None)
    with pytest.raises(SetupError, match=sentence):
        asterisk_conf.write_asterisk_conf(line, tmp_path / "x" / "etc")
    assert not (tmp_path / "x").exists()


def test_a_version_is_read_whatever_the_distribution_adds():
    assert read_version("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1") == (22, 10, 1)
    assert read_version("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5") == (20, 6, 0)
    assert read_version("Asterisk certified/22.12-cert1") == (22, 12, 0)
    assert read_version("no such program") is None


def rendered(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.conf")}


@pytest.mark.usefixtures("without_asterisk")
def test_both_configurations_are_whole_and_keep_ari_on_the_machine(tmp_path):
    line = Line(Settings(), tmp_path, None)
    write_asterisk_conf(line, tmp_path / "a" / "etc")
    write_exchange_conf(line, tmp_path / "x" / "etc")
    ours, theirs = rendered(tmp_path / "a" / "etc"), rendered(tmp_path / "x" / "etc")
    assert set(theirs) < set(ours)
    for texts, port in ((ours, 8088), (theirs, 8089)):
        assert f"bindaddr = 127.0.0.1\nbindport = {port}\n" in texts["http.conf"]
        assert "live_dangerously = no" in texts["asterisk.conf"]
        assert texts["manager.conf"] == "[general]\nenabled = no\n"
        assert "anonymous" not in texts["modules.conf"] + texts["pjsip.conf"].replace("no anonymous", "")


@pytest.mark.usefixtures("without_asterisk")
def test_the_trunk_between_nodes_is_there_for_its_peers_and_tells_them_by_address_alone(tmp_path):
    write_asterisk_conf(Line(Settings(), tmp_path, None), tmp_path / "a" / "etc")
    assert rendered(tmp_path / "a" / "etc")["pjsip_nodes.conf"] == ""
    nodes = {"n2": "192.0.2.12:5060", "n3": "192.0.2.13:5070"}
    settings = Settings(telephony=TelephonySettings(node_address="192.0.2.11", nodes=nodes))
    write_asterisk_conf(Line(settings, tmp_path, None), tmp_path / "b" / "etc")
    text = rendered(tmp_path / "b" / "etc")["pjsip_nodes.conf"]
    assert text.count("bind = 192.0.2.11:5060") == text.count("type = transport") == 1
    assert "contact = sip:192.0.2.13:5070" in text
    assert "match = 192.0.2.12\n" in text
    # Nobody who says the name of an endpoint may pass for it: these have no password.
    assert text.count("identify_by = ip") == text.count("type = endpoint") == 4


@pytest.mark.usefixtures("without_asterisk")
def test_a_file_of_an_older_release_does_not_stay(tmp_path):
    etc = tmp_path / "a" / "etc"
    etc.mkdir(parents=True)
    (etc / "features_old.conf").write_text("x")
    write_asterisk_conf(Line(Settings(), tmp_path, None), etc)
    assert not (etc / "features_old.conf").exists()


@pytest.mark.usefixtures("without_asterisk")
def test_the_dialplan_speaks_the_languages_of_the_line_and_tones_in_tests(tmp_path):
    for marker, languages in ((False, ("hi", "ur")), (True, ("marker",))):
        settings = Settings(line=LineSettings(languages=("hi", "ur"), marker_prompts=marker))
        line = Line(settings, tmp_path, None)
        write_asterisk_conf(line, tmp_path / "a" / "etc")
        said = "&".join(f"{line.prompts}/{language}/controller_away.0" for language in languages)
        assert f"Background({said})" in rendered(tmp_path / "a" / "etc")["extensions.conf"]


def test_a_recordings_place_follows_from_the_calls_id_alone(tmp_path):
    line = Line(Settings(), tmp_path, None)
    assert recording_path(line, "n1-1795344567.12") == line.recordings / "2026/11/22/n1-1795344567.12.raw"
    with pytest.raises(ValueError, match="a call's id ends with"):
        recording_path(line, "n1-abc")
