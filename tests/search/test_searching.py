"""Searching a log: ranked, by page, of some sessions, whatever is typed."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import turnlog
from tests.search.conftest import KEY, OTHER, Talk, texts
from tests.support.entries import HAIKU, OPUS
from tests.support.transcripts import Transcript
from turnlog import InvalidQuery, Log, Refused, SearchFilter, TurnlogError
from turnlog.projections.search.words import terms, words


def test_words_phrases_beginnings_and_what_is_not_wanted(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("the write ahead log") + talk("ahead of the write") + talk("a logbook"))
    found = {query: sorted(texts(log, query, ["prompts"])) for query in (
        "write ahead", '"write ahead"', "log*", "log", "write -log", 'write -"ahead log"',
        '"ahead lo"*', "logbook OR of", "WRITE*",
    )}  # fmt: skip
    first, second, third = "the write ahead log", "ahead of the write", "a logbook"
    assert found == {
        "write ahead": [second, first],
        '"write ahead"': [first],
        "log*": [third, first],
        "log": [first],
        "write -log": [second],
        'write -"ahead log"': [second],
        '"ahead lo"*': [first],
        "logbook OR of": [third, second],
        "WRITE*": [second, first],
    }


@pytest.mark.parametrize("query", ["日本語", "日本", "語", "東京", "café", "CAFE", "straße", "✅"])
def test_any_script_is_found(log: Log, talk: Talk, query: str) -> None:
    log.append(KEY, talk("これは日本語です、東京の Café in der STRASSE ✅"))
    [hit] = log.search(query).hits
    [(start, end), *_] = hit.snippet.marks
    assert hit.snippet.text[start:end].casefold() in ("日本語", "日本", "語", "東京", "café",
                                                      "strasse", "✅")  # fmt: skip


def test_a_phrase_of_unspaced_characters_is_found_whole(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("日本語") + talk("日本と本語"))
    assert texts(log, "日本語") == ["日本語"]


def test_the_best_comes_first(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("about cats, and at some length of other animals and of their lives"))
    log.append(KEY, talk("cats chase cats", "Nothing of them."))
    log.append(KEY, talk("Who chases?", "The cats do."))
    log.rename(KEY, "Cats")
    fields = [hit.field for hit in log.search("cats").hits]
    assert fields == ["title", "prompt", "prompt", "answer"]
    assert texts(log, "cats")[1] == "cats chase cats"
    scores = [hit.score for hit in log.search("cats").hits]
    assert scores == sorted(scores, reverse=True)


def test_the_passage_shows_why(log: Log, talk: Talk) -> None:
    long = f"{'lorem ' * 200}the needle\n\tlies in\u2028a haystack {'ipsum ' * 200}"
    log.append(KEY, talk(long))
    [hit] = log.search("needle haystack").hits
    passage = hit.snippet.text
    assert "the needle lies in a haystack" in passage
    assert len(passage) < 230
    assert passage.startswith("… lorem")
    assert passage.endswith("ipsum …")
    assert [passage[a:b] for a, b in hit.snippet.marks] == ["needle", "haystack"]


def test_pages_show_each_hit_once(log: Log, talk: Talk) -> None:
    log.append(KEY, [entry for n in range(45) for entry in talk(f"cat number {n}")])
    pages = [log.search("cat", ["prompts"], limit=10, page=n) for n in range(1, 7)]
    assert [len(page.hits) for page in pages] == [10, 10, 10, 10, 5, 0]
    assert len({hit.version for page in pages for hit in page.hits}) == 45
    assert [page.more for page in pages] == [True] * 4 + [False] * 2
    assert pages[0].total == 45
    assert pages[0].complete


def test_of_very_many_the_newest_are_weighed(log: Log, talk: Talk) -> None:
    log.append(KEY, [entry for n in range(80) for entry in talk(f"cat number {n}")])
    found = log.search("cat", ["prompts"])
    assert (found.total, found.complete) == (60, False)
    assert max(hit.version for hit in found.hits) > 250


def test_of_some_sessions(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("cats in the shop", model=OPUS), user_id="ada")
    other = Transcript(OTHER.session_id, seed=2, start="2026-11-01T00:00:00.000Z")
    other.prompt("cats in the atlas")
    other.answer("Yes.", model=HAIKU, stop_reason="max_tokens")
    log.append(OTHER, other.entries, user_id="bob")
    log.tag(KEY, ["pets"])
    costs = {key: log.session(key.session_id).billed.cost_usd for key in (KEY, OTHER)}
    between = sum(costs.values()) / 2
    dear, cheap = sorted(costs, key=lambda key: -costs[key])
    said = {key: log.state(key).first_at or 0 for key in (KEY, OTHER)}
    early, late = sorted(said, key=lambda key: said[key])
    for asked, key in [
        (SearchFilter(user_id="ada"), KEY),
        (SearchFilter(project="atlas"), OTHER),
        (SearchFilter(status="incomplete"), OTHER),
        (SearchFilter(model="opus"), KEY),
        (SearchFilter(tag="pets"), KEY),
        (SearchFilter(min_cost_usd=between), dear),
        (SearchFilter(max_cost_usd=between), cheap),
        (SearchFilter(since=said[late]), late),
        (SearchFilter(until=said[late]), early),
    ]:
        assert {hit.key for hit in log.search("cats", asked=asked).hits} == {key}, asked
    assert texts(log, "cats", asked=SearchFilter(user_id="ada", project="atlas")) == []
    assert texts(log, "cats", asked=SearchFilter(project="%")) == []
    assert texts(log, "cats", asked=SearchFilter(min_cost_usd=Decimal(1_000))) == []


def test_what_the_filters_say_of_a_fork_is_asked_of_the_fork(log: Log, talk: Talk) -> None:
    child = OTHER
    log.append(KEY, talk("cats"))
    log.fork(KEY, into=child)
    asked = SearchFilter(project="atlas")
    assert [hit.key for hit in log.search("cats", asked=asked).hits] == [child]


@pytest.mark.parametrize(
    "query",
    ['"', "*", "NEAR(", "NEAR(a b, 2)", "🎉", "\0", "x\0y", "", "' OR 1=1 --", "a" * 100_000,
     "^cat", "cat + dog", "{words} : cat", "words:cat", "rowid:1", "cat\\", "'cat'", "(cat",
     "cat)", "c:d:e", "\udc80", "%s %(a)s ? :x", "-", "--", "OR", "OR OR", "AND", "NOT cat",
     '"cat', 'cat"', '""', '"" cat', "cat*dog", "**", "日", "ﷺ",
     "\U0001d554\U0001d552\U0001d565", ":cat", "title:", "&|!<->"],
)  # fmt: skip
def test_whatever_is_typed_gets_hits_or_a_clear_error(log: Log, talk: Talk, query: str) -> None:
    """A person must never meet an error of the database, and no query changes anything."""
    log.append(KEY, talk("cat x y"))
    with suppress(InvalidQuery):
        log.search(query)
    assert texts(log, "cat", ["prompts"]) == ["cat x y"]


def test_pages_limits_and_times_that_make_no_sense(log: Log) -> None:
    for more in ({"limit": 0}, {"limit": 101}, {"page": 0}):
        with pytest.raises(Refused):
            log.search("cat", **more)
    with pytest.raises(Refused, match="not before"):
        log.search("cat", asked=SearchFilter(since=2, until=1))
    with pytest.raises(InvalidQuery, match="nothing called 'thinking'"):
        log.search("cat", ["thinking"])
    assert log.search("cat", page=10**6).hits == ()


def test_what_was_appended_is_found_at_once(log: Log, talk: Talk) -> None:
    """A search must never miss what was recorded before it began."""
    for n in range(5):
        log.append(KEY, talk(f"cat number {n}"))
        assert len(texts(log, "cat", ["prompts"])) == n + 1


def test_a_rebuilt_index_finds_the_same(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("red apples") + talk("green pears"))
    log.rewind(KEY, "prompt:1")
    before = [log.search(q, all_branches=True) for q in ("apples", "pears", "yes")]
    log.rebuild(name="search")
    assert [log.search(q, all_branches=True) for q in ("apples", "pears", "yes")] == before
    s.leaf = s.entries[1]["uuid"]
    log.append(KEY, talk("blue plums"))
    assert texts(log, "plums") == ["blue plums"]


WORDS = st.sampled_from(
    ["cat", "Cat", "cats", "co-op", "café", "cafe", "日本", "日", "x", "read_me"]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join) | st.text(max_size=20)


@settings(deadline=None, max_examples=30)
@given(said=st.lists(st.tuples(TEXTS, TEXTS), max_size=6), back=st.none() | st.integers(0, 6))
def test_a_word_finds_what_a_plain_scan_finds(
    said: list[tuple[str, str]], back: int | None
) -> None:
    """The index must never miss a live text that has the word, nor find one that has it not."""
    s = Transcript(KEY.session_id)
    with turnlog.open("memory:") as log:
        for question, answer in said:
            first = len(s.entries)
            s.prompt(question)
            s.answer(answer)
            log.append(KEY, s.entries[first:])
        if back is not None and back <= (log.state(KEY).live.prompts if said else -1):
            log.rewind(KEY, f"prompt:{back}")
        live = log.load(KEY) or []
        for word in {term for pair in said for text in pair for term in terms(text)} | {"cat"}:
            found = {(h.field, h.version) for h in log.search(word, limit=100).hits}
            has = [entry for entry in live if word in words(_plain(entry)) + terms(_plain(entry))]
            assert len(found) == len(has), word


def _plain(entry: dict[str, Any]) -> str:
    content = entry["message"]["content"]
    return str(content if isinstance(content, str) else content[0].get("text", ""))


async def test_the_async_log_searches_too(sqlite_url: str, talk: Talk) -> None:
    async with await turnlog.open_async(sqlite_url) as log:
        await log.append(KEY, talk("red apples"))
        found = await log.search("apples")
        assert [hit.snippet.text for hit in found.hits] == ["red apples"]


def test_every_hostile_query_is_one_error_family() -> None:
    assert issubclass(InvalidQuery, TurnlogError)
