"""Whatever happens, and wherever folding is interrupted: rebuilt tables equal the live ones."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from sqlalchemy import URL

import turnlog
from tests.support import servers
from tests.support.log_machine import Machine
from turnlog.adapters.storage.stores import open_store
from turnlog.domain.errors import CannotFold
from turnlog.projecting.folding import Folder
from turnlog.projections.engine.registry import Registration
from turnlog.projections.sessions import Sessions

from .logs import rows
from .models import Kinds


class Interrupted(BaseException):
    """Somebody pulled the plug."""


class Inline(Kinds):
    """The same, folded with every append."""

    name = "inline_kinds"


class ReadModels(Machine):
    """A log whose read models are caught up and rebuilt in parts, and fail now and then."""

    def open(self) -> turnlog.Log:
        self.small = ExitStack()
        for module in ("folding", "rebuilding", "catching_up"):
            self.small.enter_context(patch(f"turnlog.projecting.{module}.BATCH", 7))
        self.small.enter_context(patch("turnlog.projecting.folding.BATCH_WITH_BODIES", 5))
        own = [Registration.of(Kinds), Registration.of(Inline, "inline")]
        return turnlog.Log(open_store(self.url, projections=own))

    def teardown(self) -> None:
        try:
            self.log.catch_up()
            self._rebuilt_equals_live()
            super().teardown()
        finally:
            self.small.close()

    def _rebuilt_equals_live(self) -> None:
        names = [registration.name for registration in self.log.store.registry]
        live = {name: rows(self.log, name) for name in names}
        self.log.rebuild()
        for name in names:
            assert rows(self.log, name) == live[name], name

    @rule(steps=st.integers(0, 3))
    def catch_up_and_stop(self, steps: int) -> None:
        with _stopping(steps):
            self.log.catch_up()

    @rule(
        steps=st.integers(0, 4),
        name=st.sampled_from(["sessions", "kinds", "inline_kinds"]),
        anew=st.booleans(),
    )
    def rebuild_and_stop(self, steps: int, name: str, anew: bool) -> None:
        with _stopping(steps):
            self.log.rebuild(name=name, anew=anew)

    @rule(title=st.sampled_from(["Mine", "Also mine"]), model=st.sampled_from([Sessions, Inline]))
    def fail_to_fold(self, title: str, model: type[Any]) -> None:
        """Appends go on, their read model is stale until it catches up by itself."""

        def fail(*_: Any) -> None:
            raise ValueError(title)

        with patch.object(model, "fold", fail):
            for writer in self.everyone[:2]:
                if writer.plain.begun and not writer.plain.deleted:
                    self.log.rename(writer.key, title)
                    writer.plain.title = title
            if any(x.plain.begun and not x.plain.deleted for x in self.everyone[:2]):
                with suppress(CannotFold):
                    self.log.catch_up(model.name)
        self.log.catch_up(model.name)

    @rule()
    def rebuild(self) -> None:
        self.log.catch_up()
        self._rebuilt_equals_live()

    @rule(which=st.integers(0, 100))
    def rebuild_one_session(self, which: int) -> None:
        begun = [x for x in self.everyone if x.plain.begun and x.parent is None]
        if begun:
            live = rows(self.log, "sessions")
            self.log.rebuild(session=begun[which % len(begun)].key)
            assert rows(self.log, "sessions") == live


class _stopping:
    """Whatever folds is interrupted before one of its batches."""

    def __init__(self, steps: int) -> None:
        left = iter(range(steps))
        step = Folder.step

        def stepped(folder: Folder) -> None:
            if next(left, None) is None:
                raise Interrupted
            step(folder)

        self._patched = patch.object(Folder, "step", stepped)

    def __enter__(self) -> None:
        self._patched.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._patched.stop()
        return kind is Interrupted


QUICK = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class OnSqlite(ReadModels):
    url = "sqlite://"


TestOnSqlite = OnSqlite.TestCase
TestOnSqlite.settings = QUICK


def test_on_postgres(postgres_server: URL) -> None:
    """The same on PostgreSQL, a database each time."""

    class OnPostgres(ReadModels):
        def open(self) -> turnlog.Log:
            self.database = ExitStack()
            url = self.database.enter_context(servers.fresh_database(postgres_server))
            self.url = url.render_as_string(hide_password=False)
            return super().open()

        def teardown(self) -> None:
            super().teardown()
            self.database.close()

    run_state_machine_as_test(OnPostgres, settings=settings(QUICK, max_examples=3))
