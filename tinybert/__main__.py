"""`python -m tinybert STAGE --spec spec.json --out DIR`."""

import sys

from tinybert.cli import main

sys.exit(main())
