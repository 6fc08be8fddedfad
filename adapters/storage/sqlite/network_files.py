"""Network file systems, on which SQLite's write-ahead log does not hold."""

from __future__ import annotations

import os
from pathlib import Path

from ....domain.errors import StorageError

NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs")
)


def refuse_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Refuse a file that another machine may hold.

    The write-ahead log needs memory that all users of the file share, which only processes of
    one machine have. Source: https://www.sqlite.org/wal.html, "Disadvantages".

    Args:
        path: where the database is, or will be.
        mounts: the kernel's table of mounts; elsewhere than on Linux nothing is refused.

    Raises:
        StorageError: the path lies on a network file system.
    """
    if not mounts.exists():
        return
    where = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.read_text(errors="surrogateescape").splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mount = fields[1].replace("\\040", " ").rstrip("/")
        if (where == mount or where.startswith(mount + "/")) and len(mount) >= len(best):
            best, kind = mount, fields[2]
    if kind in NETWORK:
        raise StorageError(
            f"{path} lies on a network file system ({kind} at {best}), where SQLite's write-ahead "
            "log does not hold; put the log on a local disk, or use PostgreSQL"
        )
