"""The audit trail: who did what, when, and where it came from."""

from .fold import AuditTrail
from .query import EVERYTHING, AuditFilter, DeedRow

__all__ = ["EVERYTHING", "AuditFilter", "AuditTrail", "DeedRow"]
