from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.hook import HookChange
from appliance.telephony.hook_contact import BOUNCE_MS, ContactHook

STEP = 320


def run(contacts: list[bool | None]) -> list[HookChange]:
    """Run a contact on a line whose sound never tells of a call."""
    hook = ContactHook()
    found = (
        hook.receive_step(number * STEP, None, contact=contact, sound_off_hook=False)
        for number, contact in enumerate(contacts)
    )
    return [change for change in found if change]


@given(st.lists(st.tuples(st.sampled_from([True, False]), st.integers(1, 40)), max_size=30))
def test_every_state_that_lasts_is_told_once_from_where_it_began_and_no_bounce_is(runs: list[tuple[bool, int]]) -> None:
    contacts = [state for state, length in runs for _ in range(length)]
    found = run(list(contacts))
    states = [change.state for change in found]
    assert states == ["off_hook", "on_hook"] * (len(states) // 2) + ["off_hook"] * (len(states) % 2)
    for change in found:
        at = change.sample // STEP
        lasting = contacts[at : at + BOUNCE_MS // 20]
        assert lasting == [change.state == "off_hook"] * (BOUNCE_MS // 20)
    if len(contacts) >= 3 and len(set(contacts[-3:])) == 1:
        assert (states[-1:] == ["off_hook"]) == contacts[-1]


def test_while_the_contact_tells_nothing_the_sound_is_believed() -> None:
    hook = ContactHook()
    begun = HookChange("off_hook", 100)
    assert hook.receive_step(640, begun, contact=None, sound_off_hook=True) == begun
    assert hook.receive_step(960, None, contact=None, sound_off_hook=True) is None
    # It is there again, and says that the call is on, then that it is over, while the sound says nothing.
    assert [hook.receive_step(at * STEP, None, contact=at < 10, sound_off_hook=True) for at in range(5, 13)] == [
        *[None] * 7,
        HookChange("on_hook", 10 * STEP),
    ]


def test_a_contact_that_goes_away_leaves_the_call_to_the_sound() -> None:
    hook = ContactHook()
    for at in range(3):
        change = hook.receive_step(at * STEP, None, contact=True, sound_off_hook=False)
    assert change == HookChange("off_hook", 0)
    assert hook.receive_step(960, None, contact=None, sound_off_hook=True) is None
    assert hook.receive_step(1_280, None, contact=None, sound_off_hook=False) == HookChange("on_hook", 1_280)
