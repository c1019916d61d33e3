"""Commands are done once, however often they arrive."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from appliance.delivery.messages import Command, Result

REMEMBERED: Final = 256
"""A server repeats what it had no answer to: the last few. People give a box some commands an hour."""


class Answers:
    """The results of the last commands, by command id; the same id again gets the same result and does nothing."""

    def __init__(self, do: Callable[[Command], Result]) -> None:
        self._do = do
        self._results: OrderedDict[str, Result] = OrderedDict()

    def receive_command(self, command: Command) -> Result:
        """Do the command unless it was done before, and give its result."""
        if command.id not in self._results:
            self._results[command.id] = self._do(command)
            if len(self._results) > REMEMBERED:
                self._results.popitem(last=False)
        return self._results[command.id]
