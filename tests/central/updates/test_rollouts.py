"""Releases that are published to a fleet: which offers are taken, and who is offered what."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.central.updates import rollouts
from appliance.central.updates.status import in_words, statuses
from appliance.central.watching.store import open_fleet
from appliance.errors import BadInputError
from appliance.update.manifest import signed_offer
from appliance.update.rollout import SOAK_S, Box, halted
from tests.update.releases import NEW_KEY, OLD_KEY, TRUSTED, archive, release

FLEET = {f"desk-{number}": Box("ok", 9e9) for number in range(10)}
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_fleet(tmp_path)) as opened:
        yield opened


def signed(folder: Path, number: int, percent: float = 100.0, content: bytes | None = None) -> Path:
    """Write a release as a publisher does, and give its offer."""
    folder.mkdir(exist_ok=True)
    made = archive(number)
    described = release(number, made, percent)
    (folder / described.file).write_bytes(made if content is None else content)
    offer = folder / f"release-{number}.json"
    offer.write_bytes(signed_offer(described, {"old": OLD_KEY}))
    return offer


def publish(database: sqlite3.Connection, folder: Path, number: int, first: tuple[str, ...] = ()) -> None:
    offer = signed(folder / "published", number)
    rollouts.publish(database, folder, offer, TRUSTED, first=first, soak_s=SOAK_S)


def test_a_release_is_kept_as_it_was_signed(database: sqlite3.Connection, tmp_path: Path) -> None:
    publish(database, tmp_path, 5)
    place = tmp_path / rollouts.FOLDER / "5"
    assert sorted(file.name for file in place.iterdir()) == ["release.json", "undertone-5.tar.gz"]
    published = tmp_path / "published/undertone-5.tar.gz"
    assert (place / "undertone-5.tar.gz").read_bytes() == published.read_bytes()


@pytest.mark.parametrize("number", [4, 5])
def test_what_is_not_newer_is_refused(database: sqlite3.Connection, tmp_path: Path, number: int) -> None:
    publish(database, tmp_path, 5)
    with pytest.raises(BadInputError, match="not newer than 5"):
        publish(database, tmp_path, number)
    assert [each.number for each in rollouts.rollouts(database)] == [5]


def test_what_boxes_would_refuse_is_refused_here(database: sqlite3.Connection, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    refusals = [
        (signed(folder, 5, percent=1.0), "signed for 1 %"),
        (signed(folder, 6, content=b"another"), "not the one that was signed"),
        (folder / "absent.json", "cannot be read"),
    ]
    (foreign := folder / "foreign.json").write_bytes(signed_offer(release(7), {"new": NEW_KEY}))
    for offer, text in [*refusals, (foreign, "no trusted key")]:
        with pytest.raises(BadInputError, match=text) as refused:
            rollouts.publish(database, tmp_path, offer, TRUSTED, first=(), soak_s=0.0)
        assert refused.value.mend
    assert rollouts.rollouts(database) == []
    assert not (tmp_path / rollouts.FOLDER).exists()


def test_a_box_that_may_not_take_the_newest_is_offered_the_one_before(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    publish(database, tmp_path, 5)
    rollouts.change(database, lambda rollout: type(rollout)(number=5, version="0.5", done=True))
    publish(database, tmp_path, 6, first=("desk-3",))
    assert rollouts.offered(database, "desk-3", FLEET) == 6
    assert rollouts.offered(database, "desk-4", FLEET) == 5
    rollouts.change(database, lambda rollout: halted(rollout, "by hand"))
    assert rollouts.offered(database, "desk-3", FLEET) == 5, "its box refuses to go back, and keeps what it has"
    assert rollouts.rollouts(database)[0].asked == {"desk-3": False}


def test_nobody_is_offered_what_was_never_published(database: sqlite3.Connection) -> None:
    assert rollouts.offered(database, "desk-1", FLEET) is None
    assert rollouts.look(database, FLEET, NOW) == []


def test_a_halt_is_news_once_and_is_told_with_the_boxes_that_fell(database: sqlite3.Connection, tmp_path: Path) -> None:
    publish(database, tmp_path, 5, first=("desk-1", "desk-2"))
    for device in ("desk-1", "desk-2"):
        rollouts.offered(database, device, FLEET)
    fell = FLEET | {name: Box("ok", 9e9, failed=(5,)) for name in ("desk-1", "desk-2")}
    (news,) = rollouts.look(database, fell, NOW)
    assert (news["kind"], news["number"], news["state"]) == ("update", 5, "halted")
    assert rollouts.look(database, fell, NOW) == []
    (status,) = statuses(rollouts.rollouts(database), fell)
    assert status.fallen == {"desk-1": "went back from it", "desk-2": "went back from it"}
    assert in_words(status).startswith("release 5 (0.5) is halted: 2 of 2 boxes fell: desk-1 (went back from it)")
