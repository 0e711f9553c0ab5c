"""`python -m sim.studies.worker`: makes the runs that its parent writes to it, until there are no more."""

from __future__ import annotations

import os
import pickle
import signal
import sys

from sim.studies.journal import code
from sim.studies.workers import attempt


def main() -> None:
    """Read what is asked, then one run after the other; write a row for each."""
    # Ctrl-C reaches every process of a terminal; ours ends when its parent says so, or is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    into = sys.stdin.buffer
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints must not print between rows
    try:
        asked, floor = pickle.load(into)  # noqa: S301  our parent
        pickle.dump(code(), out)
        out.flush()
        while True:
            scenario, replication = pickle.load(into)  # noqa: S301  our parent
            pickle.dump(attempt(scenario, replication, asked, floor), out)
            out.flush()
    except (EOFError, OSError, pickle.UnpicklingError):  # the parent is done, or gone
        return


if __name__ == "__main__":
    main()
