"""The launcher in a world of its own: what it sets up, when, and what it says."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from .launcher_world import LOCKS, PYTHON, World

SECOND_START_S = 0.3  # the demo's first frame is due 10 s after the command; the launcher may take little of it

SUDO = """#!/usr/bin/env bash
echo "sudo $1" >>"$WORLD/log"
[[ $1 != --non-interactive ]] || shift
WHO=0 "$@"
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_first_start_makes_the_environment_from_the_locks_and_runs_the_command(world: World) -> None:
    done = world.run("replay", "a file.wav", "--json")
    assert (done.returncode, done.stdout) == (0, "<replay><a file.wav><--json>"), done.stderr
    venv, build, run, project = world.log()
    assert venv == "venv"
    assert "--require-hashes" in build
    assert "build.lock" in build
    assert "--require-hashes" in run
    assert "run.lock" in run
    assert "--only-binary=:all:" in run
    assert "--no-deps" in project
    assert "--editable" in project
    assert "pip talks" in done.stderr


def test_the_second_start_sets_nothing_up_and_is_quick(world: World) -> None:
    world.run("demo")
    world.log()
    start_s = time.monotonic()
    done = world.run("demo", "--json")
    took_s = time.monotonic() - start_s
    assert (done.stdout, done.stderr) == ("<demo><--json>", "")
    assert world.log() == []
    assert took_s < SECOND_START_S


def test_the_exit_code_is_the_commands(world: World) -> None:
    assert world.run("doctor", COMMAND_EXIT="2").returncode == 2


