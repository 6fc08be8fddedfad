"""What is searched, and what never is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.search.conftest import KEY, OTHER, Talk, texts
from tests.support.transcripts import Transcript
from turnlog import Log

SECRET = "wolpertinger"


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "model": "claude-opus-4-8", "id": "msg_1", "content": list(blocks)}


def test_each_text_is_found_in_its_field(log: Log, s: Transcript) -> None:
    s.prompt("Why does the carousel stop?")
    s.answer("Its motor is a carousel too.")
    s.run("Bash", {"command": "grep carousel *"}, "src/carousel.py")
    s.title("Carousel repair")
    log.append(KEY, s.entries)
    found = {hit.field: hit.snippet.text for hit in log.search("carousel").hits}
    assert found == {
        "title": "Carousel repair",
        "prompt": "Why does the carousel stop?",
        "answer": "Its motor is a carousel too.",
        "input": "Bash grep carousel *",
        "result": "src/carousel.py",
    }
    for name, expected in {"tools": 2, "titles": 1, "inputs": 1}.items():
        assert len(texts(log, "carousel", [name])) == expected
        assert len(texts(log, f"{name}:carousel")) == expected
    assert texts(log, "title:carousel OR prompt:motor") == ["Carousel repair"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": f"A {SECRET}.", "signature": SECRET},
        {"type": "redacted_thinking", "data": SECRET},
        {"type": "image", "source": {"type": "base64", "data": SECRET}},
        {"type": "unheard_of", "text": SECRET},
    ],
)
def test_what_is_no_text_of_the_conversation_is_never_found(
    log: Log, s: Transcript, block: dict[str, Any]
) -> None:
    """Thinking, signatures, images and what nobody knows must never be in the index."""
    s.prompt("Hello")
    s.chained("assistant", message=assistant(block, {"type": "text", "text": "Fine."}))
    log.append(KEY, s.entries)
    assert texts(log, SECRET, all_branches=True) == []
    assert texts(log, "fine") == ["Fine."]


def test_system_noise_is_never_found(log: Log, s: Transcript) -> None:
    """What the CLI writes in the person's name, and beside the tools, must never be found."""
    s.prompt(f"Do it <system-reminder>{SECRET}</system-reminder> now")
    s.user(f"Caveat {SECRET}", isMeta=True)
    s.user(f"<local-command-stdout>{SECRET}</local-command-stdout>")
    s.user(f"[Request interrupted by {SECRET}]")
    called = s.answer(tools=[("Bash", {"command": "ls"})])
    s.tool_result(called.tools[0], "out", structured={"stdout": SECRET})
    s.progress("bash_progress", called.tools[0], output=SECRET, totalLines=1)
    s.system("informational", content=SECRET)
    s.compact(f"A summary with {SECRET}")
    s.attachment("file", content=SECRET)
    log.append(KEY, s.entries)
    assert texts(log, SECRET, all_branches=True) == []
    assert texts(log, '"do it now"') == ["Do it now"]


def test_commands_are_found_as_they_were_typed(log: Log, s: Transcript) -> None:
    s.command("deploy", "to staging")
    log.append(KEY, s.entries)
    assert texts(log, "deploy staging", ["prompts"])
    assert texts(log, "message") == [], "the tags around it are not what was typed"


def test_base64_and_line_numbers_are_no_words(log: Log, s: Transcript) -> None:
    """What a tool shows must never fill the index with what nobody looks for."""
    s.prompt("Read it")
    s.run("Read", {"file_path": "a.py"}, "\n".join(["one", "two 42"] + ["x"] * 90))
    s.run("Bash", {"command": "cat"}, "icon " + "iVBORw0KGgo" * 40)
    log.append(KEY, s.entries)
    assert texts(log, "ivborw0kggo*") == texts(log, "77") == []
    assert len(texts(log, "42")) == len(texts(log, "icon")) == 1


def test_titles_are_those_the_session_has(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("Hello"))
    for title in ("Lion", "Tiger", "Lion"):
        log.rename(KEY, title)
    assert texts(log, "lion") == ["Lion"], "given twice, it is still one"
    assert texts(log, "tiger") == []
    [former] = log.search("tiger", all_branches=True).hits
    assert (former.field, former.abandoned) == ("title", True)


def test_prompts_known_from_the_history_alone(log: Log, s: Transcript, tmp_path: Path) -> None:
    """A prompt must be found without its transcript, and once when that has come."""
    asked = {"display": f"A question about {SECRET}", "pastedContents": {}}
    where = {"timestamp": 1760000000000, "project": "/home/ada/shop", "sessionId": KEY.session_id}
    (tmp_path / "history.jsonl").write_text(json.dumps(asked | where) + "\n", "utf-8")
    log.import_claude(tmp_path)
    assert texts(log, SECRET) == [f"A question about {SECRET}"]
    s.prompt(f"A question about {SECRET}")
    log.append(KEY, s.entries)
    assert texts(log, SECRET) == [f"A question about {SECRET}"]


def test_huge_results_are_searched_up_to_a_length(log: Log, s: Transcript) -> None:
    s.prompt("Read it")
    s.run("Bash", {"command": "cat"}, f"early {'word ' * 10_000} late")
    s.prompt(f"early {'word ' * 10_000} late")
    log.append(OTHER, s.entries)
    assert {hit.field for hit in log.search("early").hits} == {"prompt", "result"}
    assert {hit.field for hit in log.search("late").hits} == {"prompt"}


def test_strange_entries_are_searched_too(log: Log, s: Transcript) -> None:
    """No entry that the log takes may ever stop the index."""
    s.prompt("NUL \0, half \ud800 and <b>tags</b> zebra")
    s.chained("assistant", message=assistant({"type": "text", "text": "zebra"}), n=1 << 70)
    deep: Any = []
    for _ in range(3_000):
        deep = [deep]
    s.chained("assistant", message=assistant({"type": "text", "text": "zebra"}), deep=deep)
    s.chained("assistant", message="zebra")
    s.chained("assistant", message={"content": [{"type": "text", "text": 7}, "zebra", None]})
    s.chained("assistant", message={"content": [{"type": "tool_use", "input": "zebra"}]})
    log.append(KEY, s.entries)
    assert sorted(hit.field for hit in log.search("zebra").hits) == [
        "answer",
        "answer",
        "input",
        "prompt",
    ]
