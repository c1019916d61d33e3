from pathlib import Path

from appliance.adapters.paths import home, models_folder


def test_a_named_folder_goes_before_everything() -> None:
    assert home({"UNDERTONE_HOME": "/srv/u", "STATE_DIRECTORY": "/var/lib/undertone"}) == Path("/srv/u")


def test_a_relative_folder_is_taken_from_here() -> None:
    assert home({"UNDERTONE_HOME": "state"}) == Path.cwd() / "state"
    assert home({"UNDERTONE_HOME": "~/state"}) == Path.home() / "state"


def test_a_service_uses_the_first_state_folder_of_its_unit() -> None:
    assert home({"STATE_DIRECTORY": "/var/lib/undertone:/var/lib/more"}) == Path("/var/lib/undertone")


def test_a_person_has_it_at_home() -> None:
    assert home({}) == Path.home() / ".local/share/undertone"
    assert home({"UNDERTONE_HOME": ""}) == home({})
    assert models_folder({"UNDERTONE_HOME": "/srv/u"}) == Path("/srv/u/models")
