"""The order of collectives: one at a time, as they were submitted.

All collectives of a communicator go through its lane, on every rank in the same order, so the n-th
call of one rank always meets the n-th call of the others. Who carries a call out does not matter
for that order:

* a blocking call runs on the caller's own thread while nothing is under way (microseconds);
* an asynchronous call, and a blocking one submitted behind it, run on the lane's thread.

The thread starts with the first asynchronous call. Each communicator has a lane of its own, so
groups that are used in different orders on different ranks cannot block one another.
"""

from __future__ import annotations

import queue
import threading

from dtrain.comm.work import Job
from dtrain.errors import DistributedError

__all__ = ["Lane"]


class Lane:
    """Runs the collectives of one communicator one at a time, in the order of submission."""

    def __init__(self, name: str) -> None:
        """Open a lane; `name` is the name of its thread."""
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._turn = threading.Lock()  # held by whoever is in a collective
        self._submitting = threading.Lock()
        self._pending = 0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._broken: str | None = None

    def try_enter(self) -> bool:
        """Take the turn for the calling thread, if nothing is under way; `leave` must follow."""
        if self._pending or self._closed or self._broken is not None:
            return False
        return self._turn.acquire(blocking=False)

    def leave(self) -> None:
        """Give the turn back."""
        self._turn.release()

    def submit(self, job: Job) -> None:
        """Put a job at the end of the lane.

        Raises:
            DistributedError: the lane is closed, or an earlier collective did not complete.
        """
        with self._submitting:
            if self._closed or self._broken is not None:
                reason = self._broken or "the communicator is closed"
                raise DistributedError(
                    f"submit({self._name}): {reason}; expected a usable communicator; "
                    "end the job or open a new communicator"
                )
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._pending += 1
            self._jobs.put(job)

    def break_(self, reason: str) -> None:
        """Refuse further jobs: the ranks are no longer in step."""
        self._broken = self._broken or reason

    def close(self) -> None:
        """Finish what was submitted and end the thread; wait for that unless the lane is broken."""
        with self._submitting:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            if thread is not None:
                self._jobs.put(None)
        if thread is not None and self._broken is None:
            thread.join()

    def retire(self) -> None:
        """End the thread once it has nothing to do, without waiting for it."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._run(job)
            del job  # while idle, keep nothing alive that a job refers to

    def _run(self, job: Job) -> None:
        if self._broken is None:
            with self._turn:
                job.run()
            error = job.exception()
            if error is not None:
                self.break_(f"an earlier collective failed ({type(error).__name__}: {error})")
        else:
            job.cancel(DistributedError(f"{self._name}: not run because {self._broken}"))
        # Before those who wait are released, so that their next call finds the lane idle.
        with self._submitting:
            self._pending -= 1
        job.finish()
