"""A real PostgreSQL for the tests: a server of their own, with a folder and a port of its own, that ends with them."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg2
from psycopg2 import sql

SCRIPT = Path(__file__).parents[2] / "scripts" / "postgresql.sh"
#: The server refuses to run as root; the package makes this user.
SERVER_USER = "postgres"


class PostgreSQL:
    """One server. Its password is asked for, so that the tests see whether one shows up where it must not."""

    def __init__(self) -> None:
        found = subprocess.run(["sh", SCRIPT], stdout=subprocess.PIPE, text=True, check=True)
        self._programs = Path(found.stdout.strip())
        # Not pytest's folder, which the server's user can't enter.
        self._folder = Path(tempfile.mkdtemp(prefix="rob-postgresql-", dir="/var/tmp"))
        self._names = itertools.count()
        self.password = secrets.token_hex(8)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if os.geteuid() == 0:
            shutil.chown(self._folder, SERVER_USER, SERVER_USER)
        password = self._folder / "password"
        password.write_text(self.password)
        password.chmod(0o644)
        # A language in which texts have another order than their bytes.
        self._run(
            "initdb", "--auth=scram-sha-256", "--username=rob", f"--pwfile={password}", "--encoding=UTF8",
            "--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder / 'log'}", "-o", options)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str, password: str | None = None) -> str:
        return f"postgresql+psycopg2://rob:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"rob_{next(self._names)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[2]
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composable) -> None:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="rob", password=self.password, dbname="postgres"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        # The log is a file: the server keeps what it is given open, and a pipe would never end.
        with (self._folder.parent / f"{self._folder.name}.out").open("w+") as output:
            as_root = os.geteuid() == 0
            done = subprocess.run(
                [self._programs / program, "--pgdata", self._folder / "data", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                check=False,
                user=SERVER_USER if as_root else None,
                group=SERVER_USER if as_root else None,
                extra_groups=[] if as_root else None,
            )
            output.seek(0)
            said = output.read()
        os.unlink(output.name)
        assert done.returncode == 0, said
