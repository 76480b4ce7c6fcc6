"""`python -m rankspec`: the command line."""

import sys

from rankspec.cli import main

if __name__ == "__main__":
    sys.exit(main())
