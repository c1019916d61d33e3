"""Other programs of the box see when the device is in a call."""

from appliance.adapters.call_lock import is_in_call, wait_for_end

from . import recordings
from .programs import START_S, Site, wait_for


def test_a_device_is_in_a_call_until_the_call_ends_or_the_device_is_killed(site: Site) -> None:
    config = site.config(recordings.cut("billing_dispute", 15.9, 18.0, site.folder))
    state = site.state()
    killed = site.start_device(config)
    wait_for(lambda: is_in_call(state))
    killed.kill()
    assert not is_in_call(state)
    device = site.start_device(config)
    wait_for(lambda: is_in_call(state))
    assert wait_for_end(state, START_S)
    assert device.end() == 0
    assert "Traceback" not in device.said()
