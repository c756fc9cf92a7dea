"""What pytest gives to tests/rooms/test_ari_*.py: each test runs on the fake and then on a real Asterisk.

`line` is the one or the other; `cut` a relay in front of it; `controller` a connected client.
"""

import pytest
from fakes.ari_controller import Controller, client, running
from fakes.ari_lines import Cut, FakeLine, RealLine
from fakes.asterisk import FakeAsterisk
from fakes.real_asterisk import start_asterisk


@pytest.fixture(scope="session")
def real_asterisk(tmp_path_factory):
    with start_asterisk(tmp_path_factory.mktemp("asterisk")) as asterisk:
        yield asterisk


@pytest.fixture(params=["fake", "real"])
async def line(request):
    if request.param == "fake":
        async with FakeAsterisk() as asterisk:
            yield FakeLine(asterisk)
    else:
        async with RealLine(request.getfixturevalue("real_asterisk")).driven() as line:
            yield line


@pytest.fixture
async def cut(line):
    async with Cut(int(line.asterisk.base_url.rpartition(":")[2])) as relay:
        yield relay


@pytest.fixture
async def controller(cut):
    controller = Controller(client(cut))
    async with running(controller):
        yield controller
