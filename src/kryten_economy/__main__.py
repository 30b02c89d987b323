"""``python -m kryten_economy``."""

import sys

from kryten_economy.cli import main

sys.exit(main())
