"""What there is to import is found wherever the CLI puts it, and what is passed by is named."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tests.support.config_dir import write_lines
from turnlog.adapters.claude.directory import (
    NotAClaudeDirectory,
    PathNotFound,
    PathNotReadable,
    survey,
)
from turnlog.adapters.claude.found import Found, HistoryFile, SideFile, Skipped, Transcript

ONE = "11111111-0000-4000-8000-000000000001"
TWO = "22222222-0000-4000-8000-000000000002"
SHOP = "-home-ada-shop"
BLOG = "-home-ada-blog"


def record(session_id: str = ONE) -> dict[str, object]:
    return {"type": "user", "uuid": "u1", "sessionId": session_id}


def put(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    """A configuration directory: two projects, three sessions, subagents in all three layouts."""
    directory = tmp_path / ".claude"
    shop = directory / "projects" / SHOP
    write_lines(shop / f"{ONE}.jsonl", [record()])
    agents = shop / ONE / "subagents"
    write_lines(agents / "agent-new.jsonl", [record()])
    put(agents / "agent-new.meta.json", '{"agentType":"Explore"}')
    write_lines(agents / "workflows" / "w1" / "agent-flow.jsonl", [record()])
    put(agents / "workflows" / "w1" / "journal.jsonl", "{}\n")
    write_lines(shop / "agent-old.jsonl", [{"type": "summary"}, record()])
    write_lines(shop / f"{TWO}.jsonl", [record(TWO)])
    write_lines(directory / "projects" / BLOG / f"{TWO}.jsonl", [record(TWO)])
    write_lines(directory / "history.jsonl", [{"display": "hello"}])
    put(shop / ONE / "tool-results" / "toolu_1.txt")
    put(shop / ONE / "workflows" / "w1.json")
    put(directory / "settings.json", "{}")
    put(directory / ".credentials.json", "{}")
    return directory


def names(found: list[Found]) -> list[tuple[str, str, str | None]]:
    return [
        (item.project_key, item.session_id, item.subpath)
        for item in found
        if isinstance(item, Transcript)
    ]


def skipped(path: Path) -> dict[str, str]:
    """The reasons, by the names of what was skipped."""
    return {item.path.name: item.reason for item in survey(path) if isinstance(item, Skipped)}


def side_files(path: Path) -> list[SideFile]:
    return [item for item in survey(path) if isinstance(item, SideFile)]


SHOP_SESSIONS = [
    (SHOP, ONE, None),
    (SHOP, ONE, "subagents/agent-new"),
    (SHOP, ONE, "subagents/agent-old"),
    (SHOP, ONE, "subagents/workflows/w1/agent-flow"),
    (SHOP, TWO, None),
]


# -- what may be given -----------------------------------------------------------------------------


def test_a_configuration_directory(claude: Path) -> None:
    found = list(survey(claude))

    assert names(found) == [(BLOG, TWO, None), *SHOP_SESSIONS]
    assert [item.path for item in found if isinstance(item, HistoryFile)] == [
        claude / "history.jsonl"
    ]


def test_a_projects_folder(claude: Path) -> None:
    found = list(survey(claude / "projects"))

    assert names(found) == [(BLOG, TWO, None), *SHOP_SESSIONS]
    assert not any(isinstance(item, HistoryFile) for item in found)


def test_a_project_folder(claude: Path) -> None:
    assert names(list(survey(claude / "projects" / SHOP))) == SHOP_SESSIONS


def test_a_transcript_brings_its_subagents_and_files(claude: Path) -> None:
    found = list(survey(claude / "projects" / SHOP / f"{ONE}.jsonl"))

    assert names(found) == SHOP_SESSIONS[:4]
    assert {item.path.name for item in found if isinstance(item, SideFile)} == {
        "toolu_1.txt",
        "w1.json",
    }


@pytest.mark.parametrize(
    ("place", "subpath"),
    [
        ("agent-old.jsonl", "subagents/agent-old"),
        (f"{ONE}/subagents/agent-new.jsonl", "subagents/agent-new"),
        (f"{ONE}/subagents/workflows/w1/agent-flow.jsonl", "subagents/workflows/w1/agent-flow"),
    ],
)
def test_a_subagent_alone(claude: Path, place: str, subpath: str) -> None:
    found = list(survey(claude / "projects" / SHOP / place))

    assert names(found) == [(SHOP, ONE, subpath)]


def test_a_transcript_whose_name_is_no_session_id(tmp_path: Path) -> None:
    write_lines(tmp_path / "odd" / "away_summary.jsonl", [record()])

    assert names(list(survey(tmp_path / "odd" / "away_summary.jsonl"))) == [
        ("odd", "away_summary", None)
    ]
    assert names(list(survey(tmp_path / "odd"))) == [("odd", "away_summary", None)]


def test_the_history_alone(claude: Path) -> None:
    (found,) = survey(claude / "history.jsonl")

    assert isinstance(found, HistoryFile)


def test_a_configuration_directory_of_which_only_the_history_is_left(tmp_path: Path) -> None:
    write_lines(tmp_path / "history.jsonl", [{"display": "hello"}])

    assert [type(item) for item in survey(tmp_path)] == [HistoryFile]


def test_a_link_to_a_configuration_directory(claude: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(claude)

    assert list(survey(tmp_path / "link")) == list(survey(claude))


def test_a_relative_path_and_text(claude: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(claude / "projects")

    assert list(survey(SHOP)) == list(survey(claude / "projects" / SHOP))


# -- transcripts -----------------------------------------------------------------------------------


def test_a_transcript_says_what_the_file_is(claude: Path) -> None:
    main, agent = list(survey(claude / "projects" / SHOP))[:2]
    assert isinstance(main, Transcript)
    assert isinstance(agent, Transcript)
    status = main.path.stat()

    assert (main.size, main.mtime_ns, main.inode) == (
        status.st_size,
        status.st_mtime_ns,
        status.st_ino,
    )
    assert main.meta_path is None
    assert agent.meta_path == agent.path.with_name("agent-new.meta.json")


def test_an_older_subagent_brings_its_meta_file(claude: Path) -> None:
    meta = put(claude / "projects" / SHOP / "agent-old.meta.json", "{}")

    agents = [item for item in survey(claude) if isinstance(item, Transcript) and item.subpath]

    assert meta in {agent.meta_path for agent in agents}


def test_subagents_of_a_session_whose_transcript_is_gone(claude: Path) -> None:
    (claude / "projects" / SHOP / f"{ONE}.jsonl").unlink()

    assert names(list(survey(claude)))[1:] == SHOP_SESSIONS[1:]


def test_an_older_subagent_that_names_no_session_is_one_of_its_own(claude: Path) -> None:
    write_lines(claude / "projects" / BLOG / "agent-lost.jsonl", [{"type": "summary"}])

    assert (BLOG, "agent-lost", None) in names(list(survey(claude)))


@pytest.mark.parametrize("text", ["", '{"type":"user","sess'])
def test_an_older_subagent_that_has_just_begun_has_to_wait(claude: Path, text: str) -> None:
    """Taken for a session of its own, it would be recorded under a name it never loses again."""
    put(claude / "projects" / BLOG / "agent-young.jsonl", text)

    assert names(list(survey(claude))) == [(BLOG, TWO, None), *SHOP_SESSIONS]
    assert skipped(claude)["agent-young.jsonl"] == "no record tells yet whose subagent it is"


def test_an_empty_transcript_is_found(claude: Path) -> None:
    put(claude / "projects" / BLOG / f"{ONE}.jsonl", "")

    assert (BLOG, ONE, None) in names(list(survey(claude)))


def test_the_order_depends_on_names_alone(claude: Path, tmp_path: Path) -> None:
    paths = [path for path in claude.rglob("*") if path.is_file()]
    copy = tmp_path / "copy" / ".claude"
    for path in reversed(paths):
        put(copy / path.relative_to(claude), path.read_text(encoding="utf-8"))

    def places(directory: Path) -> list[Path]:
        return [item.path.relative_to(directory) for item in survey(directory)]

    assert places(copy) == places(claude)


# -- side files ------------------------------------------------------------------------------------


def test_files_of_a_session_come_along(claude: Path) -> None:
    found = side_files(claude)

    assert [(item.kind, item.session_id, item.project_key, item.name) for item in found] == [
        ("tool-result", ONE, SHOP, f"projects/{SHOP}/{ONE}/tool-results/toolu_1.txt"),
        ("session-file", ONE, SHOP, f"projects/{SHOP}/{ONE}/workflows/w1.json"),
    ]


def test_files_that_the_configuration_directory_keeps_for_a_session(claude: Path) -> None:
    put(claude / "file-history" / ONE / "0123456789abcdef@v2")
    put(claude / "image-cache" / ONE / "1.png")
    put(claude / "paste-cache" / "0123456789abcdef.txt")
    put(claude / "todos" / f"{ONE}-agent-{ONE}.json")
    put(claude / "plans" / "quiet-humming-bird.md")

    found = [item for item in side_files(claude) if not item.name.startswith("projects/")]

    assert [(item.kind, item.session_id, item.project_key, item.name) for item in found] == [
        ("file-backup", ONE, SHOP, f"file-history/{ONE}/0123456789abcdef@v2"),
        ("pasted-image", ONE, SHOP, f"image-cache/{ONE}/1.png"),
        ("pasted-text", None, None, "paste-cache/0123456789abcdef.txt"),
        ("plan", None, None, "plans/quiet-humming-bird.md"),
        ("todos", ONE, SHOP, f"todos/{ONE}-agent-{ONE}.json"),
    ]
    assert {(item.size, item.mtime_ns) for item in found} == {
        (4, item.path.stat().st_mtime_ns) for item in found
    }


def test_a_file_of_a_session_that_lies_in_two_projects_belongs_to_both(claude: Path) -> None:
    put(claude / "file-history" / TWO / "0123456789abcdef@v1")
    gone = "33333333-0000-4000-8000-000000000003"
    put(claude / "file-history" / gone / "0123456789abcdef@v1")

    found = [item for item in side_files(claude) if item.kind == "file-backup"]

    assert [(item.session_id, item.project_key) for item in found] == [
        (TWO, BLOG),
        (TWO, SHOP),
        (gone, None),
    ]


def test_files_named_after_a_session_come_along(claude: Path) -> None:
    put(claude / "projects" / SHOP / f"{ONE}.jsonl.superseded-1")

    assert f"projects/{SHOP}/{ONE}.jsonl.superseded-1" in {item.name for item in side_files(claude)}


def test_a_meta_file_without_its_transcript_comes_along(claude: Path) -> None:
    put(claude / "projects" / SHOP / ONE / "subagents" / "agent-gone.meta.json")

    assert "agent-gone.meta.json" in {item.path.name for item in side_files(claude)}


def test_settings_and_credentials_are_never_listed(claude: Path) -> None:
    """They are no part of a session, and hold secrets."""
    listed = {item.path.name for item in survey(claude)}

    assert listed.isdisjoint({"settings.json", ".credentials.json"})


# -- what is skipped -------------------------------------------------------------------------------


def test_whatever_is_not_read_is_named(claude: Path) -> None:
    put(claude / "projects" / "stray.txt")
    put(claude / "projects" / SHOP / "memory" / "MEMORY.md")
    put(claude / "projects" / SHOP / "sessions-index.json")

    assert skipped(claude) == {
        "journal.jsonl": "a workflow's journal, no transcript",
        "stray.txt": "no project's folder",
        "memory": "no session's folder",
        "sessions-index.json": "no transcript",
    }


def test_every_file_of_the_projects_is_listed_once(claude: Path) -> None:
    put(claude / "projects" / SHOP / "sessions-index.json")
    put(claude / "projects" / SHOP / ONE / "agent-odd.jsonl")
    put(claude / "projects" / SHOP / ONE / "agent-odd.meta.json")
    files = {path for path in (claude / "projects").rglob("*") if path.is_file()}

    listed = [item.path for item in survey(claude / "projects")]
    listed += [item.meta_path for item in survey(claude) if getattr(item, "meta_path", None)]

    assert sorted(listed) == sorted(files)


def test_links_are_not_followed(claude: Path, tmp_path: Path) -> None:
    """A link may lead to any file of the machine: it must not end up in the log."""
    secret = put(tmp_path / "secret.jsonl", "{}\n")
    project = claude / "projects" / BLOG
    (project / "link.jsonl").symlink_to(secret)
    (project / "nowhere.jsonl").symlink_to(tmp_path / "missing")
    (project / "circle").symlink_to(claude)
    (claude / "projects" / "-linked").symlink_to(tmp_path)
    (claude / "paste-cache").symlink_to(tmp_path)

    found = list(survey(claude))

    assert names(found) == [(BLOG, TWO, None), *SHOP_SESSIONS]
    assert not any(item.path == secret for item in found)
    reasons = skipped(claude)
    assert reasons["link.jsonl"] == f"a symbolic link to {secret}: give that path to import it"
    assert reasons["nowhere.jsonl"] == "a symbolic link that leads nowhere"
    assert {"circle", "-linked", "paste-cache"} <= set(reasons)


def test_a_circle_of_links(claude: Path) -> None:
    (claude / "projects" / "a").symlink_to(claude / "projects" / "b")
    (claude / "projects" / "b").symlink_to(claude / "projects" / "a")

    assert skipped(claude)["a"] == "a symbolic link that leads nowhere"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_fifos_and_sockets_are_not_opened(claude: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a FIFO waits for a writer: the import would hang for ever."""
    project = claude / "projects" / BLOG
    os.mkfifo(project / "agent-fifo.jsonl")
    monkeypatch.chdir(project)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.jsonl")

        reasons = skipped(claude)

    assert reasons["agent-fifo.jsonl"] == "a FIFO, no regular file"
    assert reasons["s.jsonl"] == "a socket, no regular file"


