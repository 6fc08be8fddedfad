"""Write the databases of this folder with the libraries whose they are.

In an environment of its own, as nothing here is needed to run the tests:

    pip install openai-agents langgraph langgraph-checkpoint-sqlite google-adk "sqlalchemy[asyncio]"
    python tests/migrate/make.py tests/migrate openai.db openai-branches.db langgraph.db \\
        langgraph-delta.db adk.db adk-pickled.db adk-sqlite.db plain.db

and in another one, of the first release with these tables:

    pip install "langgraph==0.2.3" "langgraph-checkpoint==1.0.2" \\
        "langgraph-checkpoint-sqlite==1.0.0"
    python tests/migrate/make.py tests/migrate langgraph-1.db

``versions.json`` names the releases that wrote each.
"""

import asyncio
import base64
import gc
import gzip
import json
import sqlite3
import sys
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

PACKAGES = (
    *("openai-agents", "langgraph", "langgraph-checkpoint", "langgraph-checkpoint-sqlite"),
    *("langchain-core", "google-adk", "sqlalchemy"),
)
PICTURE = base64.b64encode(b"no real picture").decode()


def openai_items() -> list[Any]:
    return [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "What is the weather in Rome?"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Ask."}]},
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city": "Rome"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny, 21 degrees"},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Sunny.", "annotations": []}],
        },
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "And here?"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}"},
            ],
        },
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "search", "query": "weather"},
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Rain."}],
        },
    ]


async def openai_sessions(path: Path) -> None:
    from agents import SQLiteSession

    weather = SQLiteSession("weather", path)
    await weather.add_items(openai_items()[:6])
    await weather.add_items([{"role": "user", "content": "Never mind."}])
    await weather.pop_item()
    await weather.add_items(openai_items()[6:])
    other = SQLiteSession("user-42/chat", path)
    await other.add_items([{"role": "user", "content": "Hello"}])
    empty = SQLiteSession("empty", path)
    await empty.add_items([{"role": "user", "content": "x"}])
    await empty.clear_session()
    for session in (weather, other, empty):
        session.close()


async def openai_branches(path: Path) -> None:
    from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage
    from agents.extensions.memory import AdvancedSQLiteSession
    from openai.types.responses import ResponseOutputMessage, ResponseOutputText
    from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

    class Echo(Model):
        """Answers with what it was asked."""

        async def get_response(
            self, system_instructions: Any, input: Any, *args: Any, **more: Any
        ) -> Any:
            asked = input if isinstance(input, str) else input[-1]["content"]
            text = ResponseOutputText(text=f"About {asked}", type="output_text", annotations=[])
            message = ResponseOutputMessage(
                id=f"msg_{len(str(input))}",
                content=[text],
                role="assistant",
                status="completed",
                type="message",
            )
            usage = Usage(
                requests=1,
                input_tokens=100,
                output_tokens=7,
                total_tokens=107,
                input_tokens_details=InputTokensDetails(cached_tokens=40, cache_write_tokens=0),
                output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
            )
            return ModelResponse(output=[message], usage=usage, response_id=None)

        def stream_response(self, *args: Any, **more: Any) -> Any:
            raise NotImplementedError

    agent = Agent(name="echo", model=Echo())
    session = AdvancedSQLiteSession(session_id="branched", db_path=path, create_tables=True)
    quiet = RunConfig(tracing_disabled=True)

    async def ask(question: str) -> None:
        result = await Runner.run(agent, question, session=session, run_config=quiet)
        await session.store_run_usage(result)

    for question in ("one", "two", "three"):
        await ask(question)
    await session.create_branch_from_turn(2, "another")
    await ask("two, again")
    session.close()


