"""Texts to train a dictionary on: what people, models and programs often write, made up here."""

from __future__ import annotations

from tests.support.author import NOUNS, VERBS, Author

SPEECH = """
Let me check the {n} first.
Let me look at how the {n} is {v}ed in the current implementation.
Now let me update the {n} to use the new {m}.
Now I'll add a test for the {n}.
I'll start by reading the {n} and the files around it.
Now I have a clear picture of the {n}. Let me {v} it.
I need to understand how the {n} and the {m} work together before I change anything.
The tests pass. Let me run the linter and the type checker as well.
All tests pass now. Here is a summary of the changes:
There is an issue with the {n}: the {m} should not be {v}ed before it is ready.
That didn't work because the {n} is not available in this environment.
The user wants me to {v} the {n}, so I should look for the existing {m} first.
The problem is that the {n} returns an empty {m} when there are no results.
This means that the {n} is called twice, which is what we want to avoid.
Looking at the code, the {n} already handles this case through the {m}.
Good, that confirms it. Next, the {n}.
We could also {v} the {m}, but that would require a change to the public interface.
However, I think we should keep it as simple as possible and make sure that it works.
Does this make sense, or would you like me to take a different approach?
Can you please {v} the {n} so that it can be used from the {m}?
If there is no {n}, then the default value is used instead.
Please make sure that the documentation for the {n} is up to date.
It would be better to {v} the {n} in a separate function, because of the {m}.
First, the {n} needs to know which {m} it belongs to; otherwise it will be ignored.
""".strip().splitlines()

MARKDOWN = """
## Summary
## Changes
## Implementation
## Next steps
### What changed
### Key files
- **{n}**: {v} the {m}
- `{n}.py`: add support for the {m}
- [x] {v} the {n}
- [ ] {v} the {m}
1. **{v} the {n}** in `src/{n}/{m}.ts`
2. **Add tests** for the {m}
| Name | Description | Status |
| --- | --- | --- |
| `{n}` | {v} the {m} | done |
```bash
```python
```typescript
```json
```go
```
---
> Note: the {n} is optional.
""".strip().splitlines()

COMMANDS = """
git status
git diff --stat HEAD~1
git log --oneline -10
git add -A && git commit -m "$(cat <<'EOF'
git checkout -b feature/{n}-{m}
git push -u origin HEAD
gh pr view --json title,body,comments
gh pr create --title "{v} the {n}" --body "
ls -la src/{n} && cat package.json
cd {n} && npm install && npm run build 2>&1 | tail -20
npm test -- --run {n} 2>&1 | grep -E "PASS|FAIL"
npx tsc --noEmit && npx eslint src/{n}
pnpm run lint && pnpm run typecheck
python -m pytest tests/test_{n}.py -x -q 2>&1 | tail -30
python3 -c "import json, sys; print(json.load(sys.stdin))"
uv run pytest -n auto && uv run ruff check .
go test ./... -run Test{n} -count=1 2>&1 | head -50
go build ./... && go vet ./internal/{n}
cargo test --workspace 2>&1 | tail -5
grep -rn "{n}" --include="*.go" internal/ | grep -v _test | head -20
find . -name "*.{m}" -not -path "*/node_modules/*" -type f | xargs wc -l
sed -n '1,120p' src/{n}/{m}.py
for f in $(git ls-files); do echo "=== $f ==="; done
echo "---" && rg -n "{n}" src/ -g '*.ts' | head
curl -s http://localhost:8080/{n} | jq '.{m}'
docker compose up -d {n}
mkdir -p /tmp/{n} && rm -rf /tmp/{n}/{m}
""".strip().splitlines()

