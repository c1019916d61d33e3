"""Commands are done once, however often they arrive."""

from collections import OrderedDict
from typing import Final

from appliance.delivery.messages import Result

REMEMBERED: Final = 256
"""A server repeats what it had no answer to: the last few. People give a box some commands an hour."""


class Answers:
    """The results of the last commands, by command id; the same id again gets the same result and does nothing."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, Result] = OrderedDict()

    def known(self, command_id: str) -> Result | None:
        """Give the result of a command that was done before."""
        return self._results.get(command_id)

    def remember(self, result: Result) -> None:
        """Take the result of a command that was just done."""
        self._results[result.id] = result
        if len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
