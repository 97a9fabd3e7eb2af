"""Pickles made to run code, or to take all memory, stack or time: each is refused in one line, within bounds."""

import pickle
import struct
from pathlib import Path
from typing import Any

import bounded
import pytest
from pickling import record, write_original

from pytracer.errors import UsageError
from pytracer.records.pickles import open_trace

START = b"\x80\x04"
MEGABYTE = 2**20


class Calls:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def ran(*_: object) -> None:
    raise AssertionError("the file ran code")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Calls(eval, "1/0"), "builtins.eval"),
        (Calls(exec, "raise SystemExit"), "builtins.exec"),
        (Calls(getattr, "x", "upper"), "builtins.getattr"),
        (Calls(__import__, "os"), "builtins.__import__"),
        (Calls(open, "/etc/passwd"), r"\w*io\.open"),
        (Path("/"), r"pathlib.*Path"),
        (ran, r"\S*test_pickle_attacks\.ran"),
        (ValueError("no"), "builtins.ValueError"),
        (slice(3), "builtins.slice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_of_code_are_refused(tmp_path: Path, value: Any, name: str) -> None:
    path = write_original(tmp_path / "o.pkl", [record("inputs", 0, "f"), record("outputs", 0, "f", Ret=value)])
    with pytest.raises(UsageError, match=f"record 2 of .* contains {name}: .*numbers, texts, containers") as caught:
        open_trace(path)
    assert "\n" not in str(caught.value)


def name(module: str, name: str) -> bytes:
    return b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name)) + b"\x93"


def whole(args: bytes) -> bytes:
    """A record of the original with these pickled arguments."""
    fields = {"id": 0, "time": 0, "module": "m", "function": "f", "label": "inputs", "backtrace": None}
    rest = pickle.dumps(fields, 4)
    rest = rest[rest.index(b"}") : -1].replace(b"\x94", b"")  # no frame, no memo, no end
    return START + rest + b"\x8c\x04args" + args + b"s."


def own(label: bytes) -> bytes:
    """A record of ours whose only value has this pickled label."""
    meta = b'{"schema": 1}'
    head = {"pytracer": {"version": 1, "files": {"meta.json": meta}}, "label": "inputs", "args": {}, "time": 0}
    extra = b"\x8c\x08pytracer" + b"}(\x8c\x04lane\x8c\x10process-0/lane-0\x8c\x06values](" + b"(" + label
    extra += b"K\x00K\x00K\x00K\x01Ntaeu"
    record = b"}(\x8c\x05label\x8c\x06inputs\x8c\x04timeK\x01\x8c\x04args}" + extra + b"u"
    return pickle.dumps(head, 4) + START + record.replace(b"taeu", b"teu") + b"."


DEEP = b")" + b"\x85" * 200_000
ARRAY = name("numpy", "ndarray")
DTYPE = b"\x8c\x03<f8"
CONTENT = b"B" + struct.pack("<I", MEGABYTE) + bytes(MEGABYTE)

ATTACKS = {
    "memo index": (START + b"Nr\xff\xff\xff\x7f" + b"0.", "instruction 0x30"),
    "many memos": (START + b"N" + b"\x94" * 2**21 + b".", "remembers more than"),
    "large bytes": (START + b"\x8e" + struct.pack("<Q", 2**40) + b"x.", "ends inside its first record"),
    "largest bytes": (START + b"\x8e" + struct.pack("<Q", 2**64 - 1) + b"x.", "ends inside its first record"),
    "large text": (START + b"\x8d" + struct.pack("<Q", 2**63) + b"x.", "ends inside its first record"),
    "large byte array": (START + b"\x96" + struct.pack("<Q", 2**45) + b"x.", "ends inside its first record"),
    "large integer": (START + b"\x8b\xff\xff\xff\x7f.", "ends inside its first record"),
    "negative length": (START + b"\x8b\xff\xff\xff\xff.", "a length is negative"),
    "large frame": (START + b"\x95" + b"\xff" * 8 + b"N.", "a record is no dictionary"),
    "many lists": (START + b"]" * 2**21 + b".", "more than 1048576 containers"),
    "deep tuple": (START + DEEP + b".", "a record is no dictionary"),
    "deep key": (START + b"}" + DEEP + b"Ns.", "not as expected"),
    "deep value": (whole(b"}\x8c\x01x" + DEEP + b"s"), "sound"),
    "deep label": (own(DEEP), "a number has the wrong type"),
    "array of nothing": (whole(b"}\x8c\x01x" + ARRAY + b"\x8a\x06" + bytes(5) + b"\x01\x85" + DTYPE + b"C\x08" + bytes(8) + b"\x87Rs"), "do not fill"),
    "array of itself": (whole(b"}\x8c\x01x" + ARRAY + b"]\x94h\x00aDTYPEC\x00\x87Rs".replace(b"DTYPE", DTYPE)), "no shape"),
    "one content, many arrays": (
        whole(
            b"}\x8c\x01x](" + ARRAY + b"\x94" + CONTENT + b"\x94"
            + b"".join(b"h\x00J\x00\x00\x02\x00\x85\x8c\x03<f8h\x01\x87R" for _ in range(60)) + b"es"
        ),
        "claims more values",
    ),
    "lists of one list": (
        whole(b"}\x8c\x01x](](" + b"N" * 64 + b"e\x94" + b"".join(b"](" + bytes([104, i]) * 64 + b"e\x94" for i in range(4)) + b"es"),
        "claims more values",
    ),
    "calls of a list": (START + b"](K\x01e)R.", "a call of what cannot be called"),
    "many arguments": (START + name("traceback", "FrameSummary") + b"(" + b"N" * 100 + b"tR.", "a call of what cannot be called"),
    "state of a number": (START + b"K\x01Nb.", "a state for what has none"),
    "long name": (START + b"c" + b"x" * 10_000, "a name has no end"),
    "cut in a record": (START + b"}(", "ends inside its first record"),
    "persistent name": (START + b"NQ.", "instruction 0x51 is not admitted"),
    "extension": (START + b"\x82\x01.", "instruction 0x82 is not admitted"),
    "two objects": (START + b"NN.", "does not fit its operands"),
    "empty stack": (START + b"a.", "does not fit its operands"),
    "other protocol": (b"\x80\x63N.", "its protocol is not known"),
}  # fmt: skip


def test_attacks_are_refused_within_bounds(tmp_path: Path) -> None:
    paths = []
    for title, (content, _) in ATTACKS.items():
        paths.append(tmp_path / f"{title}.pkl")
        paths[-1].write_bytes(content)
    outcomes = dict(zip(ATTACKS, bounded.run("trace", *paths), strict=True))
    for title, (_, expected) in ATTACKS.items():
        assert any(each in outcomes[title] for each in expected.split("|")), (title, outcomes[title])
