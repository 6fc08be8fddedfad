"""A map server forgets its tiles; the session is long enough to be compacted."""

from __future__ import annotations

from docs.demo.session import Session

CWD = "/home/ada/atlas"
CACHE, CACHE_TEST = f"{CWD}/internal/tiles/cache.go", f"{CWD}/internal/tiles/cache_test.go"

CACHE_GO = """\
package tiles

// Cache keeps rendered tiles until they exceed its limit.
type Cache struct {
	mu    sync.Mutex
	limit int64
	used  int64
	order *list.List
	items map[Key]*list.Element
}

// Put stores a tile and drops the oldest ones above the limit.
func (c *Cache) Put(k Key, t Tile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items[k] = c.order.PushFront(entry{k, t})
	c.used += int64(len(t.Bytes))
	for c.used > c.limit {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.items, last.Value.(entry).key)
		c.used -= int64(len(last.Value.(entry).tile.Bytes))
	}
}
"""

OLD_PUT = """\
	c.items[k] = c.order.PushFront(entry{k, t})
	c.used += int64(len(t.Bytes))"""

NEW_PUT = """\
	if old, ok := c.items[k]; ok {
		c.order.Remove(old)
		c.used -= int64(len(old.Value.(entry).tile.Bytes))
	}
	c.items[k] = c.order.PushFront(entry{k, t})
	c.used += int64(len(t.Bytes))"""

TEST_GO = """\
func TestPuttingATileAgainDoesNotUseMoreSpace(t *testing.T) {
	c := NewCache(1 << 20)
	for range 100 {
		c.Put(Key{Z: 3, X: 1, Y: 2}, Tile{Bytes: make([]byte, 1<<10)})
	}
	if c.used != 1<<10 {
		t.Fatalf("one tile uses %d bytes", c.used)
	}
}
"""

GO_TEST = {"command": "go test ./internal/tiles/ -race", "description": "Test the tile cache"}
SUMMARY = """\
This session is being continued from a previous conversation that ran out of context. The summary \
below covers the earlier portion of the conversation.

1. Request: tiles are evicted long before the cache's limit of 2 GiB is reached.
2. Cause: `Cache.Put` counted a tile again whenever it was rendered again, without subtracting the \
old one (`internal/tiles/cache.go`). `used` drifted upwards until every `Put` evicted something.
3. Done: `Put` removes the old entry first; `TestPuttingATileAgainDoesNotUseMoreSpace` fails \
without the change; `used` is exported as the metric `atlas_tile_cache_bytes`.
4. Open: whether hits should move a tile to the front, so that the cache forgets what is least \
recently used and not what is oldest."""


def tell() -> Session:
    s = Session(
        "c04d9e72-5b1f-4e86-8a3c-91f7d2b6e458", seed=13, cwd=CWD, start="2026-10-20T08:05:00Z"
    )
    _find_the_drift(s)
    _repair(s)
    _measure(s)
    s.compact(SUMMARY)
    _use_hits(s)
    _release(s)
    return s


def _find_the_drift(s: Session) -> None:
    s.ask("Tiles are evicted although the cache is nearly empty. The limit is 2 GiB.")
    both = s.answer(
        "I read the cache and ask the running server what it believes.",
        thinking="Either the limit is read wrongly or the bookkeeping is. Both can be checked at "
        "once.",
        tools=[
            ("Read", {"file_path": CACHE}),
            (
                "Bash",
                {
                    "command": "curl -s localhost:8080/debug/vars | jq .tiles",
                    "description": "Ask the server for its cache counters",
                },
            ),
        ],
    )
    counters = (
        '{\n  "limit": 2147483648,\n  "used": 2147481102,\n  "tiles": 312,\n  "largest": 61440\n}'
    )
    s.tool_result(both.tools[1], counters)
    s.tool_result(both.tools[0], CACHE_GO)
    s.answer(
        "312 tiles of at most 60 KiB cannot use 2 GiB: at most 19 MB. `Put` adds the size of a "
        "tile that is rendered again, and never takes off the old one, which also stays in the "
        "list. `used` only drifts upwards, until every `Put` throws something out."
    )
    s.done("Tile cache evicts too early")


def _repair(s: Session) -> None:
    s.ask("Fix it, with a test.")
    s.edit_file(
        CACHE_TEST, "func TestEviction", TEST_GO + "\nfunc TestEviction", text="The test first."
    )
    failed = (
        "--- FAIL: TestPuttingATileAgainDoesNotUseMoreSpace\n    one tile uses 102400 bytes\nFAIL"
    )
    s.run("Bash", GO_TEST, failed, is_error=True)
    s.edit_file(CACHE, OLD_PUT, NEW_PUT)
    s.run("Bash", GO_TEST, "ok  \tatlas/internal/tiles\t1.204s")
    s.answer("`Put` now takes the old tile out before it counts the new one. The test passes.")
    s.done()


def _measure(s: Session) -> None:
    s.ask("Export used as a metric, so that we see it next time.", "internal/tiles/cache.go")
    path = f"{CWD}/internal/metrics/metrics.go"
    s.run("Grep", {"pattern": "NewGaugeFunc"}, path, text="How the other gauges are registered:")
    gauge = (
        "	registry.NewGaugeFunc(\n"
        '		"atlas_tile_cache_bytes", "Bytes of rendered tiles in memory.", cache.Used,\n	)'
    )
    s.run(
        "Edit",
        {"file_path": path, "old_string": "	// tiles", "new_string": f"	// tiles\n{gauge}"},
        f"The file {path} was updated.",
    )
    s.run(
        "Bash",
        {"command": "go vet ./... && go test ./...", "description": "Vet and test everything"},
        "ok  \tatlas/internal/metrics\t0.310s\nok  \tatlas/internal/tiles\t1.198s\n"
        "ok  \tatlas/cmd/atlas\t2.041s",
    )
    s.answer("`atlas_tile_cache_bytes` is there, beside the request gauges.")
    s.done()


def _use_hits(s: Session) -> None:
    s.ask("Should a hit move the tile to the front?", "internal/tiles/cache.go")
    s.answer(
        "Yes. At present the cache forgets the tile that was rendered first, and the world map at "
        "zoom 0 is always that one, although every visitor asks for it.",
        thinking="FIFO against LRU. Low zoom levels are few and hot, so LRU helps a lot.",
    )
    s.done()
    s.ask("Do that.", "internal/tiles/cache.go")
    s.edit_file(
        CACHE, "	return e.tile, true", "	c.order.MoveToFront(el)\n	return e.tile, true"
    )
    s.run("Bash", GO_TEST, "ok  \tatlas/internal/tiles\t1.215s")
    s.answer("A hit moves its tile to the front; the least recently used one goes first.")
    s.done()


def _release(s: Session) -> None:
    s.ask("What goes into the changelog?", "internal/tiles/cache.go")
    s.answer(
        "- Rendering a tile again no longer counts it twice; the cache uses all of its limit.\n"
        "- The cache forgets the least recently used tile, not the oldest.\n"
        "- New metric: `atlas_tile_cache_bytes`."
    )
    s.done("Tile cache: bookkeeping and LRU")
