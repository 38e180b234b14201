"""One process at a time, on one machine or on several that share a folder, where plain file locks need not exclude.

Whoever works holds a lease: a file that he touches again and again. Who has died lets it grow old, and another takes it
over: at once on the same machine, after SECONDS on another. Who was only away for so long is told that it is lost.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

SECONDS = 180.0  # without a sign of life; file servers may show what was touched a minute late


@contextmanager
def held(path: Path, what: str) -> Iterator[filelock.SoftFileLease]:
    """Wait until nobody else holds it, and hold it. what: is done meanwhile, for the sentence that says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lease = filelock.SoftFileLease(path, lease_duration=SECONDS, thread_local=False, poll_interval=0.25)
    try:
        lease.acquire(timeout=0)
    except filelock.Timeout:
        print(f"fer-keras: another process {what}; waiting for it", file=sys.stderr)
        lease.acquire()
    try:
        yield lease
    finally:
        lease.release()


def check(lease: filelock.SoftFileLease, what: str) -> None:
    """Stop, if it is lost."""
    if lease.compromise:
        why = f"after {SECONDS:.0f} seconds without a sign of life, or the store was cleared or out of reach"
        raise ValueError(f"another process {what} by now, {why}; call again to wait for it and go on")
