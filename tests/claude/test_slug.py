"""A project's folder gets the name that Claude Code itself gives it."""

from __future__ import annotations

import pytest

from turnlog.adapters.claude.slug import may_be_slug_of, project_slug

# The hashes were worked out with JavaScript's own arithmetic.
SLUGS = [
    ("/home/ada/shop", "-home-ada-shop"),
    ("/home/ada/my shop.v2", "-home-ada-my-shop-v2"),
    ("C:\\Users\\Ada", "C--Users-Ada"),
    ("/home/ünï", "-home--n-"),
    ("/tmp/\U0001f600/x", "-tmp----x"),
    ("/tmp/\ud83d/x", "-tmp---x"),
    ("/" + "x" * 199, "-" + "x" * 199),
    ("/" + "x" * 200, "-" + "x" * 199 + "-d0i18x"),
    ("/" + "ü\U0001f600a/" * 60, ("-" + "---a-" * 60)[:200] + "-kg1klt"),
    ("", ""),
]


@pytest.mark.parametrize(("directory", "slug"), SLUGS)
def test_the_slug_of_a_directory(directory: str, slug: str) -> None:
    assert project_slug(directory) == slug
    assert may_be_slug_of(slug, directory)


def test_a_long_name_is_known_whatever_its_hash() -> None:
    """Releases of the CLI have hashed differently: the folder is the same project's."""
    directory = "/" + "x" * 300

    assert may_be_slug_of("-" + "x" * 199 + "-1a2b3c", directory)
    assert not may_be_slug_of("-" + "x" * 198 + "y-1a2b3c", directory)
    assert not may_be_slug_of("-home-ada-shop-1", "/home/ada/shop")
