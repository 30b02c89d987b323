"""Where a text names somebody: the name as a word, and nothing that only looks like it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.features.people.rules import Naming, pseudonym

SAM = Naming("sam", "X", frozenset({"sam-2", "sammy", "sam_"}))


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Sam", "X"),
        ("tip from @SAM, thanks", "tip from @X, thanks"),
        ("sam's film", "X's film"),
        ("achievement:Lounge:sam:first", "achievement:Lounge:X:first"),
        ("sam-bob-duel", "X-bob-duel"),
        ("duel_sam", "duel_X"),
        ("the same samovar, a sample", "the same samovar, a sample"),
        ("sam2 and sammy", "sam2 and sammy"),
        ("sam-2 and sam_ are others", "sam-2 and sam_ are others"),
        ("1b2c3d4e-0000-4000-8000-000000000sam", "1b2c3d4e-0000-4000-8000-000000000sam"),
        ('{"name":"sam","sam":1}', '{"name": "X", "sam": 1}'),
        ('["for\\nsam", {"n": [1.5, null, "sam"]}]', '["for\\nX", {"n": [1.5, null, "X"]}]'),
        ('{"half \\ud83d of é": "sam"}', '{"half \\ud83d of \\u00e9": "X"}'),
        ('{"cut off\\nsam', '{"cut off\\nX'),
        ("", ""),
    ],
)
def test_a_name_is_replaced_as_a_word(text: str, without: str) -> None:
    """Between separators, in any casing and inside JSON; never inside another word or name."""
    assert SAM.without(text) == without
    assert SAM.names(text) is (text != without)


def test_a_word_of_the_program_is_only_a_name_where_names_stand() -> None:
    """Somebody called like a game leaves the sentences about it as they are."""
    heist = Naming("heist", "X", is_common=True)
    assert heist.without("won the heist") == "won the heist"
    told = heist.without('{"user": {"name": "heist"}, "game": "heist"}')
    assert json.loads(told) == {"user": {"name": "X"}, "game": "heist"}
    assert heist.exactly("HEIST") == "X"


NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)


@given(NAMES, st.lists(NAMES | st.text(max_size=5)), st.sampled_from([" ", ":", "\n", "@", "/"]))
def test_nothing_is_left_of_a_name_between_separators(
    name: str, parts: list[str], separator: str
) -> None:
    """Whatever the name is and whatever stands around it, the other words stay."""
    naming = Naming(name.lower(), "?")
    text = separator.join([*parts, name, *parts])
    words = naming.without(text).split(separator)
    assert not any(word.lower() == naming.name for word in words)
    assert naming.without(naming.without(text)) == naming.without(text)


@given(st.integers(0, 2**64))
def test_a_pseudonym_is_a_name(number: int) -> None:
    """It fits where a name stands: at most 20 letters, digits and dashes, in lower case."""
    name = pseudonym(number)
    assert len(name) <= 20
    assert name == name.lower()
    assert name.replace("-", "").isalnum()
