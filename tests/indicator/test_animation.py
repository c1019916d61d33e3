from appliance.indicator.animation import DARK, led, pixels_at
from appliance.indicator.looks import RGB, Look, Mark, Pattern, dimmed

RED, WHITE = led("red", 1.0), led("white", 1.0)
BLINKS = Pattern(Look("red", 1.0, 1000, 0.3, "##......", "......##"), Mark("white", 5000, "...##..."), "")


def test_a_look_blinks_between_its_shape_and_the_rest() -> None:
    assert pixels_at(BLINKS, 0, 8) == pixels_at(BLINKS, 299, 8) == [RED] * 2 + [DARK] * 6
    assert pixels_at(BLINKS, 300, 8) == pixels_at(BLINKS, 999, 8) == [DARK] * 6 + [RED] * 2


def test_a_mark_comes_at_the_end_of_its_period_in_place_of_the_look() -> None:
    assert pixels_at(BLINKS, 4879, 8) != pixels_at(BLINKS, 4880, 8)
    assert pixels_at(BLINKS, 4999, 8) == [DARK] * 3 + [WHITE] * 2 + [DARK] * 3


def test_one_pixel_has_no_shape_but_blinks() -> None:
    assert [pixels_at(BLINKS, at_ms, 1) for at_ms in (0, 300, 4999)] == [[RED], [DARK], [WHITE]]


def test_shapes_stretch_over_more_and_over_fewer_pixels() -> None:
    assert pixels_at(BLINKS, 0, 16) == [RED] * 4 + [DARK] * 12
    assert pixels_at(BLINKS, 0, 4) == [RED] + [DARK] * 3


def test_what_is_lit_is_never_quite_dark_and_what_has_no_brightness_is() -> None:
    assert all(any(led(colour, 0.0001)) for colour in RGB)
    assert all(led(colour, 0.0) == DARK for colour in RGB)


def test_dimming_dims_the_look_and_its_mark() -> None:
    night = dimmed(BLINKS, 0.5)
    assert night.look.brightness == 0.5
    assert night.mark
    assert night.mark.brightness == 0.5
    assert dimmed(Pattern(Look("red", 1.0), None, "x"), 0.5) == Pattern(Look("red", 0.5), None, "x")
