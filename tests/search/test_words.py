"""Texts as words: the same on every store, in every script."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.projections.search.words import LONGEST, MOST_BYTES, runs, spans, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Why does the WAL grow?", ["why", "does", "the", "wal", "grow"]),
        ("read_model.py:12", ["read", "model", "py", "12"]),
        ("Café naïve STRASSE Straße", ["cafe", "naive", "strasse", "strasse"]),
        ("cafe\u0301", ["cafe"]),
        ("İstanbul ﬁne Ⅻ ½", ["istanbul", "fine", "xii", "1", "2"]),
        ("日本 ok", ["日", "本", "ok"]),
        ("한국어", ["한", "국", "어"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("done🎉✅", ["done", "🎉", "✅"]),
        ("a\0b\ud800c", ["a", "b", "c"]),
        ("→│ -- … “”", []),
        ("x" * 99, ["x" * LONGEST]),
    ],
)
def test_a_text_as_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_scripts_without_spaces_are_indexed_as_pairs() -> None:
    assert terms("日本語") == ["日本", "本語", "語"]
    assert terms("東 京") == ["東", "京"], "what a space parts is no pair"


def test_more_different_words_than_a_database_takes_are_not_indexed() -> None:
    """A text must never be refused by PostgreSQL for all the words it has."""
    found = terms(" ".join(f"w{n:030}" for n in range(40_000)))
    assert MOST_BYTES * 0.9 < sum(len(word) + 1 for word in found) <= MOST_BYTES


@given(st.text())
def test_words_spans_and_runs_agree(text: str) -> None:
    found = list(spans(text))
    assert [span.word for span in found] == words(text) == [w for run in runs(text) for w in run]
    assert all(0 <= span.start < span.end <= len(text) for span in found)


@given(st.text())
def test_the_database_takes_every_word_as_it_is(text: str) -> None:
    """The index's own tokenizer must never part a word, or change it."""
    found = terms(text)
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE w USING fts5(words, tokenize = ascii)")
        connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(w, row)")
        connection.execute("INSERT INTO w VALUES (?)", (" ".join(found),))
        held = {row[0] for row in connection.execute("SELECT term FROM v")}
    connection.close()
    assert held == set(found)
    assert not any(set(word) & set("\0\"'* ") for word in found)
