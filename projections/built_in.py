"""The read models that every log has."""

from __future__ import annotations

from .audit import AuditTrail
from .engine.registry import Registration
from .sessions import Sessions

BUILT_IN = (Registration.of(Sessions, "inline"), Registration.of(AuditTrail))
