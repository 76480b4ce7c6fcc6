"""Exit statuses. A scheduler acts on them: after `TRY_AGAIN` and the two of signals, the same command may do better."""

import signal

# All is well.
FINE = 0
# The config, the data or the numbers are wrong, and will be at the next try.
WRONG = 1
# The command was used wrongly.
USAGE = 2
# Our own mistake (EX_SOFTWARE of sysexits.h).
OWN_MISTAKE = 70
# The machine did not do its part: a full disk, a process of the run that ended (EX_TEMPFAIL).
TRY_AGAIN = 75
# Asked to end, by SIGINT and SIGTERM: 128 and the signal's number.
INTERRUPTED = 130
ASKED_TO_END = 143


def after_signal(number: int | None) -> int:
    """The status of a run that a signal asked to end; another process's, if this one got none."""
    return INTERRUPTED if number == signal.SIGINT else ASKED_TO_END
