"""A model on the loopback interface: it answers as scripted and remembers what it was asked."""

import json
import re
import threading
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.support.loopback import Call, Response, Server

NAME = "claude-sonnet-4-5"
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@dataclass(frozen=True)
class ToolUse:
    """One block of an answer that calls a tool: `ToolUse("Read", {"file_path": "/x"})`."""

    name: str
    input: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer of the model. Texts and tool uses are its content blocks, in order."""

    blocks: Sequence[str | ToolUse]
    stop_reason: str | None = None
    """By default `tool_use` where a tool is called, else `end_turn`."""


@dataclass(frozen=True)
class Failure:
    """An HTTP error in place of one answer. The CLI tries again, after 400 with other options."""

    status: int = 400
    kind: str = "invalid_request_error"
    message: str = "the model of this test failed as scripted"

    def response(self) -> Response:
        error = {"type": self.kind, "message": self.message}
        return _json(self.status, {"type": "error", "error": error}, _new_id("req"))


Scripted = str | ToolUse | Reply | Failure


@dataclass(frozen=True)
class Request:
    """One request for an answer, as it reached the model."""

    body: dict[str, Any]
    headers: Mapping[str, str]

    def said(self) -> list[str]:
        """Give what was said, as `role: text`, leaving out what the CLI itself adds.

        Calls of tools read `assistant: [Read]`, their results `user: <the text>`.
        """
        lines = []
        for message in self.body["messages"]:
            for text in _texts(message["content"]):
                if said := REMINDER.sub("", text).strip():
                    lines.append(f"{message['role']}: {said}")
        return lines


@dataclass(frozen=True)
class Answer:
    """What the model answered: its ids, and the usage it counted."""

    message_id: str
    request_id: str
    content: list[dict[str, Any]]
    stop_reason: str
    usage: dict[str, Any]


@dataclass
class Model:
    """A server for `POST /v1/messages`, streamed or not; a context manager.

    Each request takes the next reply of the script; one too many gets an error that says so.
    What goes wrong inside the server is raised when the context ends.
    """

    script: deque[Scripted] = field(default_factory=deque)
    outage: Failure | None = None
    """While set, every request fails so, and the script waits."""
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    """Everything else that was asked of the server, as `GET /path`."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._context: dict[str, int] = {}
        self._server = Server(self._respond)

    def will_say(self, *replies: Scripted) -> None:
        """Add replies to the end of the script."""
        self.script.extend(replies)

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.stop()
        if self._server.errors and error is None:
            raise ExceptionGroup("the model's server failed", self._server.errors)

    def _respond(self, call: Call) -> Response:
        if (call.method, call.path) == ("POST", "/v1/messages"):
            return self._messages(Request(json.loads(call.body), call.headers))
        self.probes.append(f"{call.method} {call.path}")
        if call.path == "/v1/messages/count_tokens":
            counted = tokens(json.loads(call.body)["messages"])
            return _json(200, {"input_tokens": counted}, _new_id("req"))
        if call.method == "HEAD":
            return Response(200)
        return Failure(404, "not_found_error", f"there is no {call.path} here").response()

    def _messages(self, request: Request) -> Response:
        answer = self._answer(request)
        if isinstance(answer, Failure):
            return answer.response()
        if not request.body.get("stream"):
            return _json(200, message(answer, request.body["model"]), answer.request_id)
        headers = {"content-type": "text/event-stream", "request-id": answer.request_id}
        events = streamed(answer, request.body["model"])
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return Response(200, headers, (line.encode() for line in lines))

    def _answer(self, request: Request) -> Answer | Failure:
        with self._lock:
            self.requests.append(request)
            if self.outage:
                return self.outage
            if not self.script:
                return Failure(message=f"request {len(self.requests)} has no reply in the script")
            reply = _reply(self.script.popleft())
            if isinstance(reply, Failure):
                return reply
            answer = self._compose(request, reply)
            self.answers.append(answer)
            return answer

    def _compose(self, request: Request, reply: Reply) -> Answer:
        content = [_block(block) for block in reply.blocks]
        calls = any(block["type"] == "tool_use" for block in content)
        return Answer(
            message_id=_new_id("msg"),
            request_id=_new_id("req"),
            content=content,
            stop_reason=reply.stop_reason or ("tool_use" if calls else "end_turn"),
            usage=self._usage(request, content),
        )

    def _usage(self, request: Request, content: list[dict[str, Any]]) -> dict[str, Any]:
        """Count as the prompt cache does: what a session sent before is read, the rest is new."""
        total = tokens({key: request.body.get(key) for key in ("system", "tools", "messages")})
        session = request.headers.get("x-claude-code-session-id", "")
        cached = min(self._context.get(session, 0), total - 4)
        self._context[session] = total
        created = total - 4 - cached
        return {
            "input_tokens": 4,
            "cache_creation_input_tokens": created,
            "cache_read_input_tokens": cached,
            "cache_creation": {
                "ephemeral_5m_input_tokens": created,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": tokens(content),
            "service_tier": "standard",
        }


def tokens(value: Any) -> int:
    """Count four characters of JSON as a token, as a rule of thumb."""
    return max(5, len(json.dumps(value)) // 4)


def streamed(answer: Answer, model: str) -> Iterator[dict[str, Any]]:
    """Give the events of an answer in the order in which the API streams them."""
    whole = message(answer, model)
    opening = {**whole, "content": [], "stop_reason": None}
    yield {
        "type": "message_start",
        "message": {**opening, "usage": {**answer.usage, "output_tokens": 1}},
    }
    for index, block in enumerate(answer.content):
        if block["type"] == "text":
            start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            text = json.dumps(block["input"])
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": text}
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    counted = {key: count for key, count in answer.usage.items() if key.endswith("_tokens")}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": answer.stop_reason, "stop_sequence": None},
        "usage": counted,
    }
    yield {"type": "message_stop"}


def message(answer: Answer, model: str) -> dict[str, Any]:
    """Give an answer as the API returns it when it does not stream."""
    return {
        "id": answer.message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": answer.content,
        "stop_reason": answer.stop_reason,
        "stop_sequence": None,
        "usage": answer.usage,
    }


def _reply(scripted: Scripted) -> Reply | Failure:
    return scripted if isinstance(scripted, Reply | Failure) else Reply([scripted])


def _block(block: str | ToolUse) -> dict[str, Any]:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    name, given = block.name, dict(block.input)
    return {"type": "tool_use", "id": _new_id("toolu"), "name": name, "input": given}


def _texts(content: str | list[dict[str, Any]]) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    for block in content:
        match block["type"]:
            case "text":
                yield block["text"]
            case "tool_use":
                yield f"[{block['name']}]"
            case "tool_result":
                yield from _texts(block.get("content", ""))


def _json(status: int, value: Any, request_id: str) -> Response:
    headers = {"content-type": "application/json", "request-id": request_id}
    return Response(status, headers, [json.dumps(value).encode()])


def _new_id(prefix: str) -> str:
    return f"{prefix}_01{uuid.uuid4().hex[:22]}"
