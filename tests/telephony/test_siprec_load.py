from appliance.telephony.siprec_load import LATE_S, LATE_TICKS, RELIEF_TICKS, Load


def test_a_box_that_is_late_for_a_while_is_behind_until_it_was_in_time_for_longer() -> None:
    load = Load()
    assert [load.is_behind(2 * LATE_S) for _ in range(LATE_TICKS)] == [False] * (LATE_TICKS - 1) + [True]
    assert [load.is_behind(0.0) for _ in range(RELIEF_TICKS)] == [True] * (RELIEF_TICKS - 1) + [False]


def test_one_long_pause_is_nothing() -> None:
    load = Load()
    assert not any(load.is_behind(late_s) for late_s in (60.0, 0.0) * 100)
