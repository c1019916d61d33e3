import io
import random
import socket
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.adapters.model_download import SourceError, download
from appliance.adapters.model_progress import Progress

from .file_site import FileSite, serving

BODY = random.Random(1).randbytes(400_000)


def get(site: FileSite, part: Path, expected_bytes: int | None = len(BODY)) -> list[float]:
    """Download from the site without waiting; give the pauses that it would have made."""
    pauses: list[float] = []
    download(
        f"{site.url}/file.zip",
        part,
        expected_bytes=expected_bytes,
        progress=Progress("file", out=io.StringIO()),
        retry_delays_s=(1.0, 2.0, 4.0),
        sleep=pauses.append,
    )
    return pauses


def test_a_good_site_gives_the_file_at_once(tmp_path: Path) -> None:
    with serving(BODY) as site:
        assert get(site, tmp_path / "part") == []
        assert (tmp_path / "part").read_bytes() == BODY
        assert site.ranges == [None]


def test_a_cut_connection_is_continued_where_it_ended(tmp_path: Path) -> None:
    with serving(BODY) as site:
        site.cut_after_bytes = [100_000, 150_000]
        assert get(site, tmp_path / "part") == [1.0, 1.0]
        assert (tmp_path / "part").read_bytes() == BODY
        assert site.ranges == [None, "bytes=100000-", "bytes=250000-"]


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=3), knows_range=st.booleans(), says_length=st.booleans())
def test_wherever_the_line_is_cut_the_file_is_whole_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], *, knows_range: bool, says_length: bool
) -> None:
    part = tmp_path_factory.mktemp("download") / "part"
    with serving(BODY) as site:
        site.cut_after_bytes, site.knows_range, site.says_length = cuts, knows_range, says_length
        get(site, part)
    assert part.read_bytes() == BODY


def test_what_an_earlier_run_left_is_continued(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(BODY[:300_000])
    with serving(BODY) as site:
        get(site, tmp_path / "part")
        assert site.ranges == ["bytes=300000-"]
    assert (tmp_path / "part").read_bytes() == BODY


def test_a_site_without_range_sends_it_all_again(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x" * 300_000)
    with serving(BODY) as site:
        site.knows_range = False
        get(site, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == BODY


def test_a_finished_file_is_not_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(BODY)
    with serving(BODY) as site:
        get(site, tmp_path / "part")
        assert site.ranges == []


def test_a_leftover_that_is_longer_than_the_file_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(BODY + b"more")
    with serving(BODY) as site:
        get(site, tmp_path / "part")
        (tmp_path / "other").write_bytes(BODY + b"more")
        get(site, tmp_path / "other", expected_bytes=None)
    assert (tmp_path / "part").read_bytes() == BODY
    assert (tmp_path / "other").read_bytes() == BODY


def test_a_site_that_continues_elsewhere_than_asked_starts_over(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(BODY[:1000])
    with serving(BODY) as site:
        site.range_lie_bytes = 5
        get(site, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == BODY


@pytest.mark.parametrize("lie_bytes", [-1000, 1000])
def test_a_site_that_offers_another_length_is_refused_at_once(tmp_path: Path, lie_bytes: int) -> None:
    with serving(BODY) as site:
        site.length_lie_bytes = lie_bytes
        with pytest.raises(SourceError, match=r"offers a file of \d+ bytes, not the 400000 expected"):
            get(site, tmp_path / "part")


def test_a_site_that_promises_more_than_it_has_is_given_up(tmp_path: Path) -> None:
    with serving(BODY) as site:
        site.length_lie_bytes = 1000
        with pytest.raises(SourceError, match=r"gave up after 4 attempts"):
            get(site, tmp_path / "part", expected_bytes=None)


def test_a_site_that_sends_without_end_is_stopped(tmp_path: Path) -> None:
    with serving(BODY) as site:
        site.says_length = False
        with pytest.raises(SourceError, match="sends more than the 1000 bytes expected"):
            get(site, tmp_path / "part", expected_bytes=1000)
    assert (tmp_path / "part").stat().st_size <= 1000


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_site_in_trouble_is_asked_again_with_growing_pauses(tmp_path: Path, status: int) -> None:
    with serving(BODY) as site:
        site.statuses = [status] * 3
        assert get(site, tmp_path / "part") == [1.0, 2.0, 4.0]
        site.statuses = [status] * 4
        with pytest.raises(SourceError, match=f"gave up after 4 attempts: the site answers {status}"):
            get(site, tmp_path / "other")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_final(tmp_path: Path, status: int) -> None:
    with serving(BODY) as site:
        site.statuses = [status]
        with pytest.raises(SourceError, match=f"the site answers {status}"):
            get(site, tmp_path / "part")
        assert len(site.ranges) == 1


def test_a_site_that_cannot_be_reached_is_not_asked_twice(tmp_path: Path) -> None:
    with serving(BODY) as site:
        pass
    with pytest.raises(SourceError, match="the site cannot be reached"):
        get(site, tmp_path / "part")


def test_a_site_that_speaks_no_http_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.listen()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/file"

        def answer(_pause_s: float = 0.0) -> None:
            with server.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example.com ESMTP\r\n\r\n")

        threads = [Thread(target=answer) for _ in range(2)]
        for thread in threads:
            thread.start()
        with pytest.raises(SourceError, match="gave up after 2 attempts"):
            download(
                url,
                tmp_path / "part",
                expected_bytes=None,
                progress=Progress("file", out=io.StringIO()),
                retry_delays_s=(0.0,),
            )
        for thread in threads:
            thread.join()


def test_local_files_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        download(
            "file:///etc/passwd", tmp_path / "part", expected_bytes=None, progress=Progress("x", out=io.StringIO())
        )
