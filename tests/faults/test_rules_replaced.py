"""A rule pack is changed while the device is in a call."""

import signal

from . import recordings
from .programs import Site, wait_for
from .records import at_server, of_type

PACK = """\
name = "desk"
version = "{version}"
language = "en"

[phrases.anything]
who = "both"
any = ["(the|you|my|me)"]

[rules.{rule}]
level = "attention"
phrases = ["{phrase}"]
"""


def test_a_bad_pack_is_noticed_and_refused_and_a_good_one_judges_the_rest_of_the_call(site: Site) -> None:
    site.start_server()
    rules = site.folder / "rules.toml"
    rules.write_text(PACK.format(version="1", rule="first", phrase="anything"))
    config = site.config(recordings.cut("billing_dispute", 15.9, 44.0, site.folder))
    config.write_text(config.read_text() + f'[rules]\nfile = "{rules.name}"\n')
    device = site.start_device(config)
    wait_for(lambda: of_type(at_server(site), "utterance"))
    rules.write_text(PACK.format(version="2", rule="second", phrase="nothing"))
    device.process.send_signal(signal.SIGHUP)
    refused = wait_for(lambda: [one for one in of_type(at_server(site), "notice") if one["code"] == "rules_refused"])
    assert 'line 11: `rules.second.phrases` names "nothing", which is no phrase of this file' in refused[0]["text"]
    assert "use one of: anything" in refused[0]["text"]
    # Without a signal: the file is looked at every second.
    rules.write_text(PACK.format(version="3", rule="third", phrase="anything"))
    wait_for(lambda: [one for one in of_type(at_server(site), "notice") if one["code"] == "rules_replaced"])
    wait_for(lambda: "third" in [alert["rule"] for alert in of_type(at_server(site), "alert")])
    assert device.end(signal.SIGTERM) == 0
    alerts = [event["rule"] for event in of_type(at_server(site), "alert")]
    assert "second" not in alerts
    assert alerts[-1] == "third"
    assert "rules_refused" in device.said()
    assert "Traceback" not in device.said()
