"""What an export holds: every event, every response, the same in each format."""

from __future__ import annotations

import gc
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow
import pytest

import turnlog
from tests.analytics.conftest import CHILD, FORMATS, KEY, Row, read
from tests.support.transcripts import Transcript
from turnlog import AsyncLog, Log, MissingExtra, Refused, SessionKey
from turnlog.analytics import days, formats
from turnlog.analytics.columns import TABLES


def position(log: Log) -> int:
    with log.store.read() as reader:
        return reader.last_position()


def exported(log: Log, folder: Path, what: str, format: str = "jsonl", **asked: Any) -> list[Row]:
    done = log.export(folder, what, format, **asked)
    rows = read(folder, what, format)
    assert done.all_rows == len(rows)
    return rows


@pytest.mark.parametrize("format", FORMATS)
def test_every_event_is_a_row_in_the_folder_of_its_day(
    busy: Log, tmp_path: Path, format: str
) -> None:
    """An event must never be missing from an export, or be there twice."""
    rows = exported(busy, tmp_path / "out", "events", format)
    recorded = [event for key in keys(busy) for event in busy.events(key)]
    recorded.sort()
    assert [row["position"] for row in rows] == [event.position for event in recorded]
    for row, event in zip(rows, recorded, strict=True):
        assert (row["event"], row["version"]) == (event.topic, event.version)
        assert row["gen_ai.conversation.id"] == event.key.session_id
        assert row["subpath"] == event.key.subpath
        at = row["occurred_at"] or row["recorded_at"]
        assert at.startswith(row["day"])


def keys(log: Log) -> list[SessionKey]:
    with log.store.read() as reader:
        return list(reader.streams())


@pytest.mark.parametrize("what", TABLES)
def test_every_format_holds_the_same(busy: Log, tmp_path: Path, what: str) -> None:
    first, *others = (
        exported(busy, tmp_path / format, what, format, content="all") for format in FORMATS
    )
    assert first
    assert all(other == first for other in others)
    assert {tuple(row) for row in first} == {(*(c.name for c in TABLES[what]), "day")}


def test_the_usage_adds_up_to_the_figures_of_the_log(busy: Log, tmp_path: Path) -> None:
    """Figures that other tools work out must never be others than the log's."""
    rows = exported(busy, tmp_path / "out", "usage")
    totals = busy.stats()
    billed = [row for row in rows if row["billed"]]
    live = [row for row in billed if row["live_somewhere"]]
    for mine, spent in ((billed, totals.billed), (live, totals.live)):
        assert len(mine) == spent.responses
        estimates = sum(row["estimated_output_tokens"] or 0 for row in mine)
        assert estimates == spent.estimated_output_tokens
        assert sum(row["cost_nano_usd"] or 0 for row in mine) == spent.cost_nano_usd
        assert sum(row["cost_nano_usd"] is None for row in mine) == spent.unpriced
        assert sum(row["input_tokens"] for row in mine) == spent.usage.input_tokens
        for column in ("output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens"):
            name = column.replace(".", "_")
            found = sum(row[f"gen_ai.usage.{column}"] for row in mine)
            assert found == getattr(spent.usage, name)
    for session in busy.sessions():
        mine = [r for r in rows if r["gen_ai.conversation.id"] == session.session_id and r["live"]]
        assert sum(row["cost_nano_usd"] or 0 for row in mine) == session.live.cost_nano_usd
    for model in busy.spent_by_model():
        mine = [r for r in rows if r["billed"] and r["gen_ai.response.model"] == model.model]
        assert len(mine) == model.responses
        assert sum(row["placeholder"] for row in mine) == model.placeholders


def test_opentelemetrys_input_includes_what_was_cached(busy: Log, tmp_path: Path) -> None:
    for what in TABLES:
        for row in exported(busy, tmp_path / what, what):
            if row["input_tokens"] is not None:
                cached = (
                    row["gen_ai.usage.cache_read.input_tokens"]
                    + row["gen_ai.usage.cache_creation.input_tokens"]
                )
                assert row["gen_ai.usage.input_tokens"] == row["input_tokens"] + cached
                written = row["cache_creation_5m"] + row["cache_creation_1h"]
                assert row["gen_ai.usage.cache_creation.input_tokens"] == written


ODD = "a\x00b\ud800c\nd\re\tf\"g'h,i\u2028😀"


