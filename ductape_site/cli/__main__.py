"""`python -m ductape_site.cli`: the same as `ductape`."""

import sys

from ductape_site.cli.command import main

if __name__ == "__main__":
    sys.exit(main())
