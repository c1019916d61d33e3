"""An exchange whose connection breaks in the middle of a call, and which comes back by another one."""

import asyncio
import re

from appliance.telephony.sip_message import Request, Response, parse_message
from tests.adapters.siprec_parts import HERE, Running, running
from tests.telephony.siprec_messages import request

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def message(connection: Connection) -> Request | Response:
    """Give the next message of the box."""
    head = await asyncio.wait_for(connection[0].readuntil(b"\r\n\r\n"), 10)
    length = re.search(rb"Content-Length: (\d+)", head)
    return parse_message(head + await connection[0].readexactly(int(length[1]) if length else 0))


async def call_that_is_cut_off(line: Running) -> tuple[Connection, str]:
    """Begin a call, cut its connection, and give another one and the box's tag."""
    first = await asyncio.open_connection(HERE, line.port("tcp"))
    first[1].write(request())
    answer = await message(first)
    assert isinstance(answer, Response)
    assert answer.status == 200
    tag = re.search(r";tag=(\w+)", dict(answer.headers)["To"])
    assert tag
    first[1].write(request("ACK", to_tag=tag[1]))
    await line.a_call_begins()
    first[1].close()
    await first[1].wait_closed()
    return await asyncio.open_connection(HERE, line.port("tcp")), tag[1]


def test_the_end_of_a_call_that_comes_by_another_connection_ends_it() -> None:
    async def run() -> None:
        async with running(transports=("tcp",)) as line:
            second, tag = await call_that_is_cut_off(line)
            assert not line.tasks[0].done()
            second[1].write(request("BYE", cseq=2, to_tag=tag))
            answer = await message(second)
            assert isinstance(answer, Response)
            assert answer.status == 200
            await asyncio.wait_for(line.tasks[0], 10)
            assert line.calls[0].ended == "on_hook"
            second[1].close()

    asyncio.run(run())


def test_what_the_box_asks_after_a_connection_was_lost_goes_by_the_new_one() -> None:
    async def run() -> None:
        async with running(transports=("tcp",)) as line:
            second, _ = await call_that_is_cut_off(line)
            second[1].write(request("OPTIONS", call_id="keep-alive"))
            assert isinstance(await message(second), Response)
        asked = await message(second)
        assert isinstance(asked, Request)
        assert asked.method == "BYE"
        second[1].close()

    asyncio.run(run())
