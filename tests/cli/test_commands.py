"""The program's own help, and how it finds its subcommands."""

import importlib
import pkgutil

import pytest

from appliance import cli
from appliance.cli import COMMANDS, main


def help_of(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_help_names_every_subcommand_and_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    shown = " ".join(help_of(capsys=capsys).split())
    assert all(f"{name} {what}" in shown for name, what in COMMANDS.items())


def test_every_module_that_adds_a_subcommand_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {
        module.name: importlib.import_module(f"appliance.cli.{module.name}")
        for module in pkgutil.iter_modules(cli.__path__)
    }
    assert {name.replace("-", "_") for name in COMMANDS} == {
        name for name, module in modules.items() if hasattr(module, "add_parser") and name != "model_adapt"
    }
    for name in COMMANDS:
        assert f"undertone {name}" in help_of("--log-level", "info", name, capsys=capsys)


def test_an_unknown_subcommand_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sing", "demo"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "sing" in said
    assert all(name in said for name in COMMANDS)
