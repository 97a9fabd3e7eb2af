"""The text that chooses noise is read, checked and written in one standard form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytracer import noise
from pytracer.errors import UsageError
from pytracer.noise import spec

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
TEXTS = st.text(max_size=12).map(str.strip)
PARTS = st.builds(spec.Part, NAMES, st.dictionaries(NAMES, TEXTS, max_size=3))


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_what_is_written_is_read(parts: list[spec.Part]) -> None:
    assert list(spec.parse(spec.write(parts))) == parts


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parts = spec.parse(text)
    except UsageError:
        return
    assert spec.parse(spec.write(parts)) == parts


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("m:only=a,b", {"only": "a,b"}),
        ("m:only=a,b,t=3", {"only": "a,b", "t": "3"}),
        ("m: x = 1 , y = 2 ", {"x": "1", "y": "2"}),
        ('m:x="a=1,b=2+c"', {"x": "a=1,b=2+c"}),
        ('m:x="say ""no"""', {"x": 'say "no"'}),
        ("m:x=a:b=c", {"x": "a:b=c"}),
        ("m:x=", {"x": ""}),
        ("m:", {}),
    ],
)
def test_values(text: str, options: dict[str, str]) -> None:
    assert spec.parse(text) == (spec.Part("m", options),)


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("sr", "sr"),
        ("sr:mode=random", "sr"),
        ("sr:mode=nearness", "sr:mode=nearness"),
        ("sr + platform:only=threads,hash", "sr+platform:only=threads,hash"),
        ("platform:only=hash,memory,threads,simd,blas", "platform"),
        ('env:B="x",prefix=nice -n {sample},A="1+1"', 'env:prefix=nice -n {sample},B=x,A="1+1"'),
        ("verificarlo:precision32=24,precision=12", "verificarlo:precision=12"),
    ],
)
def test_the_standard_form_leaves_defaults_out(text: str, standard: str) -> None:
    assert noise.create(text).text == standard
    assert noise.create(standard).text == standard
    assert noise.create(text).describe()["model"] == standard


def test_options_of_the_configuration_hold_for_what_is_named_without_them() -> None:
    defaults = ["sr:mode=nearness", "platform:only=blas"]
    assert noise.create("sr", defaults).text == "sr:mode=nearness"
    assert noise.create("sr:mode=random", defaults).text == "sr"
    assert noise.create("platform:only=hash+sr", defaults).text == "platform:only=hash+sr:mode=nearness"
    assert noise.create("none", defaults).text == "none"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no model is named"]),
        ("sr+", ["no model beside a +"]),
        ("srr", ["'srr'", "did you mean 'sr'", "the models are none, sr"]),
        ("sr:mod=random", ["no option 'mod'", "did you mean 'mode'", "its options are mode"]),
        ("none:mode=random", ["no option 'mode'", "it has none"]),
        ("sr:mode=nearnes", ["'mode'", "'sr'", "cannot be 'nearnes'", "did you mean 'nearness'", "'random'"]),
        ("sr:nearness", ["'nearness' after 'sr'", "write option=value"]),
        ("sr:mode=random,mode=nearness", ["'mode'", "twice"]),
        ('sr:mode="random', ["not closed"]),
        ('env:X=a"b"', ["'X'", "quote the whole value"]),
        ("platform:only=blas,thread", ["'only'", "'blas,thread'", "blas,simd,threads,hash,memory"]),
        ("verificarlo:precision=54", ["'54'", "an integer from 1 to 53"]),
        ("verificarlo:precision=0", ["'0'"]),
        ("verificarlo:precision=1.5", ["'1.5'"]),
        ("verificarlo:precision=" + "9" * 5000, ["an integer from 1 to 53"]),
        ("env", ["nothing to set"]),
        ("env:A B=1", ["'A B'"]),
        ("env:prefix='a", ["a command"]),
        ("env:X=\0", ["any text"]),
    ],
)
def test_mistakes_are_named(text: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        noise.create(text)
    assert [word for word in words if word not in str(error.value)] == []


def test_each_model_has_its_name() -> None:
    for name in noise.MODELS:
        kind = noise.model_class(name)
        assert kind.name == name
        assert noise.create(f"{name}:{kind.EXAMPLE}").text.startswith(name)
