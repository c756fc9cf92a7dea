"""Settings are read once, refused with file and reason, and every one of them is described."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from sunwai.errors import SettingsError
from sunwai.settings import Settings, read_settings

REPOSITORY = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| `(.+?)` \|", re.MULTILINE)

TRUNK = "[[telephony.trunks]]\nname = 'operator'\n"


def every_setting() -> dict[str, dict[str, object]]:
    """`{table: {key: default}}` as sunwai/settings.py has it."""
    return msgspec.to_builtins(Settings())


def described() -> dict[str, dict[str, object]]:
    """`{table: {key: default}}` as docs/settings.md has it."""
    chapters = re.split(r"^## `\[(\w+)\]`", (REPOSITORY / "docs" / "settings.md").read_text(), flags=re.MULTILINE)
    return {
        table: {key: json.loads(default) for key, default in ROW.findall(text)}
        for table, text in zip(chapters[1::2], chapters[2::2], strict=True)
    }


def as_lists(tables: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return json.loads(json.dumps(tables))


def test_every_setting_is_described_with_its_default():
    assert described() == as_lists(every_setting())


def test_the_example_holds_every_setting_with_its_default():
    example = msgspec.toml.decode((REPOSITORY / "sunwai.example.toml").read_bytes())
    assert example == as_lists(every_setting())


def test_without_a_file_the_defaults_are_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUNWAI_SETTINGS", raising=False)
    line = read_settings()
    assert (line.settings, line.file, line.var) == (Settings(), None, tmp_path / "var")


def test_the_file_beside_us_is_read_and_paths_are_relative_to_it(tmp_path, monkeypatch):
    (tmp_path / "sunwai.toml").write_text('[storage]\nvar = "here"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUNWAI_SETTINGS", raising=False)
    assert read_settings().var == tmp_path / "here"
    other = tmp_path / "other.toml"
    other.write_text('[line]\nnumber = "118"\n')
    monkeypatch.setenv("SUNWAI_SETTINGS", str(other))
    assert read_settings().settings.line.number == "118"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[line]\nnumbr = '1912'\n", "unknown field `numbr`"),
        ("[lines]\n", "unknown field `lines`"),
        ("[line]\nnumber = 1912\n", r"Expected `str`, got `int` - at `\$.line.number`"),
        ("[line]\nkind = 'trial'\n", "Invalid enum value 'trial'"),
        ("[line\n", "bad.toml: .*line 1"),
        ("[telephony]\nsoft_limit = 250\n", "hard_limit must be well above"),
        ("[telephony]\ntrunk_address = '127.0.0.1'\n", "must not be the agents' address"),
        ("[telephony]\ntrunk_peer = '192.0.2.7'\n", "only have a trunk on loopback"),
        ("[line]\nkind = 'live'\nclock_offset_s = 1.0\n[telephony]\ntrunk_peer = '192.0.2.7'\n", "for demo lines"),
        ("[telephony]\nrtp_end = 20100\n", "must hold four ports"),
        ("[telephony]\ntrunk_soft_limit = 250\n", "trunk_hard_limit must be above"),
        (TRUNK + "peer = '127.0.0.4'\nsoft_limit = 9\nhard_limit = 9\n", "trunks operator_hard_limit must be above"),
        (TRUNK + "peer = '127.0.0.3'\nsoft_limit = 9\nhard_limit = 12\n", "operator has the peer of another trunk"),
        (TRUNK + "peer = '192.0.2.7'\nsoft_limit = 9\nhard_limit = 12\n", "set the peer of operator to 127.x.x.x"),
        ("[queue]\ncallbacks_at_once = 181\n", "more than there are lines"),
        ("[console]\nlease_s = 5.0\n", "shorter than two heartbeats"),
        ("[queue]\ncontrol_room = '12'\n", "no telephone number that can be dialled in IN"),
        ("[queue]\ndanger_ring_s = 21.0\n", "danger goes on to the next first"),
        ("[queue]\nannounce_every_s = 700.0\n", "nobody would ever hear"),
        ("[telephony.nodes]\nn1 = '192.0.2.12:5060'\n", "nodes.n1 is this node itself"),
        ("[telephony.nodes]\nn-2 = '192.0.2.12:5060'\n", "'n-2' is no name of a node"),
        ("[telephony.nodes]\nn2 = '192.0.2.12'\n", 'must be an address and a port, such as "192.0.2.12:5060"'),
        ("[telephony.nodes]\nn2 = 'n2.example:5060'\n", "must be an address and a port"),
        ("[telephony.nodes]\nn2 = '192.0.2.12:70000'\n", "must be an address and a port"),
        ("[telephony.nodes]\nn2 = '127.0.0.3:5070'\n", "has the address of telephony.trunk_peer"),
        (
            TRUNK + "peer = '127.0.0.8'\nsoft_limit = 9\nhard_limit = 19\n[telephony.nodes]\nn2 = '127.0.0.8:5060'\n",
            "nodes.n2 has the address of telephony.trunks operator",
        ),
        (
            "[telephony.nodes]\nn2 = '192.0.2.12:5060'\nn3 = '192.0.2.12:5070'\n",
            "nodes.n3 has the address of telephony.nodes.n2",
        ),
        (
            "[telephony]\nnode_address = '127.0.0.2'\n[telephony.nodes]\nn2 = '192.0.2.12:5060'\n",
            "node_address must be an address of its own",
        ),
        ("[telephony.nodes]\nn2 = '192.0.2.12:5060'\n", "all nodes must share one of each"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path, text, sentence):
    bad = tmp_path / "bad.toml"
    bad.write_text(text)
    with pytest.raises(SettingsError, match=sentence):
        read_settings(bad)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml: there is no such settings file"):
        read_settings(tmp_path / "none.toml")


def test_a_secret_is_made_once_for_its_owner_only_and_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUNWAI_SETTINGS", raising=False)
    monkeypatch.delenv("SUNWAI_ARI", raising=False)
    line = read_settings()
    made = line.secret("ari")
    assert len(made) >= 32
    assert line.secret("ari") == made
    assert (line.var / "secrets" / "ari").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("SUNWAI_ARI", "given")
    assert line.secret("ari") == "given"
