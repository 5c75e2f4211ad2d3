"""The folder of one stack: its lock, its ports, its secrets, and what is known of the stack that runs in it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.embedded.errors import StartError, cannot_write
from deploy.embedded.machine import free_ports, is_free, require_space
from services.common.tokens import ROLES, new_token

ANOTHER_HOME = "choose another folder with --home"
LOCK_S = 1.0
UNSAFE = re.compile(r"[\x00-\x1f%]|\s[;#]")
"""What supervisord's configuration has no way to write in a path: % is expanded, ; and # begin a comment."""


@dataclass(slots=True)
class State:
    """What is kept of a stack between its runs, and what finds it while it runs.

    Attributes:
        ports: by the name of what listens there; kept, so that addresses stay the same.
        environment: what its processes and its clients are given.
        urls: the addresses of intake and reporting.
        embedded: which servers it runs itself.
        control: address of its supervisor, with the password.
    """

    ports: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    embedded: list[str] = field(default_factory=list)
    control: str = ""


class Home:
    """The folder of a stack. Nothing in it is for other users of the machine."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.kafka = self.root / "kafka"
        self.mongo = self.root / "mongo"
        self.configuration = self.root / "supervisord.conf"
        self.supervisor_log = self.logs / "supervisord.log"
        self.supervisor_output = self.logs / "supervisord.out"
        self.tokens = self.root / "tokens"
        self.receipt_key = self.root / "receipt.key"
        self.partitions = self.root / "partitions"
        self._state = self.root / "stack.json"
        self._lock = self.root / "lock"

    def make(self) -> None:
        """Makes the folder.

        Raises:
            StartError: it cannot be written, is on a full disk, or has a name that cannot be used.
        """
        if UNSAFE.search(str(self.root)):
            raise StartError(
                f"The folder {str(self.root)!r} has a name with %, a control character, or ; or # after a space: "
                f"rename it, or {ANOTHER_HOME}."
            )
        try:
            # A folder that was there keeps its mode; what lies in it is for its owner only.
            for folder in (self.root, self.logs, self.kafka, self.mongo):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.root, error, ANOTHER_HOME) from error
        require_space(self.root, ANOTHER_HOME)

    def hold(self) -> int:
        """Takes the folder's lock, which lasts as long as any process has the returned descriptor open.

        Raises:
            StartError: a stack runs here already.
        """
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Somebody who only asks whether a stack runs lets it go at once.
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise StartError(
                        f"A stack runs in {self.root} already: `parindex status` shows it, `parindex down` stops it."
                    ) from None
                time.sleep(0.02)
            else:
                return lock

    def held(self) -> bool:
        """Whether a stack runs here, or is about to.

        Raises:
            StartError: the folder is not for this user.
        """
        try:
            lock = os.open(self._lock, os.O_RDWR)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except PermissionError as error:
            raise StartError(f"{self.root} belongs to another user: become that user, or {ANOTHER_HOME}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def read(self) -> State:
        """What is known of the stack.

        Raises:
            StartError: the file was damaged.
        """
        try:
            return State(**json.loads(self._state.read_text()))
        except FileNotFoundError:
            return State()
        except (ValueError, TypeError) as error:
            raise StartError(
                f"{self._state} cannot be read ({error}): remove it; the data and the tokens stay, only ports change."
            ) from error

    def write(self, state: State) -> None:
        """Keeps what is known of the stack."""
        self._keep(self._state, json.dumps(asdict(state), indent=2))

    def choose_ports(self, state: State, names: list[str]) -> None:
        """Gives each name its port: the one it had, or a free one when it had none or somebody else has it now."""
        lost = [name for name in names if name not in state.ports or not is_free(state.ports[name])]
        state.ports |= dict(zip(lost, free_ports(len(lost)), strict=True))

    def make_secrets(self) -> None:
        """Makes a token of every role and the key of receipts, where they are missing. Others in the file stay."""
        if not self.receipt_key.exists():
            self._keep(self.receipt_key, secrets.token_hex(32) + "\n")
        lines = self.tokens.read_text().splitlines() if self.tokens.exists() else []
        for role in ROLES:
            name, kept = f"stack-{role}", self._token(role)
            if kept.exists() and any(line.split()[:1] == [name] for line in lines):
                continue
            secret, token = new_token(name, role)
            self._keep(kept, secret + "\n")
            lines = [line for line in lines if line.split()[:1] != [name]]
            lines.append(f"{token.name} {token.role} {token.sha256}")
        self._keep(self.tokens, "\n".join(lines) + "\n")

    def keep_partitions(self, number: int) -> None:
        """Keeps the number of partitions of responses, where the services read it as they start."""
        self._keep(self.partitions, f"{number}\n")

    def secret(self, role: str) -> str:
        """The stack's own token of a role."""
        return self._token(role).read_text().strip()

    def supervisor_pid(self) -> int:
        """The supervising process; only while the lock is held is it surely that one."""
        return int((self.root / "supervisord.pid").read_text())

    def write_configuration(self, text: str) -> None:
        """Keeps the supervisor's configuration, which holds its password."""
        self._keep(self.configuration, text)

    def _token(self, role: str) -> Path:
        return self.root / f"{role}.token"

    def _keep(self, path: Path, text: str) -> None:
        """Writes a file that only its owner may read, whole or not at all."""
        new = path.with_name(path.name + ".new")
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - its mode
                file.write(text)
            new.replace(path)
        except OSError as error:
            raise cannot_write(path, error, ANOTHER_HOME) from error
