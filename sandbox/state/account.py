"""What a person has done by hand in a sandbox's accounts: services on, quotas granted, images and artifacts there, and
versions of models registered and approved.

A new account has none of it. A sandbox has as a rule one account, so nothing here is told apart by account or region.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from catalogue.registered import APPROVED, PENDING, REJECTED
from catalogue.registries import as_written
from sandbox.state.database import Database

NEW_QUOTA = 0
"""How much of each quota a new account has. Of most accelerators a new account has none. Of other machines the defaults
differ by account, and no source names one that holds for each; so none is assumed, which is the least.
"""
_What = Literal[
    "service", "region", "role", "quota", "image", "artifact", "app", "space", "member", "in use", "version"
]
DECISIONS = (PENDING, APPROVED, REJECTED)
"""What the registry of SageMaker says of a version; a new one waits for the approver."""


class Account:
    """What is done in the accounts of a sandbox. Doing a thing twice changes nothing."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS account(
        what TEXT NOT NULL, name TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY(what, name)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS content(name TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def in_use(self) -> bool:
        """Whether the account is one in which all of this was done long ago. Then it lacks nothing."""
        return "in use" in self._all("in use")

    def use(self) -> None:
        """Let the account be one that is in use: it refuses nothing for what a new account lacks."""
        self._put("in use", "in use")

    def enable(self, service: str) -> None:
        """Switch an API or a resource provider on."""
        self._put("service", service)

    def services(self) -> list[str]:
        """The APIs and resource providers that are on."""
        return list(self._all("service"))

    def has_service(self, service: str) -> bool:
        """Whether an API or a resource provider is on."""
        return self.in_use or service in self._all("service")

    def have(self, region: str) -> None:
        """Let the account have a region that it has on request only."""
        self._put("region", region)

    def regions(self) -> list[str]:
        """The regions on request that the account has."""
        return list(self._all("region"))

    def has_region(self, region: str) -> bool:
        """Whether the account has a region on request."""
        return self.in_use or region in self._all("region")

    def grant(self, role: str) -> None:
        """Give whoever deploys a role."""
        self._put("role", role)

    def revoke(self, role: str) -> None:
        """Take a role from whoever deploys."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM account WHERE what = 'role' AND name = ?", (role,))

    def roles(self) -> list[str]:
        """The roles that whoever deploys was given."""
        return list(self._all("role"))

    def raise_quota(self, name: str, amount: int) -> None:
        """Grant this amount of a quota, in its unit. A smaller amount than before lowers it."""
        self._put("quota", name, amount)

    def quotas(self) -> dict[str, int]:
        """What was granted of each quota."""
        return self._all("quota")

    def quota(self, name: str) -> int | None:
        """How much of a quota the account has. None where nobody counts."""
        return None if self.in_use else self._all("quota").get(name, NEW_QUOTA)

    def push(self, image: str, digest: str = "") -> None:
        """Push an image to the registry in its address. Without a digest nobody says what it is."""
        self._put("image", image)
        self._is(image, digest)

    def images(self) -> list[str]:
        """The images that were pushed."""
        return list(self._all("image"))

    def has_image(self, image: str) -> bool:
        """Whether an image was pushed under this very tag or digest."""
        return self.in_use or image in self._all("image")

    def upload(self, uri: str, digest: str = "") -> None:
        """Upload an artifact to its address: a file, or a folder with what lies in it. Its digest is as of an image."""
        self._put("artifact", as_written(uri))
        self._is(as_written(uri), digest)

    def artifacts(self) -> list[str]:
        """The addresses of the artifacts that were uploaded."""
        return list(self._all("artifact"))

    def has_artifact(self, uri: str) -> bool:
        """Whether something lies at an address, or below it."""
        wanted = as_written(uri).rstrip("/")
        return self.in_use or any(f"{there.rstrip('/')}/".startswith(f"{wanted}/") for there in self.artifacts())

    def digest(self, address: str) -> str:
        """The digest of what lies at the very address of an image or artifact; "" where nobody has said it."""
        rows = self._database.rows("SELECT digest FROM content WHERE name = ?", (as_written(address).rstrip("/"),))
        return str(rows[0][0]) if rows else ""

    def empty(self, below: str) -> None:
        """Delete the images and artifacts whose addresses begin so."""
        with self._database.change() as connection:
            query = "DELETE FROM account WHERE what IN ('image', 'artifact') AND substr(name, 1, ?) = ?"
            connection.execute(query, (len(below), below))
            connection.execute("DELETE FROM content WHERE substr(name, 1, ?) = ?", (len(below), below))

    def register(self, arn: str, digest: str) -> None:
        """Register a version of a model, by its ARN or id, with the digest of its record. It waits for the approver."""
        self._put("version", arn, 0)
        self._is(arn, digest)

    def decide(self, arn: str, decision: str) -> None:
        """Let the approver decide on a version."""
        self._put("version", arn, DECISIONS.index(decision))

    def versions(self) -> dict[str, tuple[str, str]]:
        """What the registry says of each version: what was decided, and the digest of its record."""
        return {arn: (DECISIONS[said], self.digest(arn)) for arn, said in self._all("version").items()}

    def start_app(self, user: str) -> None:
        """Let a person start an app in the workspace, under the name that the workspace knows the person by."""
        self._put("app", user)

    def stop_app(self, user: str) -> None:
        """Let a person's apps be stopped."""
        self._drop("app", user)

    def apps(self) -> list[str]:
        """The people whose apps run."""
        return list(self._all("app"))

    def let_in(self, members: Sequence[str]) -> None:
        """Let nobody in from now on but these domains and workforce pools; with none, everybody."""
        for name in self.members():
            self._drop("member", name)
        for name in members:
            self._put("member", name)

    def members(self) -> list[str]:
        """The domains and workforce pools that the organisation lets in; none where it says nothing of them."""
        return list(self._all("member"))

    def keep_space(self, user: str, gigabytes: int) -> None:
        """Let a person have a private space with a volume of this size. One that they have stays as it is."""
        if user not in self.spaces():
            self._put("space", user, gigabytes)

    def delete_space(self, user: str) -> None:
        """Delete a person's private space, and what lies on its volume."""
        self._drop("space", user)

    def spaces(self) -> dict[str, int]:
        """The people who have a private space, and the gigabytes of its volume."""
        return self._all("space")

    def _all(self, what: _What) -> dict[str, int]:
        query = "SELECT name, amount FROM account WHERE what = ? ORDER BY name"
        return {str(name): int(amount) for name, amount in self._database.rows(query, (what,))}

    def _drop(self, what: _What, name: str) -> None:
        with self._database.change() as connection:
            connection.execute("DELETE FROM account WHERE what = ? AND name = ?", (what, name))

    def _is(self, address: str, digest: str) -> None:
        with self._database.change() as connection:
            connection.execute("INSERT OR REPLACE INTO content VALUES(?, ?)", (address.rstrip("/"), digest))

    def _put(self, what: _What, name: str, amount: int = 1) -> None:
        with self._database.change() as connection:
            connection.execute("INSERT OR REPLACE INTO account VALUES(?, ?, ?)", (what, name, amount))
