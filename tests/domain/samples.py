"""One event of every kind."""

from turnlog.domain import events as e
from turnlog.domain.entry import Mark
from turnlog.domain.lineage import Segment
from turnlog.domain.usage import Usage

UUID = bytes(range(16))
BASE = (Segment(0, 9, "p/origin"),)

SAMPLES: tuple[e.SessionEvent, ...] = (
    e.SessionStarted(
        project_key="p",
        session_id="s",
        source="sdk",
        forked_from=e.Origin("p/origin", 9, "c0ffee"),
        base=BASE,
        figures=e.Figures(1, 2, 9, Usage(3, 4)),
        leaf=UUID.hex(),
        user_id="ada",
        working_dir="/home/ada/shop",
        prompt="Why is the checkout slow?",
        metadata={"ticket": 7},
    ),
    e.SessionDescribed(user_id="grace", prompt="Why is it slow?", model="claude", actor="ada"),
    e.SessionLocated(working_dir="/home/ada/shop"),
    e.WorkspaceChanged(git_branch="fix/checkout", working_dir="/home/ada/shop"),
    e.PromptRemembered(prompt="Why?", pasted={"1": "a text"}, occurred_at=1_000),
    e.TurnRecorded(
        identity=UUID, body=b'{"type":"user"}', kind="user", marks=Mark.USER | Mark.PROMPT, prompt=1
    ),
    e.EntryRecorded(body=b'{"type":"mode"}', kind="mode", before=4, place=3),
    e.EntryConflicted(of=3, body=b"{}"),
    e.EntryCorrupted(body=b"\xff", why="not UTF-8"),
    e.UsageRecorded(
        message_id="msg_1", turn=1, model="claude", counters=Usage(3, 40), counted=Usage(3, 1)
    ),
    e.CheckpointCreated(checkpoint_id="prompt-1", kind="prompt", anchor=4, prompt=1),
    e.StatusChanged(status="complete", stop_reason="end_turn"),
    e.SessionRewound(target=4, leaf=UUID.hex(), figures=e.Figures(1), titles={"ai": "Checkout"}),
    e.TranscriptForked(at=4, child=9, figures=e.Figures(1)),
    e.SessionForked(child="p/child", version=4),
    e.SubagentCalled(tool_use_id="toolu_1", of=4),
    e.SubagentLinked(tool_use_id="toolu_1"),
    e.SessionRenamed(title="Checkout"),
    e.SessionTagged(tags=("slow", "shop")),
    e.MetadataChanged(metadata={"ticket": 8}),
    e.ContextSummarized(of=4, trigger="manual"),
    e.ContextTrimmed(first_kept="an-uuid", reason="long enough"),
    e.ContinuationAttempted(attempt=2, why="cut off"),
    e.GapDetected(missing="an-uuid", of=4),
    e.GapFilled(missing="an-uuid", of=9),
    e.FileKept(name="tool-results/1.txt", kind="tool-result", size=12),
    e.SessionArchived(reason="done"),
    e.SessionPacked(blocks_before=9, blocks_after=2, bytes_before=4_096, bytes_after=2_048),
    e.SessionDeleted(actor="ada"),
    e.SessionRestored(),
    e.SessionErased(bodies=9),
    e.EntryRedacted(of=5, digest="c0ffee", reason="a password"),
)
