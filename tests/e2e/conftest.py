"""The real agent against a model on the loopback interface."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent import Agent
from tests.support.model import Model


@pytest.fixture
def model() -> Iterator[Model]:
    """A model that answers as the test scripts it."""
    with Model() as model:
        yield model


@pytest.fixture
def agent(model: Model, tmp_path: Path) -> Agent:
    """The real agent in an empty project directory."""
    project = tmp_path / "project"
    project.mkdir()
    return Agent(model, project)
