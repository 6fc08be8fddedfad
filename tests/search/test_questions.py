"""What one may ask, and what is told of what cannot be asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog import InvalidQuery
from turnlog.projections.search.candidates import fts5, tsquery
from turnlog.projections.search.question import ask, fields_named
from turnlog.projections.search.texts import Field


@pytest.mark.parametrize(
    ("query", "fts", "ts"),
    [
        ("wal grow", '("wal" AND "grow")', "('wal' & 'grow')"),
        ("wal AND grow", '("wal" AND "grow")', "('wal' & 'grow')"),
        ('"wal grow"', '("wal" AND "grow")', "('wal' & 'grow')"),
        ("read_model", '("read" AND "model")', "('read' & 'model')"),
        ("sql*", '("sql" *)', "('sql':*)"),
        ("wal -grow", '(("wal") NOT "grow")', "('wal' & !'grow')"),
        ("wal NOT grow", '(("wal") NOT "grow")', "('wal' & !'grow')"),
        ("wal OR a b", '("wal") OR ("a" AND "b")', "('wal') | ('a' & 'b')"),
        ("http://a.b", '("http" AND "a" AND "b")', "('http' & 'a' & 'b')"),
        ("NEAR(a, b)", '("near" AND "a" AND "b")', "('near' & 'a' & 'b')"),
        ("日本語", '("日本" AND "本語")', "('日本' & '本語')"),
        ("日", '("日" *)', "('日':*)"),
        ("--all-branches", '("all" AND "branches")', "('all' & 'branches')"),
        ('wal -"grow up"', '("wal")', "('wal')"),
        ('say "wal grow', '("say" AND "wal" AND "grow")', "('say' & 'wal' & 'grow')"),
        ("'; DROP TABLE x; --", '("drop" AND "table" AND "x")', "('drop' & 'table' & 'x')"),
    ],
)
def test_a_question_in_the_words_of_the_databases(query: str, fts: str, ts: str) -> None:
    question = ask(query)
    assert (fts5(question), tsquery(question)) == (fts, ts)


def test_where_to_look() -> None:
    question = ask("prompt:wal -title:grow OR answers:x")
    assert question.within(Field.TITLE) is None
    prompts, answers = question.within(Field.PROMPT), question.within(Field.ANSWER)
    assert prompts is not None
    assert fts5(prompts) == '("wal")', "what no prompt is, is not asked"
    assert answers is not None
    assert fts5(answers) == '("x")'
    assert fields_named(["tools", "prompts"]) == (Field.PROMPT, Field.INPUT, Field.RESULT)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "no word in ''"),
        ('"', "no word"),
        ("*** ( ) \0", "no word"),
        ("-wal", "only says what not to look for"),
        ("wal OR -grow", "only says what not"),
        ("w*", "at least 2 characters"),
        ("prompt:wal answer:grow", "two things at once"),
        ("a " * 65, "at most 64 words, this one 65"),
        ("x" * 100_000, "at most 2,000 characters, this one 100,000"),
    ],
)
def test_what_cannot_be_asked_is_told(query: str, told: str) -> None:
    """Whatever is typed must never come out as an error of a database."""
    with pytest.raises(InvalidQuery, match=told):
        ask(query)


def test_a_field_that_is_not_there_is_told() -> None:
    with pytest.raises(InvalidQuery, match=r"nothing called 'thoughts'.* titles, prompts"):
        fields_named(["thoughts"])
    with pytest.raises(InvalidQuery, match="name something"):
        fields_named([])


@given(st.text(st.sampled_from("ab\"'*-:() \0🎉日\udc80%?|&!<>~\\") | st.characters(), max_size=60))
def test_whatever_is_typed_is_a_question_or_a_clear_error(text: str) -> None:
    try:
        question = ask(text)
    except InvalidQuery:
        return
    for told in (fts5(question), tsquery(question)):
        words = told.replace('"', "'").split("'")[1::2]
        assert words
        assert not any(set(word) & set("\0\"'\\*&|!():<>") for word in words)