def test_unreadable_files_and_folders(claude: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions are played, because whoever runs as root may read everything."""
    barred = {claude / "projects" / SHOP / f"{TWO}.jsonl", claude / "projects" / BLOG}
    monkeypatch.setattr(os, "access", lambda path, mode: path not in barred)

    assert names(list(survey(claude))) == SHOP_SESSIONS[:4]
    assert {skipped(claude)[path.name] for path in barred} == {"permission denied"}
    for path in barred:
        with pytest.raises(PathNotReadable, match="permission denied"):
            survey(path)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_permissions(claude: Path) -> None:
    folder = claude / "projects" / BLOG
    folder.chmod(0)
    try:
        assert skipped(claude)[BLOG] == "permission denied"
        with pytest.raises(PathNotReadable):
            survey(folder / f"{TWO}.jsonl")
    finally:
        folder.chmod(stat.S_IRWXU)


def test_a_subagent_that_cannot_be_read(claude: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **options: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", refuse)

    assert skipped(claude)["agent-old.jsonl"] == "input/output error"


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing", "missing/below", "nul\0", "x" * 5_000])
def test_a_path_that_does_not_exist(tmp_path: Path, name: str) -> None:
    with pytest.raises(PathNotFound, match="does not exist"):
        survey(tmp_path / name)


def test_a_path_below_a_file(claude: Path) -> None:
    with pytest.raises(PathNotFound, match="does not exist"):
        survey(claude / "history.jsonl" / "below")


def test_a_link_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "a")

    with pytest.raises(PathNotFound, match="does not exist"):
        survey(tmp_path / "a")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NotAClaudeDirectory, match=r"holds no transcripts; give a configuration"):
        survey(tmp_path)


def test_a_configuration_directory_without_sessions_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / ".claude" / "projects").mkdir(parents=True)

    assert list(survey(tmp_path / ".claude")) == []


def test_a_home_directory(claude: Path) -> None:
    """Somebody's `~/projects` is not the CLI's: nothing in it may be taken for a transcript."""
    home = claude.parent
    put(home / "projects" / "study" / "data.jsonl", "{}\n")

    with pytest.raises(NotAClaudeDirectory, match=r"perhaps .*\.claude is meant"):
        survey(home)
    with pytest.raises(NotAClaudeDirectory, match="holds no transcripts"):
        survey(home / "projects")


def test_projects_beside_other_folders(claude: Path) -> None:
    projects = claude / "projects"
    put(projects / "study" / "data.jsonl", "{}\n")

    assert names(list(survey(projects))) == [(BLOG, TWO, None), *SHOP_SESSIONS]
    assert skipped(projects)["study"] == "a folder without sessions"


def test_projects_kept_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "projects").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NotAClaudeDirectory, match="give that path to import it"):
        survey(tmp_path / "config")


@pytest.mark.parametrize("place", [ONE, f"{ONE}/subagents", f"{ONE}/subagents/workflows/w1"])
def test_a_part_of_a_session(claude: Path, place: str) -> None:
    """Read as a project, its transcripts would be recorded under a wrong name."""
    with pytest.raises(NotAClaudeDirectory, match=rf"part of one session: give .*{ONE}\.jsonl"):
        survey(claude / "projects" / SHOP / place)


def test_a_file_that_is_no_transcript(tmp_path: Path) -> None:
    with pytest.raises(NotAClaudeDirectory, match=r"does not end in \.jsonl"):
        survey(put(tmp_path / "notes.txt"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")

    with pytest.raises(NotAClaudeDirectory, match="a FIFO"):
        survey(tmp_path / "pipe.jsonl")
