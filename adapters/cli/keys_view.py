"""The keys of an encrypted log: begun, shown, destroyed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from ...domain.errors import Refused
from ...examining import KEYS_BESIDE, lies_beside
from ...opening import open_log
from ...retention.sharing import Forks
from ...settings import Settings
from ..storage.contract.store import Store
from .as_json import key_json
from .asking import sure
from .figures import number
from .opened import Opened, key_of
from .safe_text import one_line
from .saying import brief
from .screen import screen, write_json

_CLEAR = "sessions, times, counts, tokens, cost and the hash chain"


def begin(folder: str | None, as_json: bool, db: str | None) -> None:
    """Begin an encrypted log."""
    settings = Settings.load()
    location = settings.location(db)
    location.refuse_found()
    chosen = folder or settings.encryption_keys
    if chosen is None:
        raise Refused("say where its keys are to lie: --keys FOLDER, outside of its backups")
    if location.path is not None and location.path.exists():
        raise Refused(
            f"there is a log at {location.path} already; name another log with --db, and bring "
            "its sessions over with `turnlog export` and `turnlog import`"
        )
    location.make_folder()
    with open_log(location.url, keys=chosen) as log:
        told = _told(log.store)
    place = Path(chosen).expanduser().resolve()
    if as_json:
        write_json({"log": log.url, "keys": str(place), **told})
        return
    out = screen()
    out.print(Text.assemble("Began an encrypted log at ", (one_line(log.url), "code")))
    out.print(Text.assemble("  its keys lie in ", (one_line(str(place)), "code")), soft_wrap=True)
    out.print("  Keep a copy of that folder, apart from the copies of the log: without it nobody")
    out.print("  reads what was said, and with it everybody who has the log does.")
    if lies_beside(place, location):
        beside = f"! {KEYS_BESIDE}; move that folder away from the database"
        out.print(Text(beside, "warn"), soft_wrap=True)
    out.print(Text.assemble("  To use it: ", (f"TURNLOG_ENCRYPTION_KEYS={place}", "code")))


def show(work: Opened, as_json: bool) -> None:
    """Say whether the log is encrypted, and what keys there are."""
    told = _told(work.log.store)
    if as_json:
        write_json(told)
        return
    out = screen()
    if not told["encrypted"]:
        out.print("The log is not encrypted.")
    elif told["locked"]:
        out.print("The log is encrypted, and its keys were not given.")
        out.print(f"  {_CLEAR[0].upper()}{_CLEAR[1:]} can be read; nothing can be recorded.")
    else:
        out.print(Text(f"The log is encrypted; its keys lie in {one_line(told['keys'])}."))
        out.print(f"  {number(told['streams'], 'stream')} can be read.")
        out.print(f"  {number(told['destroyed'], 'key')} destroyed.")


def destroy(work: Opened, name: str, forks: bool | None, yes: bool, as_json: bool) -> None:
    """Destroy the keys of a session."""
    session = work.session(name)
    chosen: dict[bool | None, Forks] = {None: "refuse", True: "erase", False: "keep"}
    sure("Destroy its keys for good?", yes, otherwise="say --yes")
    done = work.log.destroy_keys(key_of(session), forks=chosen[forks])
    if as_json:
        write_json({"streams": [key_json(key) for key in done.streams], "keys": done.keys})
        return
    told = f"  {number(done.keys, 'key')} destroyed; {_CLEAR} stay."
    screen().print(Text.assemble((brief(session), "id"), told))


def _told(store: Store) -> dict[str, Any]:
    told: dict[str, Any] = {"encrypted": store.encrypted, "locked": store.locked}
    if store.keys is not None:
        told |= {"keys": store.keys.place, **store.keys.standing()._asdict()}
    return told
