"""The `clstm` command: `python -m clstm`."""

from __future__ import annotations

import signal
import sys

from ._clstm import run_command
from .parent import end_with_parent


def main() -> None:
    """Executes the command line of the process."""
    # The command has its own handler where it saves work; Python's would never run while it computes.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent()
    sys.exit(run_command(sys.argv[1:], sys.executable, ["-m", "clstm"]))


if __name__ == "__main__":
    main()
