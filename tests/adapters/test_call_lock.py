import subprocess
import sys
from pathlib import Path

from appliance.adapters.call_lock import CallLock, is_in_call, wait_for_end

HOLD = """
import sys, time, pathlib
from appliance.adapters.call_lock import CallLock
lock = CallLock(pathlib.Path(sys.argv[1]))
lock.show(is_on=True)
print("in call", flush=True)
time.sleep(60)
"""


def test_a_call_is_seen_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    lock = CallLock(tmp_path)
    for _ in range(2):
        assert not is_in_call(tmp_path)
        for _again in range(2):
            lock.show(is_on=True)
            assert is_in_call(tmp_path)
        assert not wait_for_end(tmp_path, within_s=0)
        lock.show(is_on=False)
    assert wait_for_end(tmp_path, within_s=0)


def test_a_device_that_was_killed_is_in_no_call(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE) as device:
        assert device.stdout is not None
        device.stdout.readline()
        assert is_in_call(tmp_path)
        device.kill()
    assert not is_in_call(tmp_path)


def test_where_no_lock_can_be_made_the_call_goes_on(tmp_path: Path) -> None:
    lock = CallLock(tmp_path / "not made yet")
    lock.show(is_on=True)
    assert not is_in_call(tmp_path / "not made yet")
    (tmp_path / "not made yet").mkdir()
    lock.show(is_on=True)
    assert is_in_call(tmp_path / "not made yet")
    lock.show(is_on=False)