def langgraph_threads(path: Path) -> None:
    from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.graph.message import add_messages

    def answer(state: MessagesState) -> dict[str, Any]:
        asked = state["messages"][-1]
        if asked.content == "look":
            call = {"name": "search", "args": {"q": "sea"}, "id": "call_1", "type": "tool_call"}
            return {"messages": [AIMessage("", id=f"ai-{asked.id}", tool_calls=[call])]}
        usage = {
            "input_tokens": 100,
            "output_tokens": 7,
            "total_tokens": 107,
            "input_token_details": {"cache_read": 30, "cache_creation": 20},
        }
        return {
            "messages": [
                AIMessage(
                    f"About {asked.content}",
                    id=f"ai-{asked.id}",
                    usage_metadata=usage,
                    response_metadata={
                        "model_name": "claude-sonnet-4-5",
                        "stop_reason": "end_turn",
                    },
                )
            ]
        }

    def use_tool(state: MessagesState) -> dict[str, Any]:
        calls = getattr(state["messages"][-1], "tool_calls", [])
        return {
            "messages": [
                ToolMessage("found the sea", tool_call_id=c["id"], id=f"tool-{c['id']}")
                for c in calls
            ]
        }

    def forget(state: MessagesState) -> dict[str, Any]:
        if len(state["messages"]) <= 4:
            return {}
        return {"messages": [RemoveMessage(id=m.id) for m in state["messages"][:-2]]}

    def graph(trimming: bool = False) -> Any:
        builder = StateGraph(MessagesState)
        builder.add_node("answer", answer)
        builder.add_node("use_tool", use_tool)
        builder.add_edge(START, "answer")
        builder.add_edge("answer", "use_tool")
        if trimming:
            builder.add_node("forget", forget)
            builder.add_edge("use_tool", "forget")
        return builder.compile(checkpointer=saver)

    def ask(app: Any, config: Any, text: str) -> None:
        app.invoke({"messages": [HumanMessage(text, id=f"human-{text}")]}, config)

    with SqliteSaver.from_conn_string(str(path)) as saver:
        chat: Any = {"configurable": {"thread_id": "chat"}}
        for text in ("one", "look", "two"):
            ask(graph(), chat, text)

        forked: Any = {"configurable": {"thread_id": "forked"}}
        for text in ("one", "two"):
            ask(graph(), forked, text)
        history = graph().get_state_history(forked)
        after_one = next(state for state in history if len(state.values["messages"]) == 2)
        ask(graph(), after_one.config, "another")

        trimmed: Any = {"configurable": {"thread_id": "trimmed"}}
        for text in ("one", "two", "three", "four"):
            ask(graph(trimming=True), trimmed, text)

        from typing_extensions import TypedDict

        class Count(TypedDict):
            value: int

        counter = StateGraph(Count)
        counter.add_node("add", lambda state: {"value": state["value"] + 1})
        counter.add_edge(START, "add")
        counting: Any = {"configurable": {"thread_id": "no-messages"}}
        counter.compile(checkpointer=saver).invoke({"value": 1}, counting)

        class Outer(TypedDict):
            messages: Annotated[list[Any], add_messages]

        outer = StateGraph(Outer)
        inner = StateGraph(MessagesState)
        inner.add_node("answer", answer)
        inner.add_edge(START, "answer")
        outer.add_node("inner", inner.compile(checkpointer=True))
        outer.add_edge(START, "inner")
        ask(outer.compile(checkpointer=saver), {"configurable": {"thread_id": "nested"}}, "deep")


def langgraph_delta(path: Path) -> None:
    """A channel of which most checkpoints hold only the writes."""
    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.channels.delta import DeltaChannel
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import START, StateGraph
    from langgraph.graph.message import _messages_delta_reducer
    from typing_extensions import TypedDict

    class State(TypedDict):
        messages: Annotated[list[Any], DeltaChannel(_messages_delta_reducer)]

    def answer(state: State) -> dict[str, Any]:
        asked = state["messages"][-1]
        return {"messages": [AIMessage(f"About {asked.content}", id=f"ai-{asked.id}")]}

    with SqliteSaver.from_conn_string(str(path)) as saver:
        builder = StateGraph(State)
        builder.add_node("answer", answer)
        builder.add_edge(START, "answer")
        app = builder.compile(checkpointer=saver)
        for text in ("one", "two"):
            message = HumanMessage(text, id=f"human-{text}")
            app.invoke({"messages": [message]}, {"configurable": {"thread_id": "delta"}})