@pytest.mark.parametrize("format", FORMATS)
def test_odd_text_comes_back_or_is_shown_plainly(log: Log, tmp_path: Path, format: str) -> None:
    """Text must never break a row in two, nor be lost: entries and fields come back exactly."""
    s = Transcript(KEY.session_id)
    s.prompt(ODD)
    s.answer(ODD)
    log.append(KEY, s.entries, user_id=ODD)
    log.rename(KEY, ODD, actor=ODD)
    log.tag(KEY, [ODD, "=1+1"])
    log.append(SessionKey(ODD, ODD), s.entries)
    rows = exported(log, tmp_path / "events", "events", format, content="all")
    entries = [json.loads(row["entry"]) for row in rows if row["kind"] in ("user", "assistant")]
    assert entries == [*s.entries, *s.entries]
    fields = {row["event"]: json.loads(row["fields"]) for row in rows}
    assert fields["SessionTagged.v1"]["tags"] == [ODD, "=1+1"]
    titles = [json.loads(r["fields"])["title"] for r in rows if r["event"] == "SessionRenamed.v1"]
    assert ODD in titles
    shown = ODD.replace("\x00", "␀").replace("\ud800", "\ufffd")
    assert {row["project_key"] for row in rows} == {KEY.project_key, shown}
    usage = exported(log, tmp_path / "usage", "usage", format)
    assert {row["user_id"] for row in usage} == {shown, None}
    assert {row["gen_ai.conversation.id"] for row in usage} == {KEY.session_id, shown}


def test_no_cell_of_a_csv_is_taken_for_a_formula(log: Log, tmp_path: Path) -> None:
    """A spreadsheet must never run what a transcript says."""
    starts = ["=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠"]  # noqa: RUF001
    for n, start in enumerate(starts):
        s = Transcript(seed=n)
        s.prompt("Hello?")
        s.answer("Hello.")
        user = f'{start}HYPERLINK("http://evil")'
        log.append(SessionKey(f"{start}p", s.session_id), s.entries, user_id=user)
    done = log.export(tmp_path / "out", "usage", "csv")
    text = "".join(p.read_text("utf-8") for p in (tmp_path / "out").glob("*/*.csv"))
    cells = [cell for line in text.split("\r\n") for cell in line.split(',"')]
    assert not [cell for cell in cells if cell.lstrip('"').startswith(tuple(starts[:7]))]
    assert {row["user_id"][:1] for row in read(done.folder, "usage", "csv")} == set(starts)


def test_content_is_left_out_unless_asked_for(log: Log, tmp_path: Path) -> None:
    """Without content an export must never hold what a person or a model wrote."""
    s = Transcript(KEY.session_id, cwd="/home/secret")
    s.prompt("A secret question?")
    s.answer("A secret answer.")
    log.append(KEY, s.entries)
    log.rename(KEY, "secret", actor="secret")
    held = {}
    for content in ("none", "notes", "all"):
        rows = exported(log, tmp_path / content, "events", content=content)
        held[content] = json.dumps(rows).count("secret")
        assert any(row["entry"] for row in rows) == (content == "all")
    assert held["none"] == 0 < held["notes"] < held["all"]


def test_what_is_no_entry_is_exported_too(log: Log, tmp_path: Path) -> None:
    s = Transcript(KEY.session_id)
    entry = s.prompt("Hello?")
    log.append(KEY, [entry, {**entry, "version": "9.9.9"}, "no entry"])
    rows = exported(log, tmp_path / "out", "events", content="all")
    told = {row["event"]: row["entry"] for row in rows}
    assert json.loads(told["EntryConflicted.v1"])["version"] == "9.9.9"
    assert list(json.loads(told["EntryCorrupted.v1"])) == ["base64"]


def test_rows_are_chosen_by_project_user_and_time(busy: Log, tmp_path: Path) -> None:
    everything = exported(busy, tmp_path / "all", "usage")

    def chosen(name: str, **asked: Any) -> list[Row]:
        for what in TABLES:
            rows = exported(busy, tmp_path / name / what, what, **asked)
            assert rows
        return rows

    assert {row["project_key"] for row in chosen("shop", project="shop")} == {"-home-ada-shop"}
    assert chosen("ada", user="ada") == [
        row for row in everything if row["gen_ai.conversation.id"] == KEY.session_id
    ]
    since, until = "2026-01-30T00:00:00.000Z", "2026-02-02T00:00:00.000Z"
    assert chosen("between", since=since, until="2026-02-02T01:00+01:00") == [
        row for row in everything if since <= row["occurred_at"] < until
    ]