def test_it_works_through_a_symlink(world: World) -> None:
    (world.folder / "link").symlink_to(world.tree / "undertone")
    environ = {"PATH": str(world.bin), "WORLD": str(world.folder)}
    done = subprocess.run([world.folder / "link", "doctor"], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "<doctor>"
    assert (world.tree / ".undertone/venv").is_dir()


def test_benchmarks_need_the_tools_and_other_commands_then_use_the_same_environment(world: World) -> None:
    world.run("demo")
    world.log()
    assert world.run("bench", "latency").stdout == "<bench><latency>"
    assert any("dev.lock" in line for line in world.log())
    world.run("demo")
    assert world.log() == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_changed_lock_makes_the_environment_anew(world: World, name: str) -> None:
    world.run("demo")
    world.log()
    (world.tree / "provisioning" / name).write_text("# other packages\n")
    world.run("demo")
    assert world.log()[0] == "venv"


def test_a_tree_that_was_moved_makes_its_environment_anew(world: World) -> None:
    world.run("demo")
    world.log()
    world.tree = world.tree.rename(world.folder / "elsewhere")
    world.run("demo")
    assert world.log()[0] == "venv"


@pytest.mark.parametrize("failing", ["build.lock", "run.lock", "--editable"])
def test_an_environment_that_was_left_half_made_is_made_anew(world: World, failing: str) -> None:
    failed = world.run("demo", PIP_FAILS=failing)
    assert failed.returncode != 0
    assert failed.stdout == ""
    world.log()
    assert world.run("demo").stdout == "<demo>"
    assert world.log()[0] == "venv"


def test_a_set_up_that_was_killed_is_made_anew(world: World) -> None:
    environ = {"PATH": str(world.bin), "WORLD": str(world.folder), "PIP_S": "30"}
    command = [str(world.tree / "undertone"), "demo"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL, start_new_session=True) as child:
        while not (world.tree / ".undertone/venv/bin/python").exists():
            time.sleep(0.01)
        os.killpg(child.pid, 9)
    world.log()
    assert world.run("demo").stdout == "<demo>"
    assert world.log()[0] == "venv"


def test_two_first_starts_at_once_set_up_once(world: World) -> None:
    results: list[subprocess.CompletedProcess[str]] = []
    threads = [threading.Thread(target=lambda: results.append(world.run("demo", PIP_S="0.2"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [done.stdout for done in results] == ["<demo>"] * 3
    assert world.log().count("venv") == 1
    assert sum("waiting for it" in done.stderr for done in results) == 2


def test_what_the_machine_lacks_is_said_and_installed_first(world: World) -> None:
    done = world.run("demo", LACKS="all", NO_PORTAUDIO="1")
    assert done.stdout == "<demo>", done.stderr
    update, install, *_ = world.log()
    assert "update" in update
    assert install.endswith("portaudio19-dev python3 python3-venv python3-dev")
    assert "installing system packages: portaudio19-dev python3" in done.stderr
    assert "(for PortAudio for the sound card, Python with virtual environments" in done.stderr


def test_a_complete_machine_gets_no_system_packages(world: World) -> None:
    world.run("demo")
    assert not any("apt-get" in line for line in world.log())


def test_an_arm_machine_gets_libatomic(world: World) -> None:
    world.run("demo", MACHINE="aarch64")
    assert any("libatomic1" in line for line in world.log())
    world.run("bench", MACHINE="aarch64", LIBATOMIC="/usr/lib/aarch64-linux-gnu/libatomic.so.1")
    assert not any("libatomic1" in line for line in world.log())


def test_a_user_installs_through_sudo_which_may_not_ask_without_a_terminal(world: World) -> None:
    world.add("sudo", SUDO)
    done = world.run("demo", NO_PORTAUDIO="1", WHO="1000")
    assert done.stdout == "<demo>", done.stderr
    log = world.log()
    assert log[0] == "sudo --non-interactive"
    assert log[1].startswith("apt-get as 0:")


def test_neither_root_nor_sudo_is_an_error_that_names_the_command(world: World) -> None:
    done = world.run("demo", NO_PORTAUDIO="1", WHO="1000")
    assert done.returncode == 1
    assert "Please run as root: apt-get install portaudio19-dev" in done.stderr
    assert world.log() == []


def test_a_machine_without_apt_is_told_what_it_needs(world: World) -> None:
    (world.bin / "apt-get").unlink()
    done = world.run("demo", NO_PORTAUDIO="1")
    assert done.returncode == 1
    assert "needed here: PortAudio for the sound card. Please install it (on Debian: portaudio19-dev)" in done.stderr


def test_a_package_that_cannot_be_installed_is_an_error(world: World) -> None:
    done = world.run("demo", NO_PORTAUDIO="1", APT_EXIT="100")
    assert done.returncode == 1
    assert "apt-get could not install: portaudio19-dev" in done.stderr
    assert done.stdout == ""


def test_the_pythons_of_other_versions_are_passed_over(world: World) -> None:
    world.add("python3", "#!/usr/bin/env bash\nexit 1\n")
    world.add("python3.12", PYTHON)
    assert world.run("demo").stdout == "<demo>"


def test_settings_for_another_python_do_not_reach_ours(world: World) -> None:
    (world.folder / "undertone-command").write_text(
        '#!/usr/bin/env bash\necho "${PYTHONPATH-none}${PYTHONHOME-none}"\n'
    )
    assert world.run("demo", PYTHONPATH="/x", PYTHONHOME="/y").stdout == "nonenone\n"


def test_the_test_command_hands_its_words_to_pytest_after_the_checks(world: World) -> None:
    for name in ("chromium", "sipp", "baresip", "pulseaudio", "pactl", "micropython"):
        world.add(name, "#!/usr/bin/env bash\n")
    world.run("bench")
    tools = world.tree / ".undertone/venv/bin"
    world.log()
    for name in ("ruff", "mypy", "python", "undertone"):
        (tools / name).write_text(f'#!/usr/bin/env bash\necho "{name} $*" >>"$WORLD/log"\n')
        (tools / name).chmod(0o755)
    world.run("test", "-k", "two words")
    assert world.log() == [
        "undertone model fetch vosk-model-small-ko-0.22 moonshine-tiny-en",
        "ruff check .",
        "ruff format --check .",
        "mypy ",
        "python -m pytest -n 2 -k two words",
    ]
    world.run("test", "-x", "tests/test_call.py")
    assert world.log()[-1] == "python -m pytest -x tests/test_call.py"
