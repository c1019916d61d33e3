from appliance.delivery.answers import REMEMBERED, Answers
from appliance.delivery.messages import Result


def test_a_command_that_was_done_has_its_result_again() -> None:
    answers = Answers()
    assert answers.known("a") is None
    answers.remember(Result(id="a", ok=False, error="no"))
    assert answers.known("a") == Result(id="a", ok=False, error="no")
    assert answers.known("b") is None


def test_only_the_last_commands_are_remembered() -> None:
    answers = Answers()
    for number in range(REMEMBERED + 1):
        answers.remember(Result(id=str(number), ok=True))
    assert answers.known("0") is None
    assert answers.known("1") is not None
