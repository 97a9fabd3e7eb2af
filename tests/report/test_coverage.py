"""The ledger: alike gaps together, the most important first, the same from traces and from a result."""

from pathlib import Path

import numpy as np
from synthetic import Program, write_experiment, write_trace

from pytracer.parse import parse
from pytracer.records.ledger import Gap, gaps, merge, not_understood
from pytracer.records.reader import Trace
from pytracer.records.schema import CALL, VALUE, CallFlag
from pytracer.report.coverage import TITLES, ledger, lines
from pytracer.report.summary import coverage


def test_alike_gaps_are_one_entry_the_largest_first() -> None:
    found = [
        Gap("not_hookable", "m.f", "generic"),
        Gap("values_not_understood", "a.B", "no number", 2),
        Gap("values_not_understood", "a.C", "no number", 40),
        *(Gap("not_hookable", f"m.g{i}", "no slot") for i in range(40)),
        Gap("calls_dropped", "", "full", 5),
    ]
    entries = ledger(merge([found]))
    assert [(entry.event, entry.why, entry.count) for entry in entries] == [
        ("calls_dropped", "full", 5),
        ("not_hookable", "no slot", 40),
        ("not_hookable", "generic", 1),
        ("values_not_understood", "no number", 42),
    ]
    assert [entry.line() for entry in entries] == [
        "calls not recorded: 5: full",
        "callables not hookable: 40 (m.g0, m.g1, m.g2, ...): no slot",
        "callables not hookable: 1 (m.f): generic",
        "values of an unknown type: 42 (40 of a.C, 2 of a.B): no number",
    ]
    assert list(lines(entries, 2))[2:] == ["... and 2 more; --json shows all"]


def test_samples_are_merged_by_their_largest_count() -> None:
    first = [Gap("values_not_understood", "a.B", "w", 2), Gap("not_hookable", "m.f", "w")]
    second = [Gap("values_not_understood", "a.B", "w", 3)]
    assert merge([first, second]) == [
        (Gap("values_not_understood", "a.B", "w", 3), 2),
        (Gap("not_hookable", "m.f", "w", 1), 1),
    ]
    assert [entry.samples for entry in ledger(merge([first, second]))] == [1, 2]


def test_unknown_events_come_last_under_their_names() -> None:
    entries = ledger(merge([[Gap("eclipse_seen", "sun", "dark"), *(Gap(event, "", "w") for event in TITLES)]]))
    assert [entry.event for entry in entries] == [*TITLES, "eclipse_seen"]
    assert entries[-1].line() == "eclipse seen: 1 (sun): dark"


def test_names_do_not_drive_the_terminal() -> None:
    [entry] = ledger(merge([[Gap("not_hookable", "m.\x1b[31m", "a\nb")]]))
    assert entry.line() == "callables not hookable: 1 (m.\\x1b[31m): a\\x0ab"


def body(program: Program) -> None:
    for _ in range(2):
        program.process.coverage("not_hookable", "m.f", "no slot")
    for name, count in (("calls_dropped", 1), ("arrays_omitted", 2), ("bytes_omitted", 300), ("values_truncated", 4)):
        program.process.counters[name] = count
    program.call("f", object(), [object(), 1j.conjugate], result=1.0)
    program.process.counters["values_not_understood"] = 5


def marked(path: Path) -> Path:
    """Let all objects but the first be not understood, and the call a generator's with too many inputs."""
    values = path / "process-0/lane-0/values.bin"
    records = np.fromfile(values, VALUE)
    records["data"][:3] = [0, 1, 1]
    records.tofile(values)
    calls = np.fromfile(path / "process-0/lane-0/calls.bin", CALL)
    calls["flags"] = CallFlag.GENERATOR | CallFlag.INPUTS_CUT
    calls.tofile(path / "process-0/lane-0/calls.bin")
    return path


def test_gaps_of_a_trace(tmp_path: Path) -> None:
    trace = Trace.open(marked(write_trace(tmp_path / "t", body, 0)))
    assert not_understood(trace) == {"object": 1, "builtin_function_or_method": 1}
    assert [(gap.event, gap.name, gap.count) for gap in gaps(trace)] == [
        ("not_hookable", "m.f", 1),
        ("calls_dropped", "", 1),
        ("arrays_omitted", "", 2),
        ("bytes_omitted", "", 300),
        ("containers_cut", "", 4),
        ("values_not_understood", "object", 1),
        ("values_not_understood", "builtin_function_or_method", 1),
        ("values_not_understood", "types not recorded", 3),
        ("calls_cut", "", 1),
        ("generators", "", 1),
    ]


def test_native_modules_are_counted_by_package(tmp_path: Path) -> None:
    def modules(program: Program) -> None:
        for name in ("pandas._libs.a", "pandas._libs.b", "fast"):
            program.process.coverage("native_module_not_hooked", name, "never perturbed")

    [entry] = ledger(merge([gaps(Trace.open(write_trace(tmp_path / "t", modules, 0)))]))
    assert entry.line() == "native modules that are not hooked: 3 (2 of pandas, fast): never perturbed"


def test_nothing_missing_is_nothing(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t", lambda program: program.call("f", 1.0, result=2.0), 0)
    assert gaps(Trace.open(path)) == []


def test_a_result_has_the_ledger_of_its_traces(tmp_path: Path) -> None:
    paths = [marked(path) for path in write_experiment(tmp_path, lambda program, i: body(program), 3)]
    expected = ledger(merge(gaps(Trace.open(path)) for path in paths))
    assert {entry.samples for entry in expected} == {3}
    with parse(paths, tmp_path / "r.h5") as result:
        assert coverage(result) == expected
