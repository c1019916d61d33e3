"""The documents are those of the program, and what they tell is what happens."""

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.acceptance.documents import FOLDER, asyncapi, documents, schema
from tests.central.rig import central_in

EXCHANGES = (FOLDER / "exchanges.md").read_text("utf-8").split("\n## ")[1:]
REF = re.compile(r'"\$ref":"#/([^"]+)"')


@pytest.mark.parametrize("name", documents())
def test_a_document_is_up_to_date(name: str) -> None:
    written = (FOLDER / name).read_text("utf-8")
    assert written == documents()[name], "run: python -m appliance.acceptance.documents"


@pytest.mark.parametrize("document", [schema(), asyncapi()], ids=["schema", "asyncapi"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    refs = REF.findall(msgspec.json.encode(document).decode())
    assert len(refs) > 10
    for ref in refs:
        found: Any = document
        for part in ref.split("/"):
            found = found[part]
        assert found


def test_the_links_of_the_pages_lead_to_files() -> None:
    for page in FOLDER.glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
            assert (FOLDER / target).is_file(), (page.name, target)


def test_the_exchanges_run_as_they_are_told() -> None:
    async def run() -> None:
        with TemporaryDirectory() as folder:
            async with central_in(Path(folder)) as central:
                for exchange in EXCHANGES:
                    await play(central, exchange)

    assert len(EXCHANGES) > 8
    asyncio.run(run())


async def play(central: Any, exchange: str) -> None:
    title, _, rest = exchange.partition("\n")
    lines = [line[4:] for line in rest.splitlines() if line.startswith("    ")]
    assert lines, title
    async with central.socket() as socket, asyncio.timeout(10):
        for line in lines:
            told = msgspec.json.decode(line[2:])
            if line.startswith("→"):
                await socket.send(line[2:])
                continue
            while (said := msgspec.json.decode(await socket.recv()))["type"] == "ping" != told["type"]:
                await socket.send(msgspec.json.encode({"type": "pong", "id": said["id"]}).decode())
            assert matches(told, said), (title, told, said)


def matches(told: Any, said: Any) -> bool:
    if isinstance(told, dict):
        return all(name in said and matches(value, said[name]) for name, value in told.items())
    return told in ("…", said)


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=4), st.text(max_size=3))
def test_a_told_message_matches_itself_with_more_and_not_with_less(fields: dict[str, int], more: str) -> None:
    assert matches(fields, fields | {more + "!!!!": 1})
    for name in fields:
        assert not matches(fields, {other: value for other, value in fields.items() if other != name})
