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
from pytracer.records.start import why_not_started
from pytracer.shared import NO_NOISE

NOISE_COUNTERS = ("noisy_loops", "noisy_elements", "inexact_elements", "noisy_native_calls", "noisy_scalars")
"""Counters of perturbed operations: all zero means that nothing was perturbed inside the process."""

_UNPERTURBED = (NO_NOISE, UNKNOWN_NOISE)


class Status(StrEnum):
    """What a sample is used for."""

    REFERENCE = "reference"
    MEASURED = "measured"
    FAILED = "failed"
    UNPERTURBED = "unperturbed"
    REPEATED = "repeated"


_COMPARED = ((Status.MEASURED, Status.UNPERTURBED), (Status.FAILED,))


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
        """Chooses the noise; 0 where there is none."""
        return -1 if self.trace is None else self.trace.sample

    @property
    def broke_off(self) -> bool:
        """Whether the program was killed or ended with an error."""
        return self.exit_code not in (0, UNKNOWN_EXIT) or (self.trace is not None and self.trace.ended_ns is None)


@dataclass(frozen=True)
class Experiment:
    """All samples of one program; the first is the reference, or a perturbed one where none ran unperturbed."""

    samples: tuple[Sample, ...]
    verdict: str  # 'measured', or 'not perturbed: ' and the reason

    @property
    def reference(self) -> Trace:
        """The trace that the others are aligned with."""
        trace = self.samples[0].trace
        if trace is None:
            raise TraceError(f"cannot read the reference {self.samples[0].path}")
        return trace

    @property
    def perturbed(self) -> bool:
        """Whether there is anything to measure."""
        return self.verdict == Status.MEASURED

    @property
    def aligned(self) -> list[int]:
        """Index in `samples` of those to align: the reference, those that ended as it did, those that did not."""
        others = [i for i, s in enumerate(self.samples) if i > 0 and s.trace is not None]
        return [0, *(i for status in _COMPARED for i in others if self.samples[i].status in status)]

    @property
    def compared(self) -> list[Trace]:
        """The traces to align; the first is the reference."""
        return [s.trace for s in (self.samples[i] for i in self.aligned) if s.trace is not None]

    @property
    def measured(self) -> list[int]:
        """Index in `compared` of the samples that are measured; empty when there is nothing to measure."""
        used = [self.samples[i] for i in self.aligned]
        return [i for i, s in enumerate(used) if s.status == Status.MEASURED] if self.perturbed else []

    @property
    def ended(self) -> list[bool]:
        """Of each of the compared samples whether it ended unlike the reference; where that is the one that broke off,
        whether it did so, too.
        """
        samples = [self.samples[i] for i in self.aligned]
        failed = [sample.status == Status.FAILED for sample in samples]
        return [sample.broke_off for sample in samples] if any(failed) and samples[0].broke_off else failed

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

    Where none ran unperturbed the others are aligned with one of the perturbed traces, which is measured, too.

    Raises:
        TraceError: no trace can be read, or one that may be the reference.
        UsageError: there are no traces, they are of different programs or noise, or a pickle trace names what is not
            data.
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
    reference = next((trace for model in _UNPERTURBED for trace in traces if trace.model == model), None)
    if unreadable and reference is None:
        raise unreadable[0][1]
    first = reference or min(traces, key=lambda trace: _code(trace, exit_codes) not in (0, UNKNOWN_EXIT))
    _check_alike(traces, first)
    samples = [_classify(first, first, exit_codes)]
    if reference is not None:
        samples = [Sample(first.path, first, _code(first, exit_codes), Status.REFERENCE)]
    known = {_noise(first): first}
    for trace in traces:
        if trace is not first:
            samples.append(_classify(trace, first, exit_codes, known.get(_noise(trace))))
            if samples[-1].status != Status.FAILED:
                known.setdefault(_noise(trace), trace)
    samples += [
        Sample(path, None, UNKNOWN_EXIT, Status.FAILED, why_not_started(path) or str(error))
        for path, error in unreadable
    ]
    return Experiment(tuple(samples), _verdict(samples))


def _check_alike(traces: Sequence[Trace], first: Trace) -> None:
    """Raise UsageError for traces that cannot be measured together."""
    noisy = [trace for trace in traces if trace.model not in _UNPERTURBED]
    for trace in traces:
        if trace.meta["command"] != first.meta["command"]:
            raise UsageError(
                f"{trace.path} is a trace of {' '.join(trace.meta['command'])!r}, {first.path} of "
                f"{' '.join(first.meta['command'])!r}: parse the traces of one program at a time"
            )
    for trace in noisy:
        if trace.model != noisy[0].model:
            raise UsageError(
                f"{trace.path} ran under the noise {trace.model!r}, {noisy[0].path} under {noisy[0].model!r}: parse "
                "the traces of one noise at a time"
            )


def _noise(trace: Trace) -> tuple[str, int | None, int]:
    """Traces that have it in common ran under the same noise."""
    return trace.model, trace.seed, trace.sample


def _code(trace: Trace, exit_codes: Mapping[Path, int | None]) -> int:
    code = exit_codes.get(trace.path)
    return UNKNOWN_EXIT if code is None else code


def _classify(trace: Trace, first: Trace, exit_codes: Mapping[Path, int | None], alike: Trace | None = None) -> Sample:
    """What a trace is good for; `first` is the one it is aligned with, `alike` one under the same noise."""
    code, expected = _code(trace, exit_codes), _code(first, exit_codes)
    if UNKNOWN_EXIT not in (code, expected) and code != expected:
        other = "the reference" if first.model in _UNPERTURBED else f"sample {first.sample}"
        return Sample(
            trace.path, trace, code, Status.FAILED, f"it ended with exit code {code}, {other} with {expected}"
        )
    if trace.ended_ns is None and first.ended_ns is not None and code == UNKNOWN_EXIT:
        return Sample(trace.path, trace, code, Status.FAILED, "its trace ends early: it was killed or is still running")
    if trace.model == NO_NOISE:
        return Sample(trace.path, trace, code, Status.UNPERTURBED, "it ran without noise")
    if trace.model == UNKNOWN_NOISE:
        reason = "the traces of the original do not say how the program was perturbed"
        return Sample(trace.path, trace, code, Status.UNPERTURBED, reason)
    if alike is not None:
        reason = f"same noise as {alike.path.name}: seed {trace.seed}, sample {trace.sample}"
        return Sample(trace.path, trace, code, Status.REPEATED, reason)
    counters = trace.counters()
    if not any(counters[name] for name in NOISE_COUNTERS) and not trace.settings:
        reason = f"the noise model {trace.model} performed no noisy operation"
        return Sample(trace.path, trace, code, Status.UNPERTURBED, reason)
    return Sample(trace.path, trace, code, Status.MEASURED)


def _verdict(samples: Sequence[Sample]) -> str:
    measured = sum(sample.status == Status.MEASURED for sample in samples)
    if measured >= 2:
        return Status.MEASURED.value
    without = [sample for sample in samples if sample.status == Status.UNPERTURBED]
    if len(samples) == 1:
        reason = "there is one sample only"
    elif measured:
        same = " (others had the same noise)" * any(sample.status == Status.REPEATED for sample in samples)
        reason = f"one usable perturbed sample{same}, at least 2 are needed"
    elif not without:
        reason = "all perturbed samples failed"
    else:
        noisy = (sample.reason for sample in without if sample.trace is not None and sample.trace.model != NO_NOISE)
        reason = next(noisy, "the samples ran without noise")
    return f"not perturbed: {reason}"
