"""The releases on a box, with the power cut between any two changes of the disk."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.adapters.update_disk import UpdateDisk
from appliance.adapters.update_store import DiskFullError, UpdateStore
from appliance.errors import BadInputError
from appliance.update.plan import State
from tests.update.releases import archive, packaged, program, release

from .cut_disk import CutDisk, PowerCutError
from .small_disk import fill, small_disk

__all__ = ["small_disk"]

Act = Callable[[UpdateStore], object]


def store_in(folder: Path, disk: UpdateDisk | None = None) -> UpdateStore:
    if not (folder / "packaged").exists():
        packaged(folder)
    return UpdateStore(folder / "root", folder / "packaged", disk, reserve_bytes=0)


def take(number: int, content: bytes | None = None) -> Act:
    def act(store: UpdateStore) -> None:
        body = archive(number) if content is None else content
        with store.fetching(release(number, body)) as part:
            part.write_bytes(body)
            store.take(release(number, body), part)

    return act


def begin(store: UpdateStore) -> str:
    return store.begin_start()


def confirm(store: UpdateStore) -> bool:
    return store.confirm()


def runs(store: UpdateStore) -> int:
    """Give the number that the program tells to which the link leads, and see that it is whole."""
    text = (store.current / "bin/undertone").read_text()
    number = int(text.removeprefix("#!/bin/sh\necho release "))
    assert text == program(number)
    return number


def updated(store: UpdateStore, number: int) -> None:
    for act in (take(number), begin, confirm):
        act(store)


def test_the_first_start_runs_what_the_box_came_with(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.begin_start() == "as_before"
    assert runs(store) == 0


def test_a_release_runs_from_the_next_start_on_and_stays_when_it_is_confirmed(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    begin(store)
    take(1)(store)
    assert runs(store) == 0
    assert store.begin_start() == "trial"
    assert runs(store) == 1
    assert store.confirm()
    assert store.begin_start() == "as_before"
    assert runs(store) == 1


def test_a_release_that_is_not_confirmed_is_gone_at_the_next_start(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    updated(store, 1)
    for act in (take(2), begin):
        act(store)
    assert runs(store) == 2
    assert store.begin_start() == "fallen_back"
    assert runs(store) == 1
    assert store.state().failed == (2,)
    assert [place.name for place in (tmp_path / "root/releases").iterdir()] == ["1"]


def test_only_what_is_needed_stays_on_the_disk(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in (1, 2, 3):
        updated(store, number)
    assert [place.name for place in (tmp_path / "root/releases").iterdir()] == ["3"]
    assert not list((tmp_path / "root/download").iterdir())


def test_the_device_may_read_a_release_that_root_made_and_nobody_else_may_write_to_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    before = os.umask(0o077)  # as the device's unit has it
    try:
        for act in (begin, take(1), begin):
            act(store)
    finally:
        os.umask(before)
    place = tmp_path / "root/releases/1"
    for path in (tmp_path / "root", place.parent, place, place / "bin", place / "bin/undertone"):
        assert path.stat().st_mode & 0o7777 == 0o755
    assert (place / "bin/python3").readlink() == Path("/usr/bin/python3")


STORIES: dict[str, list[Act]] = {
    "first start": [begin],
    "first release taken": [begin, take(1)],
    "first release started": [begin, take(1), begin],
    "first release confirmed": [begin, take(1), begin, confirm],
    "second release taken": [begin, take(1), begin, confirm, take(2)],
    "second release started": [begin, take(1), begin, confirm, take(2), begin],
    "second release confirmed": [begin, take(1), begin, confirm, take(2), begin, confirm],
    "second release fell back": [begin, take(1), begin, confirm, take(2), begin, begin],
    "third after one that fell back": [begin, take(1), begin, confirm, take(2), begin, begin, take(3)],
}
"""What happens on a box; the power is cut in the last of it."""


@pytest.mark.parametrize("lost_names", [0, 1, 100])
@pytest.mark.parametrize("story", STORIES)
def test_wherever_the_power_is_cut_the_old_or_the_new_release_runs(tmp_path: Path, story: str, lost_names: int) -> None:
    *before, last = STORIES[story]
    ready = tmp_path / "ready"
    for act in before:
        act(store_in(ready))
    if not before:
        store_in(ready)
    old = store_in(ready).state()
    whole = tmp_path / "whole"
    shutil.copytree(ready, whole, symlinks=True)
    relink(whole, ready)
    last(store_in(whole))
    new = store_in(whole).state()
    cuts = 0
    while is_cut(tmp_path / str(cuts), ready, last, cuts, lost_names, {0, *old.kept, *new.kept}, [old, new]):
        cuts += 1
    assert cuts > 3


def relink(copy: Path, original: Path) -> None:
    """Let the copy of a box lead to its own packaged program."""
    current = copy / "root/current"
    if current.is_symlink() and current.readlink() == original / "packaged":
        current.unlink()
        current.symlink_to(copy / "packaged")


def is_cut(
    box: Path, ready: Path, act: Act, changes: int, lost_names: int, whole: set[int], between: list[State]
) -> bool:
    """Cut the power after so many changes, and look at what is left; gives whether the act was cut at all."""
    shutil.copytree(ready, box, symlinks=True)
    relink(box, ready)
    try:
        act(store_in(box, CutDisk(changes, lost_names)))
    except PowerCutError:
        cut = True
    else:
        cut = False
    store = store_in(box)
    assert store.state() in between
    if store.current.is_symlink():
        assert runs(store) in whole
    begin(store)
    assert runs(store) == store.state().running
    assert runs(store) in whole
    if (trial := store.state().trial) is None:
        # The box can still be updated.
        updated(store, 9)
        assert runs(store) == 9
    else:
        assert trial.is_started
        assert runs(store) == trial.number
    shutil.rmtree(box)
    return cut


def test_an_archive_that_was_cut_short_or_changed_is_not_taken(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    begin(store)
    body = archive(1)
    for wrong in (body[:-1], body[: len(body) // 2], b"", archive(2)):
        with store.fetching(release(1, body)) as part:
            part.write_bytes(wrong)
            with pytest.raises(BadInputError, match="not the one that was signed"):
                store.take(release(1, body), part)
        assert not list((tmp_path / "root/download").iterdir())
    assert store.state() == State()
    assert runs(store) == 0


@pytest.mark.parametrize("content", [archive(1, "../"), archive(1, "/"), archive(1, "inner/"), b"no archive"])
def test_a_signed_archive_that_is_no_release_is_not_taken(tmp_path: Path, content: bytes) -> None:
    store = store_in(tmp_path)
    begin(store)
    with pytest.raises(BadInputError) as raised:
        take(1, content)(store)
    assert raised.value.mend
    assert store.state() == State()
    assert runs(store) == 0
    updated(store, 2)


def test_two_updates_at_once_are_one(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with store.fetching(release(1)), pytest.raises(BadInputError, match="another update"), store.fetching(release(2)):
        pass


def test_without_space_nothing_is_begun(tmp_path: Path) -> None:
    packaged(tmp_path)
    store = UpdateStore(tmp_path / "root", tmp_path / "packaged", reserve_bytes=2**60)
    with pytest.raises(DiskFullError):
        take(1)(store)


def fill_while_fetching(store: UpdateStore, disk: Path) -> None:
    with store.fetching(release(2, archive(2))) as part:
        part.write_bytes(b"half of it" * 1000)
        fill(disk)
        part.write_bytes(bytes(100_000))


def test_a_disk_that_fills_up_gives_its_space_back_and_changes_nothing(tmp_path: Path, small_disk: Path) -> None:
    store = UpdateStore(small_disk / "root", packaged(tmp_path), reserve_bytes=0)
    updated(store, 1)
    with pytest.raises(DiskFullError):
        fill_while_fetching(store, small_disk)
    (small_disk / "ballast").unlink()
    assert not list((small_disk / "root/download").iterdir())
    assert runs(store) == 1
    updated(store, 2)
    assert runs(store) == 2


def test_on_a_full_disk_a_trial_waits_and_the_way_back_works(tmp_path: Path, small_disk: Path) -> None:
    store = UpdateStore(small_disk / "root", packaged(tmp_path), reserve_bytes=0)
    updated(store, 1)
    take(2)(store)
    ballast = fill(small_disk)
    with pytest.raises(OSError, match="No space"):
        store.begin_start()
    assert runs(store) == 1
    ballast.unlink()
    assert store.begin_start() == "trial"
    fill(small_disk)
    with pytest.raises(OSError, match="No space"):
        store.confirm()
    assert store.begin_start() == "fallen_back"
    assert runs(store) == 1


def test_a_release_that_somebody_removed_does_not_keep_the_box_from_starting(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    updated(store, 1)
    shutil.rmtree(tmp_path / "root/releases/1")
    begin(store)
    assert runs(store) == 0


def test_a_state_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    updated(store, 1)
    (tmp_path / "root/state.json").write_text("{")
    with pytest.raises(BadInputError, match=r"state\.json"):
        store.begin_start()
    assert runs(store) == 1
