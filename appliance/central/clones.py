"""Notices an identity that is used at two places.

A box names its boot in every hello: an id that the kernel makes anew at each start and that never comes back. Two boxes
with one identity push each other out, so the first comes again with a boot that is not the newest any more; nothing
else does that.
"""

from collections import OrderedDict, deque
from typing import Final

BOOTS_KEPT: Final = 8
"""Of each device: a third and fourth copy are noticed, too."""

MAX_DEVICES: Final = 20_000


class Clones:
    """The boots of each device, as long as the server runs."""

    def __init__(self) -> None:
        self._boots: OrderedDict[str, deque[str]] = OrderedDict()
        self._told: set[str] = set()

    def receive(self, device: str, boot: str) -> bool:
        """Take the boot of a new connection; tells whether the identity was just found to be used twice, once."""
        boots = self._boots.setdefault(device, deque(maxlen=BOOTS_KEPT))
        self._boots.move_to_end(device)
        if len(self._boots) > MAX_DEVICES:
            self._boots.popitem(last=False)
        if boots and boots[-1] == boot:
            return False
        came_back = boot in boots
        if came_back:
            boots.remove(boot)
        boots.append(boot)
        if not came_back or device in self._told:
            return False
        self._told.add(device)
        return True
