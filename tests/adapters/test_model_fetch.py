import hashlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from appliance.adapters import model_store
from appliance.adapters.model_fetch import fetch
from appliance.errors import BadInputError
from appliance.models.catalogue import InstalledSource, Model

from .file_site import FileSite, serving
from .tiny_model import NAME, tiny_files, tiny_model, zipped

FILES = tiny_files()
ARCHIVE = zipped(FILES)
NOWHERE = "http://127.0.0.1:9/x.zip"  # the discard port: nobody listens

FETCH_IN_CHILD = """
import sys, msgspec
from pathlib import Path
from appliance.adapters.model_fetch import fetch
from appliance.models.catalogue import Hearing, Model, UrlSource
url, sha256, size, folder = sys.argv[1:]
hearing = Hearing("wide", "measured", "made up")
source = UrlSource(url, sha256, int(size))
fetch(Model("vosk-model-tiny", "vosk", ("en",), "Apache-2.0", (hearing,), (source,)), folder=Path(folder))
"""


def model_of(site: FileSite, *, more_urls: tuple[str, ...] = ()) -> Model:
    return tiny_model(f"{site.url}/{NAME}.zip", ARCHIVE, more_urls=more_urls)


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock", NAME}


def test_a_fetched_model_is_whole_and_has_no_dither(tmp_path: Path) -> None:
    said: list[str] = []
    with serving(ARCHIVE) as site:
        place = fetch(model_of(site), folder=tmp_path, say=said.append)
        assert said == [f"{NAME}: from {site.url}/{NAME}.zip"]
    model_store.verify(place)
    assert model_store.installed(NAME, tmp_path) == place
    assert (place / "am/final.mdl").read_bytes() == FILES["am/final.mdl"]
    assert (place / "conf/mfcc.conf").read_text() == "--use-energy=false\n--high-freq=7600\n--dither=0\n"
    manifest = model_store.manifest_of(place)
    assert (manifest.name, manifest.languages, manifest.bands) == (NAME, ("en",), ("wide",))
    assert manifest.in_catalogue
    assert leftovers(tmp_path) == set()


def test_an_intact_model_is_not_fetched_again(tmp_path: Path) -> None:
    with serving(ARCHIVE) as site:
        fetch(model_of(site), folder=tmp_path)
        fetch(model_of(site), folder=tmp_path)
        assert len(site.ranges) == 1


def test_a_damaged_model_is_fetched_again(tmp_path: Path) -> None:
    said: list[str] = []
    with serving(ARCHIVE) as site:
        place = fetch(model_of(site), folder=tmp_path)
        (place / "am/final.mdl").write_bytes(b"x" * 2_000_000)
        fetch(model_of(site), folder=tmp_path, say=said.append)
    model_store.verify(place)
    assert said[0].endswith("the model's file am/final.mdl has changed; fetching it again")


def test_the_next_source_is_taken_when_the_first_cannot_be_reached(tmp_path: Path) -> None:
    said: list[str] = []
    with serving(ARCHIVE) as site:
        url = f"{site.url}/{NAME}.zip"
        place = fetch(tiny_model(NOWHERE, ARCHIVE, more_urls=(url,)), folder=tmp_path, say=said.append)
    assert "the site cannot be reached" in said[1]
    assert said[2] == f"{NAME}: from {url}"
    assert model_store.manifest_of(place).source == url


def test_wrong_bytes_are_refused_and_leave_nothing_behind(tmp_path: Path) -> None:
    with serving(ARCHIVE[:-1] + b"x") as site, pytest.raises(BadInputError, match="damaged, or replaced") as caught:
        fetch(model_of(site), folder=tmp_path)
    assert "model import" in caught.value.mend
    assert model_store.installed(NAME, tmp_path) is None
    assert leftovers(tmp_path) == set()


