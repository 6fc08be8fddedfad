"""Settings: where the log is and how it is kept.

What is given first of these holds: an argument (``--db``), the environment (``TURNLOG_…``), the
``.env`` file, the settings file. Then, only where ``SESSION_STORAGE_TYPE`` says that it means a
session store, the host application's own variables. A bare ``DATABASE_URL`` never chooses the log.
"""

from .choosing import HOST_VARIABLES as HOST_VARIABLES
from .fields import SECRETS as SECRETS
from .invalid import InvalidSettings as InvalidSettings
from .location import DEFAULT as DEFAULT
from .location import Beside as Beside
from .location import Location as Location
from .location import default_path as default_path
from .location import log_url as log_url
from .settings import Settings as Settings
from .sources import HOST_NAMES as HOST_NAMES
from .sources import env_file as env_file
from .sources import names_of as names_of
from .sources import settings_file as settings_file
from .telling import takes as takes
