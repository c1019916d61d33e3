"""`python -m appliance` is the same as `undertone`."""

import sys

from appliance.cli import main

sys.exit(main())
