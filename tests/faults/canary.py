"""What must be found nowhere, looked for everywhere: on disks, in logs, on the page, in the memory of processes."""

import re
from collections.abc import Iterator
from pathlib import Path

import psutil
from playwright.async_api import async_playwright

from ..central.page.browser import ARGUMENTS, CHROMIUM
from .programs import DEVICE, Program, Site, wait_for


def start_at_debug(site: Site, *arguments: str) -> Program:
    temporary = site.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return site.start("--log-level", "debug", *arguments, TMPDIR=str(temporary))


def start_server(site: Site) -> None:
    port_file = site.folder / "address"
    start_at_debug(
        site,
        *("central", "--listen", f"127.0.0.1:{site.port}", "--port-file", str(port_file)),
        *("--database", str(site.store), "--credentials", str(site.folder / "credentials.json")),
        *("--access", str(site.folder / "access")),
    )
    wait_for(port_file.exists)


def found_in(folder: Path, canary: re.Pattern[bytes]) -> list[str]:
    """Give each file below a folder in which the canary sings, with what it sings."""
    return [
        f"{file.relative_to(folder)}: {match[0]!r}"
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".wav" and (match := canary.search(file.read_bytes()))
    ]


async def page_of(site: Site, call: str) -> str:
    """Give all that a supervisor's browser holds of the call."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = await browser.new_context()
        name, _, value = site.signed_in().partition("=")
        url = f"https://127.0.0.1:{site.port}/"
        await opened.add_cookies([{"name": name, "value": value, "url": url, "secure": True}])
        page = await opened.new_page()
        await page.goto(f"http://127.0.0.1:{site.port}/#/calls/{DEVICE}/{call}")
        await page.wait_for_selector(".row.end")
        content = await page.content()
        await browser.close()
    return content


def found_in_memory(processes: list[psutil.Process], probes: dict[str, bytes]) -> list[str]:
    """Give which probes lie in what the processes have written to their memory, and where."""
    return [
        f"{process.pid} {' '.join(process.cmdline()[1:5])}: {name}"
        for process in processes
        for region in _written(process.pid)
        for name, probe in probes.items()
        if probe in region
    ]


def _written(pid: int) -> Iterator[bytes]:
    """Give each writable region; what cannot be read, such as a device, holds nothing of ours."""
    regions = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for region in regions:
            span, rights, *_ = region.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(edge, 16) for edge in span.split("-"))
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:
                continue