CODE = """
import json
import os
import sys
from pathlib import Path
from typing import Any, Optional
from dataclasses import dataclass, field
import pytest
def test_{n}_{m}(tmp_path: Path) -> None:
    assert {n}.{m} == "{v}"
def {v}_{n}(self, {m}: str) -> dict[str, Any]:
        self.{n} = {m}
        if not {n}:
            return None
        for {n} in self.{m}s:
        raise ValueError(f"unknown {n}: {{{m}}}")
    with open(path, encoding="utf-8") as f:
    except Exception as e:
if __name__ == "__main__":
import {{ describe, it, expect }} from 'vitest';
import type {{ {n} }} from './{m}';
export interface {n} {{
export async function {v}({n}: string): Promise<void> {{
  const {n} = await {m}.{v}();
  if (!{n}) {{
    return null;
    throw new Error(`Failed to {v} {n}: ${{error.message}}`);
  }} catch (error) {{
  expect({n}).toBe(true);
  const [{n}, set{m}] = useState<string | null>(null);
    <div className="flex items-center justify-between">
      return {n}.map(({m}) => {m}.id);
package {n}
import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
func (s *{n}) {v}(ctx context.Context, {m} string) error {{
	if err != nil {{
		return fmt.Errorf("failed to {v} {n}: %w", err)
		return nil, err
	defer {n}.Close()
	for _, {n} := range {m} {{
	t.Run("{v} {n}", func(t *testing.T) {{
		t.Fatalf("expected {n}, got %v", {m})
	}}
use std::collections::HashMap;
pub fn {v}(&self, {n}: &str) -> Result<(), Error> {{
    let mut {n} = {m}.{v}()?;
    #[test]
// {v} the {n} if the {m} is not set.
# {v} the {n} if the {m} is not set.
/** {v} the {n}. */
}}
}});
)
  "name": "{n}",
  "version": "0.1.0",
  "description": "",
    "type": "string",
""".strip("\n").splitlines()

OUTPUT = """
On branch main
Your branch is up to date with 'origin/main'.
Changes not staged for commit:
nothing to commit, working tree clean
 1 file changed, 12 insertions(+), 3 deletions(-)
diff --git a/src/{n}.py b/src/{n}.py
index 1a2b3c4..5d6e7f8 100644
--- a/src/{n}/{m}.go
+++ b/src/{n}/{m}.go
@@ -10,7 +10,7 @@ func {n}(
total 48
drwxr-xr-x  5 user  staff   160 Sep 14 09:00 .
-rw-r--r--  1 user  staff  1024 Sep 14 09:00 {n}.md
ok  	github.com/{n}/{m}	0.412s
?   	github.com/{n}/{m}	[no test files]
--- PASS: Test{n} (0.00s)
--- FAIL: Test{m} (0.01s)
=== RUN   Test{n}/{v}
FAIL
PASS
============================= test session starts ==============================
platform linux -- Python 3.12.3, pytest-8.4.1, pluggy-1.6.0
collected 42 items
tests/test_{n}.py ........                                               [100%]
============================== 42 passed in 1.23s ==============================
Traceback (most recent call last):
  File "/home/user/{n}/{m}.py", line 42, in {v}
ModuleNotFoundError: No module named '{n}'
error: command failed with exit code 1
error TS2345: Argument of type 'string' is not assignable to parameter of type
 ✓ tests/{n}.test.ts (12 tests) 34ms
 Test Files  1 passed (1)
{{"type":"{n}","id":1,"name":"{m}","message":"{v}","status":"ok"}}
https://github.com/{n}/{m}/pull/12
2026-09-14T09:00:00.000Z [info] {v} {n}
""".strip("\n").splitlines()


class Writer(Author):
    """Writes in those phrases."""

    def word(self) -> str:
        return self._one(NOUNS)

    def name(self) -> str:
        return self._name()

    def number(self, digits: int) -> int:
        return self.chance.randrange(10 ** self.chance.randint(0, digits))

    def prose(self, length: int) -> str:
        return " ".join(self._lines(SPEECH, length))

    def speech(self) -> str:
        return (
            self.prose(self.chance.randint(1, 3)) if self.chance.random() < 0.7 else self.markdown()
        )

    def thinking(self) -> str:
        return self.prose(self.chance.randint(2, 9))

    def markdown(self) -> str:
        return "\n".join(self._lines(SPEECH, 1) + self._lines(MARKDOWN, self.chance.randint(3, 9)))

    def command(self) -> str:
        return " && ".join(self._lines(COMMANDS, self.chance.randint(1, 2)))

    def code(self, length: int) -> str:
        return "\n".join(self._lines(CODE, length))

    def output(self, length: int = 0) -> str:
        return "\n".join(self._lines(OUTPUT, length or self.chance.randint(1, 9)))

    def _lines(self, of: list[str], count: int) -> list[str]:
        return [
            line.format(n=self._one(NOUNS), m=self._one(NOUNS), v=self._one(VERBS))
            for line in self.chance.choices(of, k=count)
        ]
