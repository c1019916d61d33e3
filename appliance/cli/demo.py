"""`undertone demo`: a recorded call through the real device program and the real central server."""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO

import appliance
from appliance.adapters import model_store
from appliance.adapters.model_adapt import adapt
from appliance.adapters.model_fetch import fetch
from appliance.adapters.recording import Recording
from appliance.adapters.terminal_key import key_pressed
from appliance.cli.demo_phones import require_baresip
from appliance.cli.demo_screen import PlainScreen, Screen, TerminalScreen
from appliance.cli.demo_siprec import call_the_box, free_port, line_table
from appliance.cli.replay import add_speech_arguments
from appliance.errors import BadInputError
from appliance.event_json import from_json
from appliance.events import Band
from appliance.models.catalogue import Model, for_language
from appliance.models.manifest import ADAPTED_SUFFIX

if TYPE_CHECKING:
    from appliance.cli.demo_processes import Served

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SHIPPED: Final[dict[str, dict[Band, str]]] = {
    "en": {"narrow": "billing_dispute.wav"},
    "ko": {"wide": "billing_ko_16k.wav", "narrow": "billing_ko.wav"},
}
"""By language, the first for whom names no band."""

BANDS: Final[dict[str, Band]] = {"telephone": "narrow", "wideband": "wide"}
REFRESH_S: Final = 0.1
EXIT_TROUBLE: Final = 1

LAST_WORDS_S: Final = 3.0
"""After the telephones have hung up the device still hears the last words out."""

EPILOG = """examples:
  undertone demo                                  an English call, in real time
  undertone demo --language ko                    a Korean one, from a headset
  undertone demo --language ko --band telephone   the same call over a telephone line
  undertone demo --line siprec                    two telephones (baresip) call the box over SIP
  undertone demo --call my.wav --fast --json      a call of yours; the summary as JSON on stdout"""


class Job(NamedTuple):
    """What to show and how."""

    recording: Path
    language: str
    engine: str
    pace: str
    line: str
    browser: bool
    as_json: bool


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "demo",
        description="Starts the central server and the device as separate processes, with a recorded call as the line.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--call", type=Path, metavar="FILE", help="a WAV file instead of the shipped call")
    add_speech_arguments(parser)
    parser.add_argument("--band", choices=list(BANDS), help="which of the shipped calls: default the first there is")
    parser.add_argument(
        "--line", choices=("recording", "siprec"), default="recording", help="siprec: two real telephones call the box"
    )
    parser.add_argument("--fast", action="store_true", help="as fast as the machine can, instead of in real time")
    parser.add_argument("--no-browser", action="store_true", help="do not open the supervisor's page")
    parser.add_argument("--json", action="store_true", help="the summary as JSON on stdout, all else on stderr")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        import aiohttp  # noqa: F401, PLC0415 - a box has no need of it
    except ModuleNotFoundError as error:
        mend = "pip install 'undertone[central]'"
        raise BadInputError("the demo needs the central server, an extra", mend=mend) from error
    job = Job(
        recording=(arguments.call or _shipped(arguments.language, arguments.band)).absolute(),
        language=arguments.language,
        engine=arguments.engine,
        pace="fast" if arguments.fast else "real",
        line=arguments.line,
        browser=not arguments.no_browser,
        as_json=arguments.json,
    )
    if job.line == "siprec":
        if job.pace == "fast":
            raise BadInputError("telephones speak in real time", mend="leave --fast out")
        require_baresip()
    get_model(job.language, Recording(job.recording).band, job.engine)
    with tempfile.TemporaryDirectory(prefix="undertone-demo-") as folder:
        try:
            return asyncio.run(_show(job, Path(folder)))
        except asyncio.CancelledError:  # by SIGTERM, see `_show`
            raise KeyboardInterrupt from None


def _shipped(language: str, band: str | None) -> Path:
    calls = SHIPPED.get(language.partition("-")[0])
    if calls is None:
        mend = f"name a recording with --call, or take one of: {', '.join(SHIPPED)}"
        raise BadInputError(f"no call in the language {language!r} is shipped", mend=mend)
    name = calls.get(BANDS[band]) if band else next(iter(calls.values()))
    if name is None:
        raise BadInputError(f"no {band} call in the language {language!r} is shipped", mend="leave --band out")
    return Path(appliance.__file__).parent / "calls" / name


def get_model(language: str, band: Band, engine: str) -> None:
    """Fetch the first model that hears the call and whose source can be reached, unless it is installed."""
    named = None if engine == "auto" else engine
    candidates = [model for model in for_language(model_store.catalogue(), language) if named in (None, model.engine)]
    wanted = [model for model in candidates if model.hears(band)] or (candidates if named else [])
    if band == "narrow" and not any(model.hears(band) for model in candidates):
        _adapt(candidates)
    for model, instead in itertools.pairwise(wanted):
        if model_store.installed(model.name) or _could_fetch(model, instead):
            return
    if wanted:
        fetch(wanted[-1])


def _adapt(candidates: list[Model]) -> None:
    """Make a telephone model out of the first wideband one, unless that has been done."""
    model = next((each for each in candidates if each.engine == "vosk" and each.hears("wide")), None)
    if model and not model_store.installed(model.name + ADAPTED_SUFFIX):
        fetch(model)
        adapt(model.name)


def _could_fetch(model: Model, instead: Model) -> bool:
    """Fetch a model for which there is another one, in whose favour one line is said when it cannot be had."""
    try:
        fetch(model, say=lambda _: None)
    except BadInputError:
        sys.stderr.write(f"undertone: the source of {model.name} cannot be reached; taking {instead.name} instead\n")
        return False
    return True


