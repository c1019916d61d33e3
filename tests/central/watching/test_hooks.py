"""What waits for the receivers of web hooks, and to which addresses nothing is sent."""

import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.central.watching import hooks
from appliance.central.watching.hooks import LONGEST_WAIT_S, MAX_NEWS, MAX_WAITING, check_url, is_private, wait_s
from appliance.central.watching.store import open_fleet, transaction
from appliance.errors import BadInputError

URL = "https://alerts.example.com/undertone"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_fleet(tmp_path)) as opened:
        yield opened


def news(device: str = "desk-1", before: str = "ok", state: str = "hot") -> dict[str, Any]:
    return {"kind": "health", "device": device, "before": before, "state": state, "why": "w", "since": "s"}


def devices(database: sqlite3.Connection, hook: str) -> list[str]:
    bodies = database.execute("SELECT body FROM deliveries WHERE hook=? ORDER BY number", (hook,))
    return [each["device"] for (body,) in bodies for each in json.loads(body)["news"]]


def test_a_hook_hears_of_its_states_and_of_their_end(database: sqlite3.Connection, tmp_path: Path) -> None:
    hooks.add_hook(database, tmp_path, "all", URL, [], allow_private=False)
    hooks.add_hook(database, tmp_path, "pager", URL, ["offline"], allow_private=False)
    told = [news("a"), news("b", state="offline"), news("c", before="offline", state="ok")]
    hooks.put_news(database, told)
    assert devices(database, "all") == ["a", "b", "c"]
    assert devices(database, "pager") == ["b", "c"]
    hooks.put_news(database, [{"kind": "update", "number": 4, "state": "halted", "why": "w"}])
    assert [hook.waiting for hook in hooks.hooks(database)] == [2, 2], "an update that stops concerns everybody"


def test_a_secret_is_a_file_for_its_owner_alone_and_goes_with_its_hook(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    secret = hooks.add_hook(database, tmp_path, "pager", URL, [], allow_private=False)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text().strip() not in "\n".join(database.iterdump())
    hooks.put_news(database, [news()])
    hooks.remove_hook(database, tmp_path, "pager")
    assert not secret.exists()
    assert devices(database, "pager") == []
    with pytest.raises(BadInputError):
        hooks.remove_hook(database, tmp_path, "pager")


def test_a_site_that_goes_down_is_a_few_deliveries_and_a_receiver_that_is_down_has_a_bounded_queue(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    hooks.add_hook(database, tmp_path, "pager", URL, [], allow_private=False)
    hooks.put_news(database, [news(str(number)) for number in range(MAX_NEWS + 1)])
    assert hooks.hooks(database)[0].waiting == 2
    with transaction(database):
        database.executemany(
            "INSERT INTO deliveries (hook, id, body, made_at, due_at) VALUES ('pager','x',?,'9','9')",
            [(json.dumps({"news": [news("old")]}),)] * MAX_WAITING,
        )
    hooks.put_news(database, [news("newest")])
    (pager,) = hooks.hooks(database)
    assert (pager.waiting, pager.dropped) == (MAX_WAITING, 3)
    assert devices(database, "pager")[-1] == "newest"


def test_news_of_yesterday_is_dropped_and_counted(database: sqlite3.Connection, tmp_path: Path) -> None:
    hooks.add_hook(database, tmp_path, "pager", URL, [], allow_private=False)
    hooks.put_news(database, [news()])
    database.execute("UPDATE deliveries SET made_at='2020-01-01T00:00:00.000Z'")
    assert hooks.due(database, "pager") is None
    assert hooks.hooks(database)[0].dropped == 1


def test_what_failed_is_tried_again_later_and_what_was_taken_never(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    hooks.add_hook(database, tmp_path, "pager", URL, [], allow_private=False)
    hooks.put_news(database, [news()])
    first = hooks.due(database, "pager")
    assert first is not None
    hooks.failed(database, "pager", first, "it answers HTTP 500", 0.5)
    assert hooks.due(database, "pager") is None
    assert hooks.hooks(database)[0].fault == "it answers HTTP 500"
    hooks.told(database, "pager", first)
    assert (hooks.hooks(database)[0].waiting, hooks.hooks(database)[0].fault) == (0, "")


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_waits_grow_and_stay_within_ten_minutes(tries: int, spread: float) -> None:
    assert 0 < wait_s(tries, spread) <= wait_s(tries + 2, 0.0) * 4 / 3
    assert wait_s(tries, spread) <= LONGEST_WAIT_S


def test_the_signature_is_what_is_told_of_it() -> None:
    expected = hmac.new(b"secret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert hooks.signature("secret", 1_700_000_000, '{"a":1}') == f"t=1700000000,v1={expected}"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *("::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "224.0.0.1", "localhost", "x.localhost"),
    ],
)
def test_addresses_of_private_networks_are_told_apart(host: str) -> None:
    assert is_private(host)
    url = f"https://[{host}]/" if ":" in host else f"https://{host}/"
    with pytest.raises(BadInputError, match="private"):
        check_url(url, allow_private=False)
    check_url(url, allow_private=True)


@pytest.mark.parametrize("host", ["alerts.example.com", "8.8.8.8", "2606:4700::1111"])
def test_what_lies_in_the_internet_may_be_told(host: str) -> None:
    assert not is_private(host)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a/", "http://a.example/", "https:///x", "https://u:p@a.example/", "https://a.example/#x", "https://["],
)
def test_what_is_no_address_of_a_hook_is_refused(url: str) -> None:
    with pytest.raises(BadInputError):
        check_url(url, allow_private=False)


@given(st.text())
def test_any_text_is_taken_as_an_address_or_refused_with_the_mend(url: str) -> None:
    refused: BadInputError | None = None
    try:
        check_url(url, allow_private=False)
    except BadInputError as error:
        refused = error
    assert refused.mend if refused else url.startswith("https://")


def test_the_receiver_that_is_told_in_the_documents_takes_ours_and_no_other() -> None:
    told = (
        (Path(hooks.__file__).parents[1] / "README.md")
        .read_text("utf-8")
        .partition("```python\n")[2]
        .partition("```")[0]
    )
    names: dict[str, Any] = {}
    exec(told, names)  # noqa: S102 - our own document
    now_s = int(time.time())
    assert names["is_ours"](hooks.signature("secret", now_s, "{}"), b"{}", "secret")
    assert not names["is_ours"](hooks.signature("other", now_s, "{}"), b"{}", "secret")
    assert not names["is_ours"](hooks.signature("secret", now_s, "{}"), b"{ }", "secret")
    assert not names["is_ours"](hooks.signature("secret", now_s - 400, "{}"), b"{}", "secret")