def test_a_leftover_with_wrong_bytes_is_noticed_and_fetched_afresh(tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.zip.part").write_bytes(b"x" * 1000)
    with serving(ARCHIVE) as site:
        model_store.verify(fetch(model_of(site), folder=tmp_path))
        assert site.ranges == ["bytes=1000-", None]


def test_an_archive_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    partial = zipped({name: data for name, data in FILES.items() if name != "graph/Gr.fst"})
    with serving(partial) as site, pytest.raises(BadInputError, match=r"graph/Gr\.fst is missing"):
        fetch(tiny_model(f"{site.url}/x.zip", partial), folder=tmp_path)
    assert leftovers(tmp_path) == set()


def test_a_mirror_is_asked_for_the_archive_and_nothing_else_is(tmp_path: Path) -> None:
    with serving(ARCHIVE) as site:
        place = fetch(tiny_model(NOWHERE, ARCHIVE), mirror=f"{site.url}/speech/", folder=tmp_path)
        assert model_store.manifest_of(place).source == f"{site.url}/speech/{NAME}.zip"
    with pytest.raises(BadInputError, match="the mirror cannot give"):
        fetch(tiny_model(NOWHERE, ARCHIVE), mirror="http://127.0.0.1:9", folder=tmp_path / "other")


def test_a_mirrors_archive_without_a_known_hash_is_checked_file_by_file(tmp_path: Path) -> None:
    source = InstalledSource("no_such_package", "model")
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    model = msgspec.structs.replace(tiny_model("", ARCHIVE), sources=(source,), files=hashes)
    with serving(ARCHIVE) as site:
        model_store.verify(fetch(model, mirror=site.url, folder=tmp_path / "good"))
    with serving(zipped(FILES | {"README": b"surplus"})) as site, pytest.raises(BadInputError, match="README is not"):
        fetch(model, mirror=site.url, folder=tmp_path / "bad")


def test_a_package_that_is_not_installed_is_no_source(tmp_path: Path) -> None:
    model = msgspec.structs.replace(tiny_model("", ARCHIVE), sources=(InstalledSource("no_such_package", "model"),))
    with pytest.raises(BadInputError, match="no_such_package with the model is not installed"):
        fetch(model, folder=tmp_path)


def test_a_folder_that_cannot_be_written_is_named_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInputError, match="cannot write to the models folder") as caught:
        fetch(tiny_model(NOWHERE, ARCHIVE), folder=tmp_path / "file")
    assert "UNDERTONE_HOME" in caught.value.mend


def test_a_disk_that_takes_no_more_is_told_with_the_mend_and_holds_no_half_model(tmp_path: Path) -> None:
    with serving(ARCHIVE) as site:
        arguments = [str(value) for value in msgspec.structs.astuple(model_of(site).sources[0])]
        limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))\n" + FETCH_IN_CHILD
        command = [sys.executable, "-c", limited, *arguments, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "BadInputError" in done.stderr
    assert "the model cannot be written (File too large)" in done.stderr
    assert leftovers(tmp_path) == {f".{NAME}.zip.part"}


def test_two_at_once_fetch_the_model_once(tmp_path: Path) -> None:
    said: list[str] = []
    with serving(ARCHIVE) as site:
        site.pause_s = 0.005
        model = model_of(site)
        threads = [
            threading.Thread(target=fetch, args=(model,), kwargs={"folder": tmp_path, "say": said.append})
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(site.ranges) == 1
    assert any("waiting" in line for line in said)


def test_kill_9_at_any_moment_leaves_no_half_model(tmp_path: Path) -> None:
    chance = random.Random(9)
    with serving(ARCHIVE) as site:
        source = model_of(site).sources[0]
        arguments = [str(value) for value in msgspec.structs.astuple(source)]
        site.pause_s = 0.01
        for _ in range(12):
            command = [sys.executable, "-c", FETCH_IN_CHILD, *arguments, str(tmp_path)]
            before = len(site.ranges)
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
                while len(site.ranges) == before and child.poll() is None:
                    time.sleep(0.002)
                time.sleep(chance.uniform(0.0, 0.5))
                child.send_signal(signal.SIGKILL)
            if place := model_store.installed(NAME, tmp_path):
                model_store.verify(place)
                shutil.rmtree(place)
        resumed = sum(asked is not None for asked in site.ranges)
        site.pause_s = 0.0
        model_store.verify(fetch(model_of(site), folder=tmp_path))
    assert resumed > 0
    assert leftovers(tmp_path) == set()
