"""Texts of transcripts that try to act on the page they are shown in."""

from __future__ import annotations

import base64

from .entries import Entry
from .transcripts import Transcript

ACTIVE = "document.title = 'taken over'"
ELSEWHERE = "http://127.0.0.1:9/pixel.png"
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()
"""A picture of one pixel."""
PAYLOADS = (
    f"<script>{ACTIVE}</script>",
    f"</pre></code></div></details><script>{ACTIVE}</script>",
    f'<img src=x onerror="{ACTIVE}">',
    f'<img src="{ELSEWHERE}">',
    f"<svg onload=\"{ACTIVE}\"><animate onbegin='{ACTIVE}' attributeName=x dur=1s>",
    f'"><iframe src="{ELSEWHERE}"></iframe>',
    f'<link rel=stylesheet href="{ELSEWHERE}"><style>@import "{ELSEWHERE}";</style>',
    f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}">',
    f"<body onload={ACTIVE!r} style=\"background:url('{ELSEWHERE}')\">",
    f"[click](javascript:{ACTIVE.replace(' ', '%20')})",
    f"[click](<javascript:{ACTIVE}>) [x](vbscript:x) [y](data:text/html,<script>{ACTIVE}</script>)",
    f"![picture]({ELSEWHERE}) ![p](javascript:{ACTIVE}) ![q][r]\n\n[r]: {ELSEWHERE}",
    f"<{ELSEWHERE}> <javascript:alert(1)>",
    f"```html\n<script>{ACTIVE}</script>\n",
    f'```"><script>{ACTIVE}</script>\ncode\n```',
    f"`a\n\n` <script>{ACTIVE}</script> `\n",
    f"- a ` b\n- <script>{ACTIVE}</script> ` c",
    f"| a |\n|--:|\n| <script>{ACTIVE}</script> |",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07 \x1b[31mred\x1b[0m \x00 \u202e\u2066 \ud800",
    "{{7*7}} ${7*7} <%= 7*7 %> <!-- --><!--> <![CDATA[ ]]> &lt;script&gt; &#60;script&#62;",
    f"<base href='{ELSEWHERE}/'><form action='{ELSEWHERE}'><input autofocus onfocus='{ACTIVE}'>",
)


def hostile_transcript() -> Transcript:
    """Every payload in every place of a conversation that is shown."""
    transcript = Transcript(seed=7)
    for payload in PAYLOADS:
        transcript.prompt(payload)
        transcript.answer(payload, thinking=payload)
        for name, given in _calls(payload):
            transcript.run(name, given, payload, structured={})
        transcript.run("Bash", {"command": payload}, payload, is_error=True)
        transcript.compact(payload)
        transcript.title(payload, "custom")
    pictures = [_picture(kind, data) for kind, data in _PICTURES]
    transcript.prompt("look")
    transcript.entries[-1]["message"]["content"] = [{"type": "text", "text": "look"}, *pictures]
    return transcript


def _calls(payload: str) -> list[tuple[str, Entry]]:
    return [
        (payload[:100], {payload[:100]: payload}),
        ("Read", {"file_path": f"/x/{payload}.py"}),
        ("Write", {"file_path": f"/x/{payload}", "content": payload}),
        ("Edit", {"file_path": "a.html", "old_string": "old", "new_string": payload}),
        ("Edit", {"file_path": 7, "old_string": None}),
        ("TodoWrite", {"todos": [{"content": payload, "status": payload}]}),
        ("Task", {"prompt": payload, "description": payload}),
        ("WebFetch", {"url": ELSEWHERE, "prompt": payload}),
    ]


_PICTURES = (
    ("image/png", PIXEL),
    ("image/svg+xml", base64.b64encode(f"<svg onload='{ACTIVE}'/>".encode()).decode()),
    ("text/html", base64.b64encode(f"<script>{ACTIVE}</script>".encode()).decode()),
    ("image/png", base64.b64encode(b"<svg onload=x>").decode()),
    ('image/png" onerror="x', PIXEL),
    ("image/png", f'{PIXEL}" onerror="{ACTIVE}'),
)


def _picture(kind: str, data: str) -> Entry:
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
