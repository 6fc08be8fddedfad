"""What ``import turnlog`` gives, loaded when it is first asked for."""

from .adapters.claude.session_store import SessionStore as SessionStore
from .adapters.storage.contract import Recorded as Recorded
from .appending import Appended as Appended
from .async_log import AsyncLog as AsyncLog
from .async_log import open_async as open_async
from .domain import events as events
from .domain.errors import AmbiguousSession as AmbiguousSession
from .domain.errors import InvalidKey as InvalidKey
from .domain.errors import InvalidPoint as InvalidPoint
from .domain.errors import InvalidProjection as InvalidProjection
from .domain.errors import InvalidQuery as InvalidQuery
from .domain.errors import InvalidURL as InvalidURL
from .domain.errors import MissingExtra as MissingExtra
from .domain.errors import PointNotFound as PointNotFound
from .domain.errors import Refused as Refused
from .domain.errors import StorageError as StorageError
from .domain.errors import TurnlogError as TurnlogError
from .domain.errors import UnknownSession as UnknownSession
from .domain.keys import SessionKey as SessionKey
from .domain.points import Point as Point
from .domain.session import SessionState as SessionState
from .evidence.files import verify_file as verify_file
from .evidence.proofs import Proof as Proof
from .evidence.seals import Seal as Seal
from .evidence.trail import AuditFilter as AuditFilter
from .evidence.trail import Deed as Deed
from .importing.summary import ImportSummary as ImportSummary
from .log import Log as Log
from .opening import open_log
from .projecting.installed import installed_projections as installed_projections
from .projections.engine.projection import Projection as Projection
from .projections.engine.table import Table as Table
from .projections.engine.working_set import Rows as Rows
from .projections.search.candidates import SearchFilter as SearchFilter
from .projections.sessions import Filter as Filter
from .projections.sessions import Session as Session
from .projections.sessions import Totals as Totals
from .projections.usage.blocks import Block as Block
from .reading.budgets import Budget as Budget
from .reading.searching import Found as Found
from .reading.searching import Hit as Hit
from .reading.usage_of_sessions import Spending as Spending
from .reading.verifying import Verified as Verified
from .time.rewinding import Checkpoint as Checkpoint
from .time.rewinding import Forked as Forked
from .time.rewinding import Rewound as Rewound

open = open_log
