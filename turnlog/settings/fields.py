"""Every setting: its name, what it takes, what it means."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from ..domain.batch import CHECKPOINT_EVERY

StorageType = Literal["sqlite", "postgres", "redis-postgres"]


def as_storage_type(text: object) -> object:
    """A storage type as hosts write it, too: in capitals, with PostgreSQL's whole name."""
    if not isinstance(text, str):
        return text
    plain = text.strip().lower()
    return "postgres" if plain == "postgresql" else plain


def as_lines(given: object) -> object:
    """Several texts as one, a line each."""
    if isinstance(given, list | tuple) and all(isinstance(text, str) for text in given):
        return "\n".join(given)
    return given


SECRETS = ("database_url", "redis_url", "encryption_master_key")
"""Settings that may hold a password: what they hold is shown without it, or not at all."""


class Fields(BaseSettings):
    """What can be set."""

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="The log: a database URL, or the path of a SQLite file. Without it, turnlog.db "
        "in the user's data directory.",
    )
    db_path: str | None = Field(
        default=None, description="The log: the path of a SQLite file, `~` for the home directory."
    )
    storage_type: Annotated[StorageType | None, BeforeValidator(as_storage_type)] = Field(
        default=None,
        description="What the log is kept in: `sqlite` takes the path, `postgres` the URL, "
        "`redis-postgres` the URL and that of a Redis beside it. Without it, whichever is there.",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,
        description="A Redis beside the log that has the active sessions at hand.",
    )
    synchronous: Literal["FULL", "NORMAL"] = Field(
        default="FULL",
        description="What SQLite promises: with FULL a commit outlives the failure of the machine, "
        "with NORMAL only that of the process.",
    )
    compress_threshold: int = Field(
        default=0,
        ge=0,
        le=1 << 30,
        description="Bytes from which on what an append writes is compressed; less is stored as "
        "it is. Packing compresses it all the same.",
    )
    checkpoint_interval: int = Field(
        default=CHECKPOINT_EVERY,
        ge=0,
        le=10**6,
        description="Turns between automatic checkpoints; 0 for none but those at each prompt.",
    )
    continue_hours: float = Field(
        default=4.0,
        gt=0,
        lt=10**6,
        description="Hours after its last message for which a directory's latest session is "
        "continued by `log.get_or_create`; after that a new one begins.",
    )
    cleanup_days: int = Field(
        default=30,
        ge=0,
        le=366 * 100,
        description="Days after which a session that ended is cleaned up by `turnlog gc`, counted "
        "from when it was recorded.",
    )
    redact: Annotated[str | None, BeforeValidator(as_lines)] = Field(
        default=None,
        description="What is taken out of entries before they are recorded, a pattern a line: "
        "`secrets` for well-known tokens, the name of one of them, or a regular expression of "
        "your own (`pip install 'turnlog[redaction]'`); see docs/retention.md.",
    )
    encryption_keys: str | None = Field(
        default=None,
        description="The folder with the keys of an encrypted log (`pip install "
        "'turnlog[encryption]'`), outside of its database and of its backups. A log that is made "
        "while this is set is encrypted.",
    )
    encryption_master_key: SecretStr | None = Field(
        default=None,
        repr=False,
        description="The master key, 64 hexadecimal digits, where it does not lie in that folder.",
    )
    user_id: str | None = Field(default=None, description="Whose sessions an import records.")
    actor: str | None = Field(
        default=None,
        description="Who the audit trail names for what is done on the command line. Without it, "
        "the login name.",
    )
    prices: Literal["table", "genai-prices"] = Field(
        default="table",
        description="Where the cost of a response is from: the table that comes with turnlog, or "
        "the library genai-prices (`pip install 'turnlog[prices]'`), which knows the models of "
        "other makers too. What is recorded already is priced anew by `turnlog rebuild`.",
    )
    budget_usd: Decimal | None = Field(
        default=None,
        gt=0,
        lt=10**9,
        description="Dollars a month (or a day) that are meant to be enough; `turnlog stats` and "
        "`turnlog status` warn from 80 % on.",
    )
    budget_per: Literal["day", "month"] = Field(
        default="month", description="What the budget is for: a day or a month."
    )
    migrate_table: str | None = Field(
        default=None,
        description="The table that `turnlog migrate` reads sessions from, where it is an "
        "application's own; `--table` before it.",
    )
    migrate_columns: dict[str, str] = Field(
        default={},
        description="The columns of that table by what they hold, as JSON: "
        '`{"id": "sid", "history": "messages_gz"}`; `--column` before it.',
    )
