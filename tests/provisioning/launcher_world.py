"""A world of its own for the launcher: its PATH holds a few tools, and stand-ins for Python, apt-get, gcc and sudo.

The stand-ins keep a log and behave: what apt-get "installs" is there afterwards. The real thing, with a real Debian,
is what `.ci/run` on a bare machine shows.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

LOCKS = ("build.lock", "run.lock", "dev.lock")

TOOLS = (
    "bash",
    "env",
    "cat",
    "cp",
    "dirname",
    "flock",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "sed",
    "sha256sum",
    "sleep",
    "touch",
)

PYTHON = """#!/usr/bin/env bash
case "$1 $2" in
"-c "*)
    [[ -e $WORLD/installed ]] && LACKS=nothing
    [[ ${LACKS-} == all ]] && exit 1
    echo "${LACKS:-nothing} $0"
    ;;
"--version "*) echo "Python 3.13.0" ;;
"-m venv")
    echo "venv" >>"$WORLD/log"
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
    ;;
"-m pip")
    echo "pip ${*:3}" >>"$WORLD/log"
    echo "pip talks"
    sleep "${PIP_S:-0}"
    [[ -z ${PIP_FAILS-} || $* != *"$PIP_FAILS"* ]] || exit 1
    if [[ $* == *--editable* ]]; then cp "$WORLD/undertone-command" "${0%/*}/undertone"; fi
    ;;
esac
"""

COMMAND = """#!/usr/bin/env bash
printf '<%s>' "$@"
exit "${COMMAND_EXIT:-0}"
"""

APT_GET = """#!/usr/bin/env bash
echo "apt-get as $(id -u): $*" >>"$WORLD/log"
echo "apt-get talks"
[[ $* != *" install "* ]] || touch "$WORLD/installed"
exit "${APT_EXIT:-0}"
"""

GCC = """#!/usr/bin/env bash
if [[ $1 == -print-file-name=* ]]; then echo "${LIBATOMIC:-libatomic.so.1}"; exit; fi
[[ -z ${NO_PORTAUDIO-} || -e $WORLD/installed ]]
"""

ID = """#!/usr/bin/env bash
echo "${WHO:-0}"
"""

UNAME = """#!/usr/bin/env bash
echo "${MACHINE:-x86_64}"
"""


class World:
    """A machine with one copy of the project, where nothing is set up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "undertone tree"  # the space is on purpose
        (self.tree / "provisioning").mkdir(parents=True)
        shutil.copy(ROOT / "undertone", self.tree)
        for name in LOCKS:
            (self.tree / "provisioning" / name).write_text(f"# {name}\n")
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.add("python3", PYTHON)
        self.add("apt-get", APT_GET)
        self.add("gcc", GCC)
        self.add("id", ID)
        self.add("uname", UNAME)
        (folder / "undertone-command").write_text(COMMAND)
        (folder / "undertone-command").chmod(0o755)

    def add(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the launcher without a terminal."""
        environ = {"PATH": str(self.bin), "WORLD": str(self.folder), "HOME": str(self.folder)} | settings
        command = [str(self.tree / "undertone"), *words]
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/", check=False
        )

    def log(self) -> list[str]:
        """Give what the stand-ins did since last asked."""
        file = self.folder / "log"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines
