"""The other nodes of a line, as the settings name them (design 3.22): what is refused, and why."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

from sunwai.errors import SettingsError

if TYPE_CHECKING:
    from sunwai.settings import Settings

NODE_NAME = re.compile(r"[A-Za-z0-9]{1,16}")
_MOST_PORTS = 65535


def address_of(name: str, written: str) -> tuple[str, int]:
    """ "192.0.2.12:5060" as address and port. SettingsError names the setting."""
    address, _, port = written.rpartition(":")
    try:
        IPv4Address(address)
    except AddressValueError:
        address = ""
    if not address or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) <= _MOST_PORTS:
        raise SettingsError(
            f'telephony.nodes.{name} = "{written}" must be an address and a port, such as "192.0.2.12:5060"'
        )
    return address, int(port)


def check_nodes(settings: Settings) -> None:
    """A node is told by the address its calls come from, so no two doors may share one. SettingsError otherwise."""
    telephony, storage = settings.telephony, settings.storage
    if not telephony.nodes:
        return
    taken = {
        telephony.node_address: "telephony.node_address",
        telephony.trunk_address: "telephony.trunk_address",
        telephony.trunk_peer: "telephony.trunk_peer",
        telephony.agent_address: "telephony.agent_address",
        **{one.peer: f"telephony.trunks {one.name}" for one in telephony.trunks},
    }
    if telephony.node_address in (telephony.trunk_address, telephony.trunk_peer, telephony.agent_address):
        raise SettingsError("telephony.node_address must be an address of its own: nodes tell each other by it")
    for name, written in telephony.nodes.items():
        if not NODE_NAME.fullmatch(name):
            raise SettingsError(f"telephony.nodes: {name!r} is no name of a node: letters and digits only")
        if name == settings.line.node:
            raise SettingsError(f"telephony.nodes.{name} is this node itself (line.node): name the others only")
        address, _ = address_of(name, written)
        if address in taken:
            raise SettingsError(f"telephony.nodes.{name} has the address of {taken[address]}: each needs its own")
        taken[address] = f"telephony.nodes.{name}"
    if not storage.books or not storage.floor:
        raise SettingsError("telephony.nodes needs storage.books and storage.floor: all nodes must share one of each")
