"""Decides which traces are the reference, which are measured, and which are not, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytracer.errors import TraceError, UsageError
from pytracer.parse.explain import Explainer
from pytracer.parse.schema import UNKNOWN_EXIT
from pytracer.records.pickle_original import UNKNOWN_NOISE
from pytracer.records.pickles import open_trace
from pytracer.records.reader import Trace

NOISE_COUNTERS = ("noisy_loops", "noisy_elements", "inexact_elements", "noisy_native_calls")
"""Counters of perturbed operations: all zero means that nothing was perturbed inside the process."""


class Status(StrEnum):
    """What a sample is used for."""

    REFERENCE = "reference"
    MEASURED = "measured"
    FAILED = "failed"
    UNPERTURBED = "unperturbed"


@dataclass(frozen=True)
class Sample:
    """One execution. `trace` is None when it could not be read; its number is then -1."""

    path: Path
    trace: Trace | None
    exit_code: int  # UNKNOWN_EXIT when not known
    status: Status
    reason: str = ""

    @property
    def number(self) -> int:
        """0 for the unperturbed reference."""
        return -1 if self.trace is None else self.trace.sample


@dataclass(frozen=True)
class Experiment:
    """All samples of one program, the reference first."""

    samples: tuple[Sample, ...]
    verdict: str  # 'measured', or 'not perturbed: ' and the reason

    @property
    def reference(self) -> Trace:
        """The trace that the others are compared with."""
        trace = self.samples[0].trace
        if trace is None:
            raise TraceError(f"cannot read the reference {self.samples[0].path}")
        return trace

    @property
    def perturbed(self) -> bool:
        """Whether there is anything to measure."""
        return self.verdict == Status.MEASURED

    @property
    def compared(self) -> list[Trace]:
        """The traces to align with the reference: those that ended as it did."""
        return [s.trace for s in self.samples[1:] if s.trace is not None and s.status != Status.FAILED]

    @property
    def measured(self) -> list[int]:
        """Index in `compared` of the samples that are measured; empty when there is nothing to measure."""
        used = [s for s in self.samples[1:] if s.trace is not None and s.status != Status.FAILED]
        return [i for i, s in enumerate(used) if s.status == Status.MEASURED] if self.perturbed else []

    @property
    def perturbed_from_outside(self) -> bool:
        """Whether settings around the measured samples differ: what they change is not counted."""
        return any(self.compared[i].settings for i in self.measured)

    def explainer(self) -> Explainer | None:
        """Tells which setting changed what; None where the operations were perturbed, too, and nobody could tell."""
        traces = [self.compared[i] for i in self.measured]
        if any(trace.counters()[name] for trace in traces for name in NOISE_COUNTERS):
            return None
        explainer = Explainer([trace.sample for trace in traces], [trace.settings for trace in traces])
        return explainer if explainer.is_possible else None


def open_experiment(
    paths: Sequence[Path], exit_codes: Mapping[Path, int | None], trace_format: str = "auto"
) -> Experiment:
    """Open the traces of one program. `exit_codes` by path; one that is not known counts as that of the reference.

    Raises:
        TraceError: the reference cannot be read.
        UsageError: there are no traces, they are of different programs, or a pickle trace names what is not data.
    """
    if not paths:
        raise UsageError("no traces to parse: run `pytracer trace` or `pytracer run` first")
    traces: list[Trace] = []
    unreadable: list[tuple[Path, TraceError]] = []
    for path in paths:
        try:
            traces.append(open_trace(path, trace_format))
        except TraceError as error:
            unreadable.append((Path(path), error))
    traces.sort(key=lambda trace: trace.sample)
    if not traces or (unreadable and traces[0].sample != 0):
        raise unreadable[0][1]
    reference = traces[0]
    for trace in traces:
        if trace.meta["command"] != reference.meta["command"]:
            raise UsageError(
                f"{trace.path} is a trace of {' '.join(trace.meta['command'])!r}, {reference.path} of "
                f"{' '.join(reference.meta['command'])!r}: parse the traces of one program at a time"
            )
    samples = [Sample(reference.path, reference, _code(reference, exit_codes), Status.REFERENCE)]
    samples += [_classify(trace, reference, exit_codes) for trace in traces[1:]]
    samples += [Sample(path, None, UNKNOWN_EXIT, Status.FAILED, str(error)) for path, error in unreadable]
    return Experiment(tuple(samples), _verdict(samples))


def _code(trace: Trace, exit_codes: Mapping[Path, int | None]) -> int:
    code = exit_codes.get(trace.path)
    return UNKNOWN_EXIT if code is None else code


def _classify(trace: Trace, reference: Trace, exit_codes: Mapping[Path, int | None]) -> Sample:
    code, expected = _code(trace, exit_codes), _code(reference, exit_codes)
    if UNKNOWN_EXIT not in (code, expected) and code != expected:
        reason = f"it ended with exit code {code}, the reference with {expected}"
        return Sample(trace.path, trace, code, Status.FAILED, reason)
    if trace.model == "none":
        return Sample(trace.path, trace, code, Status.UNPERTURBED, "it ran without noise")
    if trace.model == UNKNOWN_NOISE:
        reason = "the traces of the original do not say how the program was perturbed"
        return Sample(trace.path, trace, code, Status.UNPERTURBED, reason)
    counters = trace.counters()
    if not any(counters[name] for name in NOISE_COUNTERS) and not trace.settings:
        reason = f"the noise model {trace.model} performed no noisy operation"
        return Sample(trace.path, trace, code, Status.UNPERTURBED, reason)
    return Sample(trace.path, trace, code, Status.MEASURED)


def _verdict(samples: Sequence[Sample]) -> str:
    measured = sum(sample.status == Status.MEASURED for sample in samples)
    if measured >= 2:
        return Status.MEASURED.value
    if len(samples) == 1:
        reason = "there is one sample only"
    elif measured:
        reason = "one usable perturbed sample, at least 2 are needed"
    elif all(sample.status == Status.FAILED for sample in samples[1:]):
        reason = "all perturbed samples failed"
    else:
        reason = next(sample.reason for sample in samples if sample.status == Status.UNPERTURBED)
        reason = reason.removeprefix("it ran ").replace("without noise", "the samples ran without noise")
    return f"not perturbed: {reason}"
