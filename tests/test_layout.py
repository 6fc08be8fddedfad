"""The layout: dependencies point inward, and the domain knows almost nobody."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOMAIN_MAY_IMPORT = ("pydantic", "eventsourcing.domain")


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(module: Path) -> Iterator[tuple[int, str]]:
    """Give (dots, name) for each import: 0 dots is absolute."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def name_of(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", modules("domain"), ids=name_of)
def test_the_domain_imports_only_the_standard_library_pydantic_and_eventsourcing_domain(
    module: Path,
) -> None:
    """The domain must never come to depend on a database, an encoder or the SDK."""
    foreign = [
        name
        for dots, name in imports(module)
        if dots == 0
        and name.split(".")[0] not in sys.stdlib_module_names
        and not any(name == good or name.startswith(f"{good}.") for good in DOMAIN_MAY_IMPORT)
    ]
    assert foreign == []


@pytest.mark.parametrize("folder", ["domain", "projections", "adapters"])
def test_the_folders_import_each_other_relatively(folder: str) -> None:
    """A folder must never be importable under two names, as `domain` and as `turnlog.domain`."""
    absolute = [
        f"{name_of(module)}: {name}"
        for module in modules(folder)
        for dots, name in imports(module)
        if dots == 0 and name.split(".")[0] in ("domain", "projections", "adapters")
    ]
    assert absolute == []