def langgraph_first(path: Path) -> None:
    """As the first release wrote it: messages as JSON that names their classes."""
    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import START, MessagesState, StateGraph

    def answer(state: MessagesState) -> dict[str, Any]:
        asked = state["messages"][-1]
        usage = {"input_tokens": 100, "output_tokens": 7, "total_tokens": 107}
        said = AIMessage(f"About {asked.content}", id=f"ai-{asked.id}", usage_metadata=usage)
        return {"messages": [said]}

    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    with SqliteSaver.from_conn_string(str(path)) as saver:
        app = builder.compile(checkpointer=saver)
        thread: Any = {"configurable": {"thread_id": "first"}}
        for text in ("one", "two"):
            app.invoke({"messages": [HumanMessage(text, id=f"human-{text}")]}, thread)
        history = list(app.get_state_history(thread))
        after_one = next(s for s in history if len(s.values["messages"]) == 2)
        app.invoke({"messages": [HumanMessage("another", id="human-a")]}, after_one.config)


async def adk_events(service: Any) -> None:
    from google.adk.events.event import Event
    from google.adk.events.event_actions import EventActions, EventCompaction
    from google.genai import types

    session = await service.create_session(
        app_name="travel",
        user_id="ada",
        session_id="trip",
        state={"city": "Rome", "user:name": "Ada"},
    )

    def said(role: str, *parts: types.Part) -> types.Content:
        return types.Content(role=role, parts=list(parts))

    async def happened(invocation: str, author: str, content: Any = None, **more: Any) -> None:
        moment = 1_769_782_980.25 + 10 * len(session.events)
        event = Event(
            id=f"event-{len(session.events)}",
            invocation_id=invocation,
            author=author,
            content=content,
            timestamp=moment,
            **more,
        )
        await service.append_event(session, event)

    usage = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=100,
        candidates_token_count=7,
        cached_content_token_count=40,
        thoughts_token_count=3,
        total_token_count=110,
    )
    text = types.Part.from_text
    await happened("i1", "user", said("user", text(text="Where is it warm?")))
    asking = types.Part(function_call=types.FunctionCall(id="c1", name="warm", args={"in": "May"}))
    thinking = types.Part(text="I ask.", thought=True)
    await happened("i1", "guide", said("model", thinking, asking), usage_metadata=usage)
    answer = types.FunctionResponse(id="c1", name="warm", response={"result": "Rome"})
    await happened("i1", "guide", said("user", types.Part(function_response=answer)))
    await happened(
        "i1",
        "guide",
        said("model", text(text="In Rome.")),
        usage_metadata=usage,
        actions=EventActions(state_delta={"answer": "Rome"}),
    )
    picture = types.Part.from_bytes(data=b"no real picture", mime_type="image/png")
    await happened("i2", "user", said("user", text(text="Like this?"), picture))
    await happened("i2", "guide", said("model", text(text="Yes.")), turn_complete=True)
    await happened("i3", "user", actions=EventActions(state_delta={"city": "Pisa"}))
    await happened(
        "i4", "user", actions=EventActions(rewind_before_invocation_id="i2", state_delta={})
    )
    await happened("i5", "user", said("user", text(text="And in winter?")))
    await happened("i5", "guide", error_code="500", error_message="overloaded")
    compacted = said("model", text(text="Rome is warm in May."))
    await happened(
        "i6",
        "user",
        actions=EventActions(
            compaction=EventCompaction(
                start_timestamp=1_769_782_980.25,
                end_timestamp=1_769_783_010.25,
                compacted_content=compacted,
            )
        ),
    )
    await service.create_session(app_name="travel", user_id="bob", session_id="nothing")


