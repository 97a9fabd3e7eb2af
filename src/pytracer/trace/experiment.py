"""Several executions of one program: sample 0 unperturbed, the others each with noise of their own."""

import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from pytracer.config import Settings
from pytracer.errors import EXIT_USAGE, PytracerError, UsageError
from pytracer.records.start import why_not_started
from pytracer.shared import NO_NOISE
from pytracer.trace.cache import Cache
from pytracer.trace.program import Program
from pytracer.trace.sample import Sample, Targets, stop
from pytracer.trace.streams import Follower, Input, follow_output, standard_input


@dataclass(frozen=True)
class Experiment:
    """What to run, how often, and under which noise."""

    program: Program
    targets: Targets
    cache: Cache
    id: str  # the name of its traces, without the number of the sample
    settings: Settings
    words: tuple[str, ...] = ()  # the command line that asked for it

    def sample(self, index: int) -> Sample:
        """A sample that has not started."""
        return Sample(
            program=self.program,
            targets=self.targets,
            trace=self.cache.trace(self.id, index),
            index=index,
            model=self.settings.noise if index > 0 else NO_NOISE,
            settings=self.settings,
            words=self.words,
            experiment=self.id,
        )

    def discard(self) -> None:
        """Remove the traces."""
        for index in range(self.settings.samples + 1):
            shutil.rmtree(self.cache.trace(self.id, index), ignore_errors=True)


class Runner:
    """Runs the samples of an experiment in order, some at a time."""

    def __init__(self, experiment: Experiment, *, forward: bool, ended: Callable[[Sample], None]) -> None:
        """`forward` shows what sample 0 prints while it runs; `ended` is called in this thread as each sample ends."""
        self.done: list[Sample] = []
        self._experiment = experiment
        self._forward = forward
        self._ended = ended
        self._running: list[Sample] = []
        self._exits: queue.SimpleQueue[Sample] = queue.SimpleQueue()
        self._followers: list[Follower] = []
        self._input: Input = standard_input()

    def run(self) -> list[Sample]:
        """Run all samples and return them in order. Whatever interrupts it, no process of ours is left behind.

        When the traced process refuses the command nothing has run and no trace is kept: raises SystemExit where its
        message was already shown, UsageError otherwise. Raises UsageError, too, when the first perturbed sample to end
        did not run the program.
        """
        waiting = list(range(self._experiment.settings.samples + 1))
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self._width():
                    self._start(self._experiment.sample(waiting.pop(0)))
                self._collect(self._exits.get())
        finally:
            stop(self._running)
        return sorted(self.done, key=lambda sample: sample.index)

    def _width(self) -> int:
        alone = self._input.first_alone and not self.done
        return 1 if alone else self._experiment.settings.jobs

    def _start(self, sample: Sample) -> None:
        if sample.index > 0:
            self._experiment.cache.make_trace(self._experiment.id, sample.index)
        descriptor = self._input.open(sample.index)
        try:
            with (sample.trace / "stdout.txt").open("wb") as stdout, (sample.trace / "stderr.txt").open("wb") as stderr:
                sample.start(descriptor, stdout, stderr)
        except OSError as error:
            raise PytracerError(f"cannot start sample {sample.index}: {error}; free some space or memory") from None
        finally:
            os.close(descriptor)
        self._running.append(sample)
        if sample.index == 0 and self._forward:
            self._followers = follow_output(sample.trace)
        threading.Thread(target=self._wait, args=(sample,), daemon=True).start()

    def _wait(self, sample: Sample) -> None:
        try:
            sample.wait()
        finally:  # whatever went wrong, `run` waits for this
            self._exits.put(sample)

    def _collect(self, sample: Sample) -> None:
        self._running.remove(sample)
        if sample.index == 0:
            self._input.first_ended()
            for follower in self._followers:
                follower.finish()
            if sample.refused():
                self._give_up(sample.refusal())
        elif all(other.index == 0 for other in self.done) and (reason := why_not_started(sample.trace)):
            self._experiment.discard()
            raise UsageError(reason)
        self.done.append(sample)
        self._ended(sample)

    def _give_up(self, message: str) -> NoReturn:
        self._experiment.discard()
        if self._forward:
            sys.exit(EXIT_USAGE)  # the message was shown as the sample printed it
        raise UsageError(message)
