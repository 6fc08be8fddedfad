"""Two short sessions: one is interrupted and fails, one looks something up."""

from __future__ import annotations

from docs.demo.session import Session
from docs.demo.stories.tiles import CWD as ATLAS
from tests.support.entries import HAIKU, SONNET

NOTES = "/home/ada/field-notes"


def tell_flag() -> Session:
    """A flag is renamed; the API fails once and a person changes her mind."""
    s = Session(
        "e91b3c60-4d2a-4b7f-a6c8-2f50d7831c94",
        seed=14,
        cwd=ATLAS,
        model=HAIKU,
        start="2026-11-03T16:20:00Z",
    )
    main = f"{ATLAS}/cmd/atlas/main.go"
    s.ask("Rename the flag --cache to --cache-size everywhere.")
    s.run(
        "Bash",
        {"command": "grep -rn -- '--cache\\b' cmd docs deploy", "description": "Find the flag"},
        'cmd/atlas/main.go:24:	cache := flag.String("cache", "2GiB", "size of the tile cache")\n'
        "docs/running.md:31:    atlas --cache 4GiB\n"
        "deploy/atlas.service:9:ExecStart=/usr/bin/atlas --cache 4GiB",
    )
    flag = '	cache := flag.String("cache"'
    s.edit_file(main, flag, flag.replace('"cache"', '"cache-size"'))
    s.interrupt()
    s.done("Rename --cache")
    s.ask("Wait, keep --cache working and say that it is deprecated.", "cmd/atlas/main.go")
    s.api_error("API Error: 529 Overloaded. Please try again later.", "overloaded")
    s.command("model", "sonnet", output="Set model to claude-sonnet-4-5-20250929")
    s.model = SONNET
    s.ask("Try again.", "cmd/atlas/main.go")
    old = (
        '	old := flag.String("cache", "", "deprecated: use --cache-size")\n'
        "	flag.Parse()\n"
        '	if *old != "" {\n'
        '		log.Print("--cache is deprecated, use --cache-size")\n'
        "		*cache = *old\n"
        "	}"
    )
    s.edit_file(main, "	flag.Parse()", old)
    s.run(
        "Bash",
        {"command": "go run ./cmd/atlas --cache 1GiB --dry-run", "description": "Try the old flag"},
        "2026/11/03 16:31:07 --cache is deprecated, use --cache-size\ncache: 1 GiB",
    )
    s.answer(
        "`--cache-size` is the flag, `--cache` still works and says that it is deprecated. The "
        "docs and the service file use the old name; shall I change them too?"
    )
    s.done("Rename --cache to --cache-size")
    return s


def tell_links() -> Session:
    """Notes with broken links; the session has a name and a tag."""
    s = Session(
        "17a5f8d3-9c60-4e2b-b1d7-6403e8c9a2f5",
        seed=15,
        cwd=NOTES,
        model=HAIKU,
        start="2026-11-12T18:30:00Z",
    )
    path = f"{NOTES}/2026/lichens.md"
    s.ask("Which of my notes have broken links?")
    s.run(
        "Bash",
        {"command": "lychee --offline --no-progress .", "description": "Check the links"},
        "126 links, 2 errors\n2026/lichens.md: ../img/xanthoria.jpg (file not found)\n"
        "2026/lichens.md: #growth-rates (no such heading)",
    )
    s.answer("Only `2026/lichens.md`: a missing picture, and a heading that has been renamed.")
    s.done("Broken links in the notes")
    s.ask("Fix the heading. How fast does Xanthoria parietina grow, by the way?")
    s.run(
        "WebSearch",
        {"query": "Xanthoria parietina radial growth rate mm per year"},
        "1. Radial growth of foliose lichens on stone walls: 1 to 4 mm a year in wet climates.\n"
        "2. Field survey of coastal lichens: Xanthoria parietina 2.5 mm a year on average.",
        usage={"web_search_requests": 1},
    )
    s.edit_file(path, "(#growth-rates)", "(#how-fast-they-grow)")
    s.answer("About 2.5 mm a year, up to 4 in wet climates. The link points to the heading again.")
    s.done()
    s.ask("Then the thallus by the gate, 90 mm across, is how old?", "2026/lichens.md")
    s.answer(
        "It grows at its rim on both sides: 45 mm of radius at 2.5 mm a year make 18 years. With "
        "the range of the survey, between 11 and 45."
    )
    s.done()
    s.title("lichens", kind="custom")
    s.tag("notes")
    return s
