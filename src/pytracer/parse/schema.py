"""The result file, version 1: everything that reports and the dashboard show. This file is the specification.

One HDF5 file. Every table is a group with one dataset per column; the columns of a table have equal length, and a row
is an index into all of them. Texts are HDF5 variable-length UTF-8 strings. Bits are significant bits (base 2); NaN
means "not measured" (not perturbed, not a floating-point value, or not comparable), never "exact". ATTRIBUTES stand
on the root group. `provenance` is one JSON text: the meta.json of the reference sample.

Calls are those that any sample made, matched over the samples, lane after lane. Each shows the record of one sample
(`source`): the reference (sample 0, unperturbed) where it made the call, else the first sample that did. Where samples
went different ways stands in `divergences`.

History
    1   first version
"""

from enum import IntFlag
from typing import Any, Final

RESULT_FORMAT: Final = "pytracer-result"
RESULT_VERSION: Final = 1

TEXT: Final = "text"

ELEMENTS_PER_VALUE: Final = 2**18
"""Element-wise statistics are kept for arrays of at most so many elements,"""
ELEMENTS_PER_RESULT: Final = 2**23
"""and so many in all, in order of call. Bits per value are always measured over all elements."""

OBSERVATIONS_PER_VALUE: Final = 2**12
"""What each sample observed is kept for values of at most so many elements that differ between samples,"""
OBSERVATIONS_PER_RESULT: Final = 2**22
"""and so many numbers in all, in order of call."""

CONDITION_SIZE: Final = 2**16
"""Matrices of at most so many elements have a condition number."""

SOURCE_BYTES: Final = 2**20
"""Source files of at most so many bytes are kept,"""
SOURCES_PER_RESULT: Final = 2**25
"""and so many bytes in all."""

UNKNOWN_EXIT: Final = -(2**31)
"""Exit code of a sample that the caller of the parser did not know."""


class Finding(IntFlag):
    """In what a value differs between the samples that made its call, beside its numbers."""

    MISSING = 1  # some samples have no such value: a key, an item or an argument that others have
    KIND = 2  # its kind or the type of an object
    DTYPE = 4
    SHAPE = 8
    NAN = 16  # elements that are NaN in some samples only
    INF = 32  # elements that are infinite in some samples only, or infinities of both signs


ATTRIBUTES: Final[dict[str, tuple[type, str]]] = {
    "format": (str, "'pytracer-result'"),
    "version": (int, "version of the format"),
    "pytracer": (str, "version of pytracer that parsed"),
    "perturbed": (bool, "whether anything could be measured"),
    "verdict": (str, "'measured', or 'not perturbed: ' and the reason"),
    "samples": (int, "number of perturbed samples that were measured"),
    "method": (str, "'cnh' (Centered Normality Hypothesis) or 'general' (Bernoulli trials)"),
    "reference": (str, "what bits are relative to: 'mean' of the samples, or 'ieee', the unperturbed sample"),
    "probability": (float, "probability of the significant bits"),
    "confidence": (float, "confidence level of the significant bits"),
    "elements_omitted": (int, "elements whose statistics are not stored because of the limits"),
}