async def _show(job: Job, folder: Path) -> int:
    from appliance.cli import demo_processes as parts  # noqa: PLC0415 - needs aiohttp

    # SIGTERM ends the demo as Ctrl-C does: the parts stop in order.
    main = asyncio.current_task()
    assert main is not None  # noqa: S101 - we are running in it
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
    out = sys.stderr if job.as_json else sys.stdout
    async with parts.central(folder) as served:
        link = served.link()
        out.write(f"supervisor's page: {link}\n")
        out.flush()
        if job.browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            webbrowser.open(served.link())
        summary = await _watch(job, folder, served, out)
        if summary is None:
            return EXIT_TROUBLE
        print_summary(summary, out)
        if job.as_json:
            sys.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
        elif sys.stdin.isatty() and out.isatty():
            await asyncio.to_thread(input, f"\nThe page still shows the call: {link}\nPress Enter to end. ")
    return 0


async def _watch(job: Job, folder: Path, served: "Served", out: TextIO) -> dict[str, Any] | None:
    """Run the device through the call, showing it, and give the summary; None when the device failed."""
    from appliance.cli import demo_processes as parts  # noqa: PLC0415 - needs aiohttp
    from appliance.cli.demo_summary import summarise  # noqa: PLC0415 - only here

    port = free_port()
    line = line_table(port) if job.line == "siprec" else parts.recording_table(job.recording, job.pace)
    config = parts.write_config(folder, served.address, line, job.language, job.engine)
    screen: Screen = TerminalScreen(out, served.link()) if out.isatty() else PlainScreen(out)
    told: dict[str, Any] = {}
    with contextlib.closing(screen):
        async with (
            parts.process(folder, "run", "--config", str(config), "--json") as device,
            asyncio.TaskGroup() as group,
        ):
            feed = group.create_task(parts.read_feed(served, lambda kind, data: _receive(screen, kind, data)))
            drawing = group.create_task(_refresh(screen))
            if job.line == "siprec":
                group.create_task(_telephone(folder, job.recording, port, device))
            with key_pressed("m", lambda: _mute(screen, device)):
                await parts.read_lines(device.stdout, lambda line: _receive_device(screen, told, line))
            await asyncio.sleep(REFRESH_S)
            feed.cancel()
            drawing.cancel()
    if not told:
        sys.stderr.write("undertone: the device failed; its message is above\n")
        return None
    calls = (await parts.get(served, "/api/calls"))["calls"]
    stored = (await parts.get(served, f"/api/calls/{parts.DEVICE}/{calls[0]['call']}"))["events"]
    commit_ms = (await parts.get(served, "/api/stats"))["commit_ms"]["p95"] or 0.0
    return {"recording": job.recording.name, **summarise(stored, commit_ms, told, job.pace)}


async def _telephone(folder: Path, recording: Path, port: int, device: asyncio.subprocess.Process) -> None:
    """Call the device, and end it with the call: a box in an office would wait for the next one."""
    try:
        await call_the_box(folder, recording, port)
        await asyncio.sleep(LAST_WORDS_S)
    finally:
        if device.returncode is None:
            device.terminate()


def _mute(screen: Screen, device: asyncio.subprocess.Process) -> None:
    """Press the mute of a device that is running: mute it, or unmute it."""
    if screen.is_lit and device.returncode is None:
        device.send_signal(signal.SIGUSR1)


def _receive_device(screen: Screen, told: dict[str, Any], line: dict[str, Any]) -> None:
    if "light" in line:
        screen.show_light(line["light"])
    told.update(line.get("delivered", {}))


def _receive(screen: Screen, kind: str, data: dict[str, Any]) -> None:
    if kind == "event":
        screen.show_event(from_json(json.dumps(data["event"])))
    elif kind == "partial":
        screen.show_partial(data["who"], data["text"])


async def _refresh(screen: Screen) -> None:
    while True:
        screen.refresh()
        await asyncio.sleep(REFRESH_S)


def print_summary(summary: dict[str, Any], out: TextIO) -> None:
    """Print the summary for people."""
    write = out.write
    write(f"\n{summary['duration_s']:.1f} s, {summary['language']}, {summary['model'] or 'no speech model'}\n")
    for turn in summary["transcript"]:
        write(f"{turn['start_s']:8.2f}  {turn['who']:6}  {turn['text']}\n")
    for alert in summary["alerts"] or [None]:
        if alert is None:
            write("no alerts\n")
        else:
            words = "; ".join(evidence["text"] for evidence in alert["evidence"])
            write(f"alert at {alert['at_s']:.2f} s: {alert['level']}, {alert['rule']} ({words})\n")
    if highest := summary["stress"]["highest"]:
        at = f"({highest['level']}) at {highest['end_s']:.2f} s"
        write(f"stress in the caller's voice: highest {highest['score']:.2f} {at}\n")
    for who, talk in summary["talk"].items():
        write(f"{who}: {talk['talk_share'] or 0:.0%} of all speech\n")
    for gap in summary["gaps"]:
        write(f"not heard: {gap['who']} {gap['start_s']:.2f} to {gap['end_s']:.2f} s ({gap['reason']})\n")
    for notice in summary["notices"]:
        write(f"note: {notice}\n")
    pace = "" if summary["pace"] == "real" else " (computing alone: the call was not in real time)"
    for name, words in (("final", "end of speech to final at the server"), ("light", "end of phrase to light")):
        delay = summary["delays_ms"][name]
        if delay["p50"] is not None:
            write(f"{words}: median {delay['p50']:.0f} ms, 95 % within {delay['p95']:.0f} ms{pace}\n")
    counts = summary["events"]
    write(
        f"events: {counts['committed']} committed, {counts['acknowledged']} acknowledged, {counts['stored']} stored\n"
    )
    out.flush()
