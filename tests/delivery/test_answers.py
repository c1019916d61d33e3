from appliance.delivery.answers import REMEMBERED, Answers
from appliance.delivery.messages import Command, Result


def test_the_same_command_is_done_once_and_has_the_same_result() -> None:
    done: list[str] = []

    def do(command: Command) -> Result:
        done.append(command.id)
        return Result(id=command.id, ok=len(done) == 1)

    answers = Answers(do)
    assert [answers.receive_command(Command(id=name, name="x")).ok for name in ("a", "b", "a", "b")] == [
        True,
        False,
        True,
        False,
    ]
    assert done == ["a", "b"]


def test_only_the_last_commands_are_remembered() -> None:
    done: list[str] = []

    def do(command: Command) -> Result:
        done.append(command.id)
        return Result(id=command.id, ok=True)

    answers = Answers(do)
    for number in range(REMEMBERED + 1):
        answers.receive_command(Command(id=str(number), name="x"))
    answers.receive_command(Command(id=str(REMEMBERED), name="x"))
    assert len(done) == REMEMBERED + 1
    answers.receive_command(Command(id="0", name="x"))
    assert len(done) == REMEMBERED + 2
