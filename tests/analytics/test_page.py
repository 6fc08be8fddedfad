"""docs/analytics.md: its columns are those there are, and its queries are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

import turnlog
from turnlog import Log
from turnlog.analytics.columns import TABLES

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs/analytics.md"
QUERY = re.compile(r"<!-- query: (.+?) -->\n```sql\n(.*?)```", re.DOTALL)


def queries() -> dict[str, str]:
    return dict(QUERY.findall(PAGE.read_text("utf-8")))


def answered(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a query of the page gives, in the folder it speaks of."""
    monkeypatch.chdir(folder)
    with duckdb.connect() as database:
        found = database.execute(queries()[name])
        columns = [column[0] for column in found.description or []]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def exported(busy: Log, tmp_path: Path) -> Path:
    for what in TABLES:
        busy.export(tmp_path / what, what, "parquet")
    return tmp_path


def test_a_row_of_the_page_for_every_column() -> None:
    """A column must never be there unexplained, nor be explained and not there."""
    page = PAGE.read_text("utf-8")
    for what, columns in TABLES.items():
        rows = [f"| `{c.name}` | {c.kind} | {c.meaning} |" for c in columns]
        head = "| column | type | what it says |\n| --- | --- | --- |\n"
        assert f"<!-- columns: {what} -->\n\n{head}" + "\n".join(rows) + "\n" in page


def test_what_was_billed_by_day_is_what_the_log_says(
    busy: Log, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = answered(exported, "billed by day", monkeypatch)
    total = busy.stats().billed
    assert len(rows) > 2
    assert sum(row["output"] for row in rows) == total.usage.output_tokens
    assert round(sum(row["usd"] for row in rows) * 1e9) == total.cost_nano_usd


def test_what_was_billed_by_model_is_what_the_log_says(
    busy: Log, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {r["model"]: r for r in answered(exported, "billed by model", monkeypatch)}
    models = busy.spent_by_model()
    assert rows.keys() == {model.model for model in models}
    for model in models:
        spent = model.billed
        row = rows[model.model]
        read, written = (
            spent.usage.cache_read_input_tokens,
            spent.usage.cache_creation_input_tokens,
        )
        assert row["input"] == spent.usage.input_tokens + read + written
        assert (row["nano_usd"] or 0) == spent.cost_nano_usd


def test_the_tokens_worked_out_from_the_events_are_those_of_the_log(
    busy: Log, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events must always suffice to work the figures out anew, without turnlog."""
    [row] = answered(exported, "tokens from events", monkeypatch)
    usage = busy.stats().billed.usage
    assert row == {name: getattr(usage, name) for name in row}


def test_the_page_shows_what_the_query_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with turnlog.open("sqlite://") as log:
        log.import_claude(ROOT / "docs/demo/history", workers=1, machine="ada")
        log.export(tmp_path / "usage")
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as database:
        shown = str(database.sql(queries()["billed by day"]))
    assert f"```\n{shown.strip()}\n```" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_duckdb_reads_the_other_formats_alike(busy: Log, tmp_path: Path, format: str) -> None:
    busy.export(tmp_path / "usage", "usage", format)
    total = busy.stats()
    with duckdb.connect() as database:
        found = database.sql(
            f"SELECT sum(cost_nano_usd) FILTER (billed), "
            f"sum(cost_nano_usd) FILTER (billed AND live_somewhere), "
            f"typeof(any_value(occurred_at)), typeof(any_value(day)) "
            f"FROM '{tmp_path}/usage/*/*.{format}'"
        ).fetchall()
    assert found == [
        (
            total.billed.cost_nano_usd,
            total.live.cost_nano_usd,
            "TIMESTAMP WITH TIME ZONE",
            "DATE",
        )
    ]
