from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinybert.augmentation.decimals import dimension_of, parse_rows
from tinybert.errors import BadInputError

# As GloVe's files have them, and as they do not.
NUMBERS = st.one_of(
    st.floats(-4, 4).map(lambda value: f"{value:.5g}"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-1000, 1000).map(str),
    st.sampled_from(
        ["-0.0", "0", "1e-05", "-9.2401e-05", "+0.5", ".5", "5.", "00.25", "0.12345678", "0.123456789", "-.75E+2"]
    ),
)
TOKENS = st.one_of(
    st.sampled_from([". . .", "at name@domain.com", "1.5", "-", "...", "é", "a b", "\u2028", "\xa0.\x85"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1).map(
        lambda text: text.split(" ")[0].strip() or "x"
    ),
)
ENDS = st.sampled_from(["\n", "\n", "\n", " \n", "\r\n"])
ROWS = st.integers(1, 6).flatmap(
    lambda dimension: st.lists(
        st.tuples(TOKENS, st.lists(NUMBERS, min_size=dimension, max_size=dimension), ENDS), min_size=1
    )
)


@given(ROWS)
@settings(deadline=None, max_examples=300)
def test_tokens_and_the_numbers_of_float(rows: list[tuple[str, list[str], str]]) -> None:
    """Bit for bit, whatever stands beside a number."""
    text = "".join(f"{token} {' '.join(numbers)}{end}" for token, numbers, end in rows).encode()
    tokens, values = parse_rows(text, len(rows[0][1]), "a file", 1)
    assert tokens == [token.encode() for token, _, _ in rows]
    expected = np.array([[float(number) for number in numbers] for _, numbers, _ in rows])
    assert values.tobytes() == expected.tobytes()


def test_a_long_row_makes_up_for_short_ones() -> None:
    """Together they have as many blanks and points as three regular rows."""
    tokens, values = parse_rows(b"a.b.c. 0.5 0.25\nb 1 0.5\nc 1 2\n", 2, "a file", 1)
    assert (tokens, values.tolist()) == ([b"a.b.c.", b"b", b"c"], [[0.5, 0.25], [1, 0.5], [1, 2]])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a 0.1 nan", "line 8: 'nan' is no finite number"),
        ("a 0.1 1e999", "line 8: '1e999' is no finite number"),
        ("a 0.1 0.2_5", "line 8: '0.2_5' is no finite number"),
        ("a 0.1 0.x5", "line 8: '0.x5' is no finite number"),
        ("a 0.1 x.5", "line 8: 'x.5' is no finite number"),
        ("a 0.1 -1-.5", "line 8: '-1-.5' is no finite number"),
        ("a 0.1 .", "line 8: '.' is no finite number"),
        ("a 0.1 0.\xb25", "line 8: '0.\xb25' is no finite number"),
        ("a 0.1", "line 8 has 1 numbers, most lines have 2"),
        ("", "line 8 has 0 numbers, most lines have 2"),
        ("a 0.1 0.2 0.3", "line 8 has more than 2 numbers"),
    ],
)
def test_rows_that_are_none(row: str, message: str) -> None:
    with pytest.raises(BadInputError, match=f"^a file, {message}.*: get the file anew$"):
        parse_rows(f"one 0.5 0.25\n{row}\ntwo 0.5 0.25\n".encode(), 2, "a file", 7)


@pytest.mark.parametrize(
    ("lines", "dimension"),
    [
        (["the 0.1 0.2", "of 0.3 0.4"], 2),
        (["1 0.1 0.2"], 2),  # a number is a token like any other
        ([". . . 0.1 0.2"], 2),
        (["at 5 0.1 0.2", "the 0.1 0.2", "of 0.1 0.2"], 2),
        (["the 0.1", "of 0.1 0.2", "and 0.1 0.2"], 2),  # which is then an error in line 1
        (["the", "of"], 0),
        ([""], 0),
        ([], 0),
    ],
)
def test_dimension(lines: list[str], dimension: int) -> None:
    assert dimension_of([line.encode() for line in lines]) == dimension
