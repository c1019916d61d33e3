"""A disk whose power is cut after so many changes, and which then forgets what was not synced."""

from collections.abc import Callable
from pathlib import Path

from appliance.adapters.update_disk import UpdateDisk


class PowerCutError(BaseException):
    """The power is gone: nothing that runs may catch it."""


class CutDisk(UpdateDisk):
    """Real files below. `cut` ends it: content not synced is lost, names not synced are as they were before.

    File systems keep the order in which names change, so what is lost of them is always the newest.
    """

    def __init__(self, changes: int, lost_names: int) -> None:
        self._left = changes
        self._lost_names = lost_names
        self._contents: list[Path] = []
        self._names: list[tuple[Path, Callable[[], None]]] = []

    def cut(self) -> None:
        for path in self._contents:
            for file in path.rglob("*") if path.is_dir() else [path]:
                if file.is_file() and not file.is_symlink():
                    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        for _, undo in reversed(self._names[max(0, len(self._names) - self._lost_names) :]):
            undo()

    def _step(self) -> None:
        if self._left == 0:
            self.cut()
            raise PowerCutError
        self._left -= 1

    def make_folder(self, folder: Path) -> None:
        self._step()
        super().make_folder(folder)

    def unpack(self, archive: Path, folder: Path) -> None:
        self._step()
        super().unpack(archive, folder)
        self._contents.append(folder)

    def write(self, file: Path, content: bytes) -> None:
        self._step()
        super().write(file, content)
        self._contents.append(file)

    def link(self, link: Path, target: Path) -> None:
        self._step()
        super().link(link, target)

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        link = new.readlink() if new.is_symlink() else None
        content = new.read_bytes() if new.is_file() and link is None else None
        super().rename(old, new)
        self._contents = [new if path == old else path for path in self._contents]

        def undo() -> None:
            new.rename(old)
            if link is not None:
                new.symlink_to(link)
            elif content is not None:
                new.write_bytes(content)

        self._names.append((new.parent, undo))

    def sync(self, path: Path) -> None:
        self._step()
        super().sync(path)
        self._contents = [each for each in self._contents if each != path]
        self._names = [each for each in self._names if each[0] != path]

    def sync_all(self, folder: Path) -> None:
        self._step()
        super().sync_all(folder)
        self._contents = [each for each in self._contents if each != folder]

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)
