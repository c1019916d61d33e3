"""The log of a simulated device keeps account of what a server does to it."""

import asyncio

from appliance.acceptance.simulated_log import SimulatedLog
from appliance.delivery.messages import PartialMessage, StatusMessage
from appliance.traffic.talk import moments


def spoken(log: SimulatedLog, count: int) -> None:
    events = (
        each.said
        for each in moments("c1", 400, lambda: 0.5)
        if not isinstance(each.said, PartialMessage | StatusMessage)
    )
    for event, _ in zip(events, range(count), strict=False):
        log.append("c1", event)


async def numbers(log: SimulatedLog, after: int) -> list[int]:
    return [envelope.seq for envelope in await log.read_after(after, 100)]


def test_what_was_made_before_the_first_welcome_goes_on_after_what_the_server_has() -> None:
    async def run() -> None:
        log = SimulatedLog()
        spoken(log, 3)
        await log.resume(70)
        assert await numbers(log, 70) == [71, 72, 73]
        assert log.calls == {"c1": (71, 73)}
        spoken(log, 1)
        assert log.last_seq == 74

    asyncio.run(run())


def test_a_resume_in_the_middle_acknowledges_what_the_server_has() -> None:
    async def run() -> None:
        log = SimulatedLog()
        await log.resume(0)
        log.link = 1
        spoken(log, 5)
        await numbers(log, 0)
        log.acknowledge(2)
        log.link = 2
        await log.resume(4)
        assert (log.waiting, log.forgotten, log.unsent) == (1, 0, 0)
        assert [each.live for each in log.taken] == [True, True, False, False]
        assert await numbers(log, 4) == [5]

    asyncio.run(run())


def test_a_server_that_forgets_or_claims_what_was_never_sent_is_found_out() -> None:
    async def run() -> None:
        log = SimulatedLog()
        await log.resume(0)
        spoken(log, 5)
        await log.read_after(0, 3)
        log.acknowledge(3)
        await log.resume(1)
        assert (log.forgotten, log.unsent) == (2, 0)
        await log.resume(5)
        assert (log.forgotten, log.unsent) == (2, 2)

    asyncio.run(run())