async def adk_database(path: Path, pickled: bool) -> None:
    from google.adk.sessions.database_session_service import DatabaseSessionService
    from google.adk.sessions.schemas import v0
    from sqlalchemy import create_engine

    if pickled:
        engine = create_engine(f"sqlite:///{path}")
        v0.Base.metadata.create_all(engine)
        engine.dispose()
    service = DatabaseSessionService(f"sqlite+aiosqlite:///{path}")
    await adk_events(service)
    await service.close()


async def adk_sqlite(path: Path) -> None:
    from google.adk.sessions.sqlite_session_service import SqliteSessionService

    await adk_events(SqliteSessionService(str(path)))


def plain_table(path: Path) -> None:
    """A table as applications write it: no library's."""
    history = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "Why is it slow?", "timestamp": "2026-01-30T14:23:00Z"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "profile", "arguments": '{"page": "checkout"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "300 queries"},
        {"role": "assistant", "content": [{"type": "text", "text": "N+1 queries."}]},
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE sessions (session_id TEXT PRIMARY KEY, user_id TEXT, title TEXT, "
            "history BLOB, model TEXT, input_tokens INTEGER, output_tokens INTEGER, "
            "cache_read_input_tokens INTEGER, cache_creation_input_tokens INTEGER, "
            "total_cost_usd REAL, metadata TEXT, created_at TEXT, updated_at TEXT)"
        )
        told = json.dumps(history).encode()
        rows = [
            ("s1", "ada", "The slow checkout", gzip.compress(told, mtime=0), "claude-sonnet-4-5"),
            ("s2", "ada", None, base64.b64encode(gzip.compress(told[:], mtime=0)).decode(), None),
            ("s3", "bob", None, told.decode(), None),
            ("s4", "bob", "Broken", gzip.compress(told, mtime=0)[:-20], None),
            ("s5", None, "Empty", None, None),
        ]
        for row in rows:
            figures = (1_000, 200, 50, 10, 0.0075) if row[0] == "s1" else (None,) * 5
            connection.execute(
                f"INSERT INTO sessions VALUES ({', '.join('?' * 13)})",
                (
                    *row,
                    *figures,
                    '{"ticket": 7}',
                    "2026-01-30 14:22:59",
                    "2026-01-30T14:24:00+00:00",
                ),
            )


def settle(path: Path) -> None:
    """One file, and nothing beside it."""
    gc.collect()  # of connections that a library left open
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")


MADE: dict[str, Any] = {
    "openai.db": lambda path: asyncio.run(openai_sessions(path)),
    "openai-branches.db": lambda path: asyncio.run(openai_branches(path)),
    "langgraph.db": langgraph_threads,
    "langgraph-delta.db": langgraph_delta,
    "langgraph-1.db": langgraph_first,
    "adk.db": lambda path: asyncio.run(adk_database(path, pickled=False)),
    "adk-pickled.db": lambda path: asyncio.run(adk_database(path, pickled=True)),
    "adk-sqlite.db": lambda path: asyncio.run(adk_sqlite(path)),
    "plain.db": plain_table,
}


def releases() -> dict[str, str]:
    """Of the libraries that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main(folder: Path, names: list[str]) -> None:
    told = folder / "versions.json"
    versions = json.loads(told.read_text()) if told.exists() else {}
    for name in names:
        path = folder / name
        path.unlink(missing_ok=True)
        MADE[name](path)
        settle(path)
        libraries = {p: v for p, v in releases().items() if p.split("-")[0] in _OF[name]}
        versions[name] = {"sqlite": sqlite3.sqlite_version, **libraries}
    told.write_text(json.dumps(dict(sorted(versions.items())), indent=2) + "\n")


_OF = {
    name: {"openai": ("openai",), "adk": ("google", "sqlalchemy"), "plain": ()}.get(
        name.partition(".")[0].partition("-")[0], ("langgraph", "langchain")
    )
    for name in MADE
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
