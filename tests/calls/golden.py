"""The shipped calls, run through the real program, and what comes out as readable text.

`python -m tests.calls.golden` writes each call's `expected.txt` anew, after a change that is meant to change them. Look
at the difference before you keep it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from appliance.adapters import model_store, paths
from appliance.adapters.model_adapt import adapt

HERE: Final = Path(__file__).parent
CALLS: Final = {"billing_dispute": "en", "delivery_ok": "en", "billing_ko_16k": "ko", "billing_ko": "ko"}
ADAPTED: Final = {"billing_ko": "vosk-model-small-ko-0.22"}
"""Calls over a telephone that is heard by an adapted model, and the model that it is made of."""

AT_ONCE: Final = 2
"""Each replay keeps about one core busy."""

Row = dict[str, Any]


def shipped(call: str) -> Path:
    """Give the recording of a call."""
    return Path(str(resources.files("appliance") / "calls" / f"{call}.wav"))


def replay(call: str) -> bytes:
    """Give what the real program prints for a call."""
    command = [sys.executable, "-m", "appliance", "replay", str(shipped(call)), "--language", CALLS[call], "--json"]
    with home_for(call) as home:
        environment = {**os.environ, "UNDERTONE_HOME": str(home)}
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout


@contextmanager
def home_for(call: str) -> Iterator[Path]:
    """Give the home with the models for a call; a model that must be adapted gets one of its own.

    What this machine has adapted already may have been taught by other speech than the front that ships.
    """
    if call not in ADAPTED:
        yield paths.home()
        return
    source = model_store.locate(model_store.known(ADAPTED[call]))
    with tempfile.TemporaryDirectory(dir=paths.home(), prefix=".golden-") as folder:
        store = Path(folder) / "models"
        # Most of a model is its graph, and nothing here writes to it.
        shutil.copytree(source, store / source.name, copy_function=os.link)
        adapt(source.name, folder=store)
        yield Path(folder)


def replay_all(calls: list[str]) -> list[bytes]:
    """Replay several calls, some at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(replay, calls))


def rows(output: bytes) -> list[Row]:
    """Give the events of a replay."""
    return [json.loads(line) for line in output.splitlines()]


def readable(events: list[Row]) -> str:
    """Give the events as text, one a line: times, who, what. Of the voice, where its level changes."""
    return "".join(f"{_place(event)}  {_what(event)}\n" for event in _without_steady_voice(events))


def _without_steady_voice(events: list[Row]) -> Iterator[Row]:
    """Leave out what was measured of a voice while its level stays: a score may differ a little by the machine."""
    levels: dict[str, str] = {}
    for event in events:
        if event["type"] == "stress":
            before, levels[event["who"]] = levels.get(event["who"], "calm"), event["level"]
            if before == event["level"]:
                continue
        yield event


def _place(event: Row) -> str:
    return f"{event['start_s']:7.2f} {event['end_s']:7.2f}  {event['who']:6}"


def _what(event: Row) -> str:  # noqa: PLR0911 - one answer for each type of event
    match event["type"]:
        case "call_started":
            listens = f"{event['engine']} {event['model']}, {event['language']}, {event['band']}"
            return f"call started: {listens}, rules {event['rules']}"
        case "band":
            return f"  [carries the {event['band']} band: {event['model']} listens]"
        case "utterance":
            return f"{event['text']}"
        case "phrase":
            return f"  [phrase {event['phrase']}: {event['text']}]"
        case "alert":
            why = "; ".join(item["phrase" if "value" in item else "text"] for item in event["evidence"])
            return f"  [{event['level'].upper()} {event['rule']}: {why}]"
        case "alert_changed":
            return f"  [{event['rule']} {event['change']}]"
        case "stress":
            return f"  [stress {event['level']}]"
        case "talk":
            return f"  [talk {event['talk_share']:.0%}, at once {event['overtalk_s']:.1f} s]"
        case "call_ended":
            return f"call ended: {event['reason']}"
        case other:
            return f"  [{other} {event.get('reason', event.get('text', ''))}]"


def expected(call: str) -> list[str]:
    """Give the lines that a call must give."""
    return (HERE / call / "expected.txt").read_text("utf-8").splitlines()


def rewrite() -> None:
    """Write what the program says today as what it must say."""
    for call, output in zip(CALLS, replay_all(list(CALLS)), strict=True):
        (HERE / call).mkdir(exist_ok=True)
        (HERE / call / "expected.txt").write_text(readable(rows(output)), "utf-8")


if __name__ == "__main__":
    rewrite()
