import pytest

from appliance.cli import EXIT_BAD_INPUT, main


@pytest.mark.parametrize(
    ("words", "what", "mend"),
    [
        (
            ("--language", "en", "--band", "wideband"),
            "no wideband call in the language 'en' is shipped",
            "leave --band out",
        ),
        (("--language", "fi"), "no call in the language 'fi' is shipped", "take one of: en, ko"),
        (("--language", "fi", "--band", "telephone"), "no call in the language 'fi' is shipped", "--call"),
    ],
)
def test_a_call_that_is_not_shipped_is_told_with_the_mend(
    words: tuple[str, ...], what: str, mend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", *words]) == EXIT_BAD_INPUT
    said = capsys.readouterr().err
    assert what in said
    assert mend in said