TABLES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "functions": {
        "module": (TEXT, "defining module"),
        "name": (TEXT, "qualified name inside the module"),
        "kind": (TEXT, "python | ufunc | builtin | method | dispatcher | cython | callable"),
        "file": (TEXT, "source file, empty when unknown"),
        "line": ("i4", "first line, 0 when unknown"),
        "params": (TEXT, "JSON list of parameter names"),
        "signature": (TEXT, "such as '(a, b, *, out=None)'; empty when unknown"),
        "calls": ("i8", "number of calls"),
        "measurable": ("i8", "number of them that are measurable"),
        "input_bits_min": ("f8", "bits: minimum over its calls"),
        "output_bits_min": ("f8", "bits: minimum over its calls"),
        "output_bits_median": ("f8", "bits: median over its calls of output_bits_min"),
        "bits_lost_max": ("f8", "bits: maximum over its calls"),
        "bits_lost_median": ("f8", "bits: median over its calls"),
        "worst_call": ("i8", "row in calls of the one that loses most; -1 for none"),
    },
    "sources": {
        "file": (TEXT, "source file of call sites, as in sites"),
        "text": (TEXT, "its text at parse time, within the limits; empty when it could not be read"),
    },
    "edges": {
        "caller": ("i4", "row in functions, -1 for the program itself"),
        "callee": ("i4", "row in functions"),
        "calls": ("i8", "number of calls of one by the other"),
        "duration_ns": ("i8", "time in them, in the samples that they show"),
        "bits_lost_max": ("f8", "bits: maximum over those calls"),
        "output_bits_min": ("f8", "bits: minimum over those calls"),
    },
    "confidence": {
        "samples": ("i4", "number of samples n that observed a value"),
        "to_estimate": (
            "f8",
            "what to add to its bits, a lower bound, for the estimate, before a cut to 0..precision",
        ),
        "to_upper": ("f8", "what to add for the upper bound; NaN when the method has none"),
    },
    "sites": {
        "file": (TEXT, "source file of the call site, absolute where the trace had it so"),
        "line": ("i4", "line of the call site, 0 when unknown"),
        "function": (TEXT, "qualified name of the caller"),
        "text": (TEXT, "that source line, stripped; empty when it could not be read at parse time"),
    },
    "labels": {
        "text": (TEXT, "name of a value for the reader, such as 'x', 'b[0]', 'return', 'a (after)'"),
    },
    "types": {
        "kind": ("u1", "records.schema.Kind"),
        "dtype": (TEXT, "dtype of an array, type name of an object, otherwise name of the kind"),
        "shape": (TEXT, "shape of an array, such as '(3, 4)'; empty otherwise"),
    },
    "lanes": {
        "process": (TEXT, "folder of the process in the trace"),
        "name": (TEXT, "folder of the thread in the process"),
        "first_call": ("i8", "row in calls"),
        "calls": ("i8", "number of calls"),
    },
    "samples": {
        "sample": ("i4", "number of the sample, which chooses its noise"),
        "trace": (TEXT, "path of the trace"),
        "status": (TEXT, "reference | measured | failed | unperturbed | repeated"),
        "reason": (TEXT, "why it was not measured; empty otherwise"),
        "model": (TEXT, "noise model"),
        "seed": (TEXT, "seed in decimal; empty without noise"),
        "layers": (TEXT, "JSON list: layers of the noise model that were active"),
        "missing": (TEXT, "JSON list: layers that were not available"),
        "settings": (TEXT, "JSON object: what was varied around the process, such as environment variables"),
        "environment": (TEXT, "JSON object: environment variables that can change results, as the program had them"),
        "exit_code": ("i8", "exit code of the program; UNKNOWN_EXIT when not known"),
        "complete": ("u1", "1 when the program ended regularly, 0 when its trace ends early"),
        "started": (TEXT, "ISO 8601 with zone: when its process started, else its recording; empty when not known"),
        "duration_ns": ("i8", "wall time of its process, with tracing and noise; -1 when not known"),
        "calls": ("i8", "number of recorded calls"),
        "calls_dropped": ("i8", "calls not recorded: disk full or a limit"),
        "values_not_understood": ("i8", "values of an unknown type"),
        "values_truncated": ("i8", "containers cut at a limit"),
        "arrays_omitted": ("i8", "arrays recorded without elements"),
        "bytes_omitted": ("i8", "bytes of those arrays"),
        "noisy_loops": ("i8", "NumPy inner loops run with stochastic rounding"),
        "noisy_elements": ("i8", "elements those loops computed"),
        "inexact_elements": ("i8", "numbers whose rounding was drawn, or that inexact() perturbed"),
        "noisy_native_calls": ("i8", "native calls under a random hardware rounding mode"),
        "native_disabled": ("i8", "native calls of the deny-list, rounded to nearest"),
        "noisy_scalars": ("i8", "operations on Python floats and NumPy scalars with stochastic rounding"),
        "inexact_scalars": ("i8", "roundings in those operations that were drawn"),
    },
    "calls": {
        "lane": ("i4", "row in lanes"),
        "parent": ("i8", "row of the enclosing call, -1 for a root"),
        "function": ("i4", "row in functions"),
        "site": ("i4", "row in sites, -1 when unknown"),
        "enter_ns": (
            "i8",
            "time of entry, nanoseconds after the first call of the sample; of a call that only others made, "
            "after the entry of the enclosing call as in its own sample, and before that one ended",
        ),
        "duration_ns": ("i8", "time until exit, -1 when it did not return"),
        "depth": ("i4", "number of enclosing recorded calls"),
        "outcome": ("u1", "records.schema.Outcome"),
        "flags": ("u1", "records.schema.CallFlag"),
        "source": ("i4", "row in samples of the sample whose record is shown"),
        "samples": ("i4", "number of measured samples that made this call"),
        "perturbations": ("i8", "noisy operations during the call, maximum over the measured samples"),
        "measurable": (
            "u1",
            "1 when it was perturbed or its inputs differed in at least two samples; else its bits are NaN",
        ),
        "first_value": ("i8", "row in values of its first input; outputs follow the inputs"),
        "n_inputs": ("i4", "number of input values"),
        "n_outputs": ("i4", "number of output values"),
        "input_bits_min": ("f8", "bits: minimum over the elements of all floating-point inputs"),
        "input_bits_median": ("f8", "bits: smallest of the inputs' medians over their elements"),
        "output_bits_min": ("f8", "bits: minimum over the elements of all floating-point outputs"),
        "output_bits_median": ("f8", "bits: smallest of the outputs' medians over their elements"),
        "bits_lost": ("f8", "bits: input_bits_min (or the outputs' precision without inputs) - output_bits_min"),
        "disagreements": ("i4", "outputs that are no comparable numbers and differ between samples"),
        "worst_value": ("i8", "row in values of the output with the fewest bits, -1 for none"),
    },
    "values": {
        "call": ("i8", "row in calls"),
        "role": ("u1", "records.schema.Role"),
        "position": ("i4", "index of the argument"),
        "label": ("i4", "row in labels"),
        "type": ("i4", "row in types: that of the sample shown"),
        "findings": ("u1", "Finding: in what its type or its special numbers differ between samples"),
        "precision": ("u1", "bits of its floating-point type: 53, 24 or 11; 0 for other types"),
        "bits_min": ("f8", "bits: minimum over the elements"),
        "bits_p05": ("f8", "bits: 5 % quantile over the elements"),
        "bits_median": ("f8", "bits: median over the elements"),
        "bits_mean": ("f8", "bits: mean over the elements"),
        "bits_max": ("f8", "bits: maximum over the elements"),
        "error_bits_min": ("f8", "bits of the mean that agree with the unperturbed sample: minimum over the elements"),
        "error_bits_median": ("f8", "likewise: median over the elements"),
        "unperturbed": ("f8", "value in the unperturbed sample; for an array the mean of its elements; real part"),
        "unperturbed_imag": ("f8", "imaginary part of unperturbed; NaN when not complex"),
        "mean": ("f8", "mean over the samples; for an array the mean of that over its elements; real part"),
        "std": ("f8", "standard deviation over the samples (ddof 1), likewise"),
        "mean_imag": ("f8", "imaginary part of mean; NaN when not complex"),
        "std_imag": ("f8", "standard deviation of the imaginary part; NaN when not complex"),
        "agreement": (
            "f8",
            "share of the samples that have the most common content (discrete values) or type and shape",
        ),
        "worst_element": ("i8", "flat index (C order) of the element with the fewest bits; -1 for none"),
        "worst_mean": ("f8", "mean of that element (real part)"),
        "worst_mean_imag": ("f8", "imaginary part of worst_mean; NaN when not complex"),
        "largest": ("f8", "largest magnitude among the means of the elements: what worst_mean is to be compared with"),
        "norm": ("f8", "Euclidean (Frobenius) norm of the mean"),
        "condition": (
            "f8",
            "2-norm condition number of the mean of a matrix of up to CONDITION_SIZE elements, or NaN",
        ),
        "size": ("i8", "number of elements; 1 for a scalar"),
        "nans": ("i8", "elements that are NaN in some sample"),
        "infs": ("i8", "elements that are infinite in some sample"),
        "elements": ("i8", "first row in elements; -1 when not stored (equal in all samples, above a limit, no array)"),
        "observations": ("i8", "first row in observations; -1 when not stored"),
    },
    "elements": {
        "mean": ("f8", "mean over the samples (real part), C order"),
        "std": ("f8", "standard deviation over the samples, ddof 1 (real part)"),
        "mean_imag": ("f8", "imaginary part of mean; NaN when not complex"),
        "std_imag": ("f8", "standard deviation of the imaginary part; NaN when not complex"),
        "bits": ("f8", "bits of the real part"),
        "bits_imag": ("f8", "bits of the imaginary part; NaN when not complex"),
    },
    "observations": {
        # of a value with M elements: for each sample of status reference or measured, in order of rows in samples, its
        # M elements in C order; NaN where the sample has no such value
        "real": ("f8", "real part"),
        "imag": ("f8", "imaginary part; NaN when not complex"),
    },
    "divergences": {
        "lane": ("i4", "row in lanes"),
        "parent": ("i8", "row in calls of the call whose children differ, -1 for the roots of the lane"),
        "function": ("i4", "row in functions of that call, -1 for the roots"),
        "site": ("i4", "row in sites of the first call that differs, -1 when unknown"),
        "before": ("i8", "row in calls of the last matched call of that list before the difference, -1 for none"),
        "first_call": ("i8", "row in calls of the first unmatched call of the reference, -1 for none"),
        "samples": (TEXT, "JSON list: numbers of the samples that differ from the reference"),
        "reference": (TEXT, "JSON list of {function, outcome, calls}: what the reference called"),
        "sides": (TEXT, "JSON list of {samples, calls: [{function, outcome, calls}]}: what they called instead"),
        "kind": (TEXT, "what differs: a value of parse.divergence.DivergenceKind"),
        "times": ("i8", "how often it was found at the same place; the other columns are of the first time"),
        "evidence": (TEXT, "JSON list of rows in values: those just before it that already differed, worst first"),
    },
    "explanations": {
        "function": ("i4", "row in functions: differences begin in calls of it (same inputs, different outputs)"),
        "site": ("i4", "row in sites, -1 when unknown"),
        "settings": (TEXT, "JSON list: settings of samples, each of which explains them; empty when none does alone"),
        "groups": (TEXT, "JSON list of lists: numbers of the samples with equal outputs, in the first of the calls"),
        "calls": ("i8", "number of such calls"),
    },
    "coverage": {
        "event": (TEXT, "event of records.ledger.Gap"),
        "name": (TEXT, "what it is about; empty where the event says all"),
        "why": (TEXT, "the reason"),
        "count": ("i8", "how many things, calls, values, arrays or bytes: the largest number of any sample"),
        "samples": ("i4", "number of samples that reported it"),
    },
    "notes": {
        "sample": ("i4", "number of the sample"),
        "text": (TEXT, "what was dropped while reading its trace"),
    },
}

