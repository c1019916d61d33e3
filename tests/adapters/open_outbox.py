"""An outbox that is open for a test, and all that lies in it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from appliance.adapters.outbox import Outbox
from appliance.delivery.messages import Envelope


def with_outbox(path: Path, use: Callable[[Outbox], Awaitable[None]]) -> list[str | None]:
    """Run `use` on a started outbox, stop it, and give the faults that it reported."""
    faults: list[str | None] = []

    async def run() -> None:
        outbox = Outbox(path, faults.append)
        await outbox.start()
        try:
            await use(outbox)
        finally:
            await outbox.stop()

    asyncio.run(run())
    return faults


async def everything(outbox: Outbox, after: int = 0) -> list[Envelope]:
    await outbox.flush()
    return await outbox.read_after(after, 100_000)


def texts(envelopes: list[Envelope]) -> list[str]:
    return [envelope.event["text"] for envelope in envelopes]
