"""The eventsourcing library's own ProjectionRunner on PostgreSQL, to hold a catch-up against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import URL

Response = tuple[str, int]
"""A model, and the tokens it wrote."""
PATIENCE = 600.0
_DAY = 24 * 60 * 60


class Conversation(Aggregate):
    """A session as the library's own aggregate: one event a response."""

    @event("Responded")
    def respond(self, model: str, output_tokens: int) -> None:
        pass


class Days(PostgresTrackingRecorder):
    """Responses and tokens by day and model; each change in one transaction with the tracking."""

    def __init__(self, datastore: Any, **settings: Any) -> None:
        super().__init__(datastore, **settings)
        table = self.tracking_table_name.replace("tracking", "days")
        names = {"schema": Identifier(datastore.schema), "table": Identifier(table)}
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {schema}.{table} (day bigint, model text, "
                "responses bigint, output_tokens bigint, PRIMARY KEY (day, model))"
            ).format(**names)
        )
        self._add = SQL(
            "INSERT INTO {schema}.{table} VALUES (%s, %s, 1, %s) ON CONFLICT (day, model) "
            "DO UPDATE SET responses = {table}.responses + 1, "
            "output_tokens = {table}.output_tokens + excluded.output_tokens"
        ).format(**names)
        self._total = SQL(
            "SELECT sum(responses) AS responses, sum(output_tokens) AS tokens FROM {schema}.{table}"
        ).format(**names)

    def add(self, day: int, model: str, output_tokens: int, tracking: Tracking) -> None:
        """Count a response."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._add, (day, model, output_tokens), prepare=True)

    def totals(self) -> tuple[int, int]:
        """All responses, all tokens."""
        with self.datastore.transaction() as cursor:
            row: Any = cursor.execute(self._total).fetchone()
        return int(row["responses"]), int(row["tokens"])


class DaysProjection(Projection[Days]):
    """The fold."""

    topics = (f"{Conversation.__module__}:Conversation.Responded",)

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        day = int(domain_event.timestamp.timestamp()) // _DAY
        self.view.add(day, domain_event.model, domain_event.output_tokens, tracking)


class Library:
    """A log of the library's in a database."""

    def __init__(self, server: URL, database: str) -> None:
        self._environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": database,
            "POSTGRES_HOST": str(server.query["host"]),
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": str(server.username),
            "POSTGRES_PASSWORD": "",
        }

    def record(self, sessions: Sequence[Sequence[Response]]) -> None:
        """Record a session's responses with one save each."""
        with self._application() as application:
            for responses in sessions:
                conversation = Conversation()
                for model, output_tokens in responses:
                    conversation.respond(model=model, output_tokens=output_tokens)
                application.save(conversation)

    def run(self, round_name: str) -> tuple[int, int]:
        """Fold the log from its beginning into tables of their own."""
        fresh = type("Fresh", (DaysProjection,), {"name": f"days{round_name}"})
        environment = {
            **self._environment,
            f"DAYS{round_name}_TRACKING_TABLE": f"tracking_{round_name}",
        }
        with ProjectionRunner(
            application_class=Conversations,
            projection_class=fresh,
            view_class=Days,
            env=environment,
        ) as runner:
            runner.wait(runner.app.recorder.max_notification_id(), timeout=PATIENCE)
            return runner.view.totals()

    @contextmanager
    def _application(self) -> Iterator[Application[UUID]]:
        application = Conversations(self._environment)
        try:
            yield application
        finally:
            application.close()


class Conversations(Application[UUID]):
    """The library's application."""