def test_a_response_without_a_time_lies_in_the_folder_of_null(log: Log, tmp_path: Path) -> None:
    s = Transcript(KEY.session_id)
    s.prompt("Hello?")
    s.answer("Hello.")
    for entry in s.entries:
        del entry["timestamp"]
    log.append(KEY, s.entries)
    [row] = exported(log, tmp_path / "out", "usage")
    assert (row["occurred_at"], row["day"]) == (None, days.NO_DAY)
    assert exported(log, tmp_path / "since", "usage", since="1970-01-01") == []


@pytest.mark.parametrize("format", FORMATS)
def test_memory_does_not_grow_with_the_log(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """An export must never hold a log in memory: four times the events take no more."""
    monkeypatch.setattr(days, "ROWS", 200)
    peaks = []
    for size in (4, 16):
        for n in range(size):
            s = Transcript(seed=(size, n), start="2026-01-01T00:00:00.000Z")
            for _ in range(20):
                s.prompt("Hello? " * 20)
                s.answer("Hello. " * 40)
                s.now += 3_600_000
            log.append(SessionKey("-p", s.session_id), s.entries)
        folder = tmp_path / str(size)
        log.export(tmp_path / f"warm-{size}", "events", format, since="2100-01-01")
        gc.collect()
        tracemalloc.start()
        before = pyarrow.total_allocated_bytes()
        rows = log.export(folder, "events", format, content="all").rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert rows > size * 80
        assert pyarrow.total_allocated_bytes() - before < 1 << 20
    assert peaks[1] < peaks[0] * 1.5 + (1 << 20)


def test_few_rows_and_files_are_held_at_once(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days must never cost a file that stays open each, whatever a transcript says of time."""
    monkeypatch.setattr(days, "OPEN", 3)
    monkeypatch.setattr(days, "ROWS", 10)
    opened = 0
    most = 0
    real = formats.JsonLines

    class Counted(real):
        def __init__(self, *given: Any) -> None:
            nonlocal opened, most
            opened += 1
            most = max(most, opened)
            super().__init__(*given)

        def close(self) -> None:
            nonlocal opened
            opened -= 1
            super().close()

    monkeypatch.setitem(formats.FORMATS, "jsonl", Counted)
    s = Transcript(KEY.session_id)
    for n in range(60):
        s.prompt("Hello?")
        s.now += 86_400_000 * (7 if n % 2 else -6)
    log.append(KEY, s.entries)
    rows = exported(log, tmp_path / "out", "events")
    assert len({row["day"] for row in rows}) > 25
    assert [row["position"] for row in rows] == list(range(1, position(log) + 1))
    assert (opened, most) == (0, 3)


def test_an_export_of_an_empty_log_is_empty(log: Log, tmp_path: Path) -> None:
    for what in TABLES:
        for format in FORMATS:
            done = log.export(tmp_path / what / format, what, format)
            assert (done.rows, done.files, done.position) == (0, 0, 0)
            assert [path.name for path in done.folder.iterdir()] == ["_manifest.json"]


def test_without_pyarrow_parquet_says_what_to_install(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    s = Transcript(KEY.session_id)
    s.prompt("Hello?")
    log.append(KEY, s.entries)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"turnlog\[parquet\]"):
        log.export(tmp_path / "out", "events")
    assert not (tmp_path / "out").exists()
    assert log.export(tmp_path / "out", "events", "csv").rows


@pytest.mark.parametrize(
    "asked",
    [
        {"format": "xlsx"},
        {"what": "secrets"},
        {"content": "some"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"since": "2026-02-01", "until": "2026-02-01"},
        {"since": "2026-02-01T00:00Z", "until": "2026-02-01T00:00+01:00"},
    ],
)
def test_what_makes_no_sense_is_refused(log: Log, tmp_path: Path, asked: dict[str, str]) -> None:
    with pytest.raises(Refused):
        log.export(tmp_path / "out", **asked)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


async def test_an_export_is_awaited(tmp_path: Path) -> None:
    async with await turnlog.open_async("sqlite://") as log:
        assert isinstance(log, AsyncLog)
        assert (await log.export(tmp_path / "out", "events", "jsonl")).rows == 0


def test_every_database_gives_the_same(store_url: str, tmp_path: Path) -> None:
    with turnlog.open(store_url) as log:
        s = Transcript(KEY.session_id)
        s.prompt("Hello?")
        s.answer("Hello.", thinking="Hm.")
        log.append(KEY, s.entries)
        log.fork(KEY, into=CHILD)
        rows = exported(log, tmp_path / "events", "events")
        assert {row["position"] for row in rows} == {
            event.position for key in (KEY, CHILD) for event in log.events(key)
        }
        usage = exported(log, tmp_path / "usage", "usage")
        assert [row["billed"] for row in usage] == [True, False], "the fork took a copy over"
