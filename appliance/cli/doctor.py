"""`undertone doctor`: what is missing or wrong on this machine, and what mends it."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.adapters import paths
from appliance.adapters.claim_word import claim_findings
from appliance.adapters.link_checks import examine_link
from appliance.adapters.machine_checks import Finding, examine
from appliance.adapters.mends import as_finding, carry_out, mends
from appliance.adapters.support_bundle import write_bundle
from appliance.adapters.update_checks import update_findings
from appliance.cli.run import load_settings
from appliance.cli.update import CONFIG, KEYS, PACKAGED, ROOT
from appliance.cli.update_auto import address_in
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

TOKEN = Path("/etc/undertone/token")

EXIT_OK = 0
EXIT_TROUBLE = 1

MARKS = {"ok": "ok     ", "note": "note   ", "trouble": "TROUBLE"}

EPILOG = """examples:
  undertone doctor
  undertone doctor --config device.toml     also the way to the central server
  undertone doctor --config device.toml --bundle support.tar.gz
  undertone doctor --fix
  undertone doctor --json | jq '.[] | select(.state == "trouble")'

Exit code 0: nothing is in the way (there may be notes); 1: something is."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        description="Examines this machine, and changes nothing without --fix.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="a device's settings: its central server, too")
    parser.add_argument(
        "--fix", action="store_true", help="mend what needs no decision: rights, owners, folders, what is half done"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="write an archive for support: no speech, no secrets, no names"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    state = paths.home()
    found = mends(state, (TOKEN,))
    mended = [carry_out(each) if arguments.fix else as_finding(each) for each in found]
    findings = [*mended, *examine(), *claim_findings(state), *_of_updates(arguments.config)]
    if arguments.config is not None:
        findings += examine_link(load_settings(arguments.config))
    if arguments.bundle is not None:
        _bundle(arguments, findings)
    if arguments.json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(findings), indent=2) + "\n")
    else:
        sys.stdout.writelines(in_words(finding) for finding in findings)
    return EXIT_TROUBLE if any(finding.state == "trouble" for finding in findings) else EXIT_OK


def _of_updates(config: Path | None) -> list[Finding]:
    """Tell of updates on a box; on any other machine there is nothing to tell."""
    named = config or (CONFIG if CONFIG.is_file() else None)
    if named is None:
        return []
    try:
        return update_findings(ROOT, PACKAGED, KEYS, address_in(named))
    except BadInputError as error:
        return [Finding("updates", "trouble", str(error), error.mend)]


def _bundle(arguments: argparse.Namespace, findings: list[Finding]) -> None:
    try:
        names = write_bundle(arguments.bundle, arguments.config, paths.home(), findings)
    except OSError as error:
        mend = "name a file in a folder that you may write to"
        raise BadInputError(f"cannot be written ({error.strerror})", where=str(arguments.bundle), mend=mend) from error
    sys.stderr.write(f"{arguments.bundle}: {', '.join(names)}\n")


def in_words(finding: Finding) -> str:
    """Give a finding as the lines that a person reads."""
    mend = f"{'':9}mend: {finding.mend}\n" if finding.mend else ""
    return f"{MARKS[finding.state]}  {finding.subject}: {finding.detail}\n{mend}"
