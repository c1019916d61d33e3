"""What the board runs when it gets power: the light, unless somebody asked for the way in (see pins.py)."""

import light
import pins

if not pins.wants_service():
    light.run(pins)
