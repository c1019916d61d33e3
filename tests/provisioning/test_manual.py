"""The manual page and the completions, made from the command line itself."""

import subprocess
import sys
from pathlib import Path

from appliance.cli import COMMANDS

SCRIPT = Path(__file__).parents[2] / "provisioning" / "manual"


def test_the_manual_and_the_completions_know_every_subcommand(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCRIPT, tmp_path], check=True)
    page = (tmp_path / "undertone.1").read_text("utf-8").replace("\\-", "-")
    completion = (tmp_path / "undertone.bash").read_text("utf-8")
    assert page.startswith(".TH")
    assert all(name in page and name in completion for name in COMMANDS)
    subprocess.run(["bash", "-n", tmp_path / "undertone.bash"], check=True)


def test_the_shell_completes_a_subcommand(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCRIPT, tmp_path], check=True)
    function = bash(f"source {tmp_path}/undertone.bash; complete -p undertone").split(" -F ")[1].split()[0]
    typed = "COMP_WORDS=(undertone doc); COMP_CWORD=1"
    assert bash(f"source {tmp_path}/undertone.bash; {typed}; {function}; echo ${{COMPREPLY[@]}}").split() == ["doctor"]


def bash(script: str) -> str:
    return subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout
