"""The power is cut at any write: what was reported as safe is there, once and in order, and no number comes again."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.adapters.outbox_log import OutboxLog
from appliance.central import store
from appliance.delivery.envelope import Row, head
from tests.adapters.outbox_drafts import utterance

from .power import MARKS, Disk, noted

DEVICE = """
import os, random, sys
from pathlib import Path
from appliance.adapters.outbox_log import OutboxLog
from tests.adapters.outbox_drafts import utterance

folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
marks = os.open(folder / "marks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
mark = lambda text: os.write(marks, f"{text} ".encode())
said = sent = 0
for life in range(3):
    log = OutboxLog(folder / "outbox.db", lambda rows: [mark(f"told:{row.seq}") for row in rows], lambda fault: None)
    log.resume(sent, sent)
    for _ in range(25):
        count = chance.choice((1, 1, 2, 9, 40))
        log.receive_drafts([utterance(said + n) for n in range(1, count + 1)])
        said += count
        mark(f"safe:{log.last_seq}:{said}")
        if chance.random() < 0.4:
            sent = max(sent, log.last_seq - chance.randrange(30))
            mark(f"acked:{sent}")
            log.acknowledge(sent)
    log.close()
"""

SERVER = """
import os, random, sys
from pathlib import Path
from appliance.central import store
from appliance.delivery.messages import Envelope, EventMessage

folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
marks = os.open(folder / "marks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
seq = 0
for life in range(2):
    db = store.open_database(folder / "central.sqlite")
    for _ in range(30):
        batch = []
        for _ in range(chance.choice((1, 2, 20))):
            seq += 1
            envelope = Envelope(seq=seq, call="c", occurred_at="t", clock_synchronised=True,
                                event={"type": "utterance", "number": seq, "text": "word " * chance.randrange(60)})
            batch.append(store.arrival("desk-1", EventMessage(envelope=envelope), lambda item: None))
        store.save(db, batch, lambda: "now")
        os.write(marks, f"acked:{seq} ".encode())
    db.close()
"""


def check_outbox(folder: Path, marks: list[str]) -> None:
    found = [mark.split(":") for mark in marks]
    safe = [mark[1:] for mark in found if mark[0] == "safe"]
    acked = max((int(mark[1]) for mark in found if mark[0] == "acked"), default=0)
    told = [int(mark[1]) for mark in found if mark[0] == "told"]
    faults: list[str | None] = []
    rows: list[Row] = []
    log = OutboxLog(folder / "outbox.db", rows.extend, faults.append)
    kept = log.read_after(0, 100_000)
    assert faults == [], "the file is damaged"
    numbers = [row.seq for row in kept]
    assert numbers == sorted(set(numbers))
    last_seq, said = (int(part) for part in safe[-1]) if safe else (0, 0)
    words = [head(row.draft.event).number for row in kept if acked < row.seq <= last_seq]
    assert words == [number for number, seq in enumerate(told[:said], 1) if seq > acked], "not what was safe"
    log.receive_drafts([utterance(1)])
    assert rows[-1].seq > max([*told, last_seq]), "a number comes again"
    log.close()


def check_store(folder: Path, marks: list[str]) -> None:
    acked = max((int(mark.split(":")[1]) for mark in marks), default=0)
    db = store.open_database(folder / "central.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    numbers = [row[0] for row in db.execute("SELECT seq FROM events ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= acked, "what was acknowledged is gone"
    assert db.execute("SELECT coalesce(max(through), 0) FROM progress").fetchone()[0] == len(numbers)
    db.close()


Check = Callable[[Path, list[str]], None]
CUTS = [25, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize(
    ("program", "check"), [(DEVICE, check_outbox), (SERVER, check_store)], ids=["device", "server"]
)
def test_what_was_reported_safe_survives(tmp_path: Path, cuts: int, program: str, check: Check) -> None:
    notes = noted(program, tmp_path, "1")
    chance = random.Random(cuts)
    moments = sorted(chance.randrange(len(notes) + 1) for _ in range(cuts))
    disk, done, marks = Disk(), 0, []
    for moment in moments:
        for note in notes[done:moment]:
            if note.name == MARKS:
                marks += note.data.decode().split()
            else:
                disk.do(note)
        done = moment
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            disk.after_power_cut(Path(folder), chance)
            check(Path(folder), marks)