ADDED: Final[dict[str, dict[str, str | int]]] = {"samples": {"started": "", "duration_ns": -1}}
"""Columns that files of this version may lack because they were written before, and what is then read: not known."""

REFERENCES: Final = {
    "functions": {"worst_call": "calls"},
    "edges": {"caller": "functions", "callee": "functions"},
    "calls": {
        "lane": "lanes", "parent": "calls", "function": "functions", "site": "sites", "source": "samples",
        "worst_value": "values",
    },
    "values": {
        "call": "calls", "label": "labels", "type": "types", "elements": "elements", "observations": "observations",
    },
    "divergences": {
        "lane": "lanes", "parent": "calls", "function": "functions", "site": "sites", "before": "calls",
        "first_call": "calls",
    },
    "explanations": {"function": "functions", "site": "sites"},
}  # fmt: skip
"""Columns that hold rows of another table, or -1,"""
NEVER_NONE: Final = {
    "edges": ("callee",),
    "calls": ("lane", "function", "source"),
    "values": ("call", "label", "type"),
    "divergences": ("lane",),
    "explanations": ("function",),
}
"""those in which -1 does not occur,"""
_CALLS: Final = [{"function": str, "outcome": str, "calls": int}]
JSON_COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "functions": {"params": [str]},
    "samples": {"layers": [str], "missing": [str], "settings": {str: str}, "environment": {str: str}},
    "divergences": {
        "samples": [int],
        "reference": _CALLS,
        "sides": [{"samples": [int], "calls": _CALLS}],
        "evidence": [int],
    },
    "explanations": {"settings": [str], "groups": [[int]]},
}
"""and those that hold JSON: [t] is a list of t, {str: t} an object of any keys, another object one with these keys."""
