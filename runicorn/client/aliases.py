"""Aliases over HTTP."""

from datetime import datetime

from runicorn import payloads
from runicorn.client.base import Routes
from runicorn.routes import alias_path, artifact_path, comment_field, whose


class AliasRoutes(Routes):
    """Aliases and their history."""

    def list_aliases(
        self, name: str, *, artifact_type: str | None = None, team: str | None = None
    ) -> list[payloads.AliasInfo]:
        """``GET …/aliases``, ``latest`` included."""
        path = f"{artifact_path(name)}/aliases"
        return self._get(list[payloads.AliasInfo], path, **whose(artifact_type, team))

    def get_alias(
        self,
        name: str,
        alias: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        at: datetime | None = None,
    ) -> payloads.AliasInfo:
        """``GET …/aliases/{alias}``: where it points, or pointed at the time ``at``."""
        query = {**whose(artifact_type, team), "at": at and at.isoformat()}
        return self._get(payloads.AliasInfo, alias_path(name, alias), **query)

    def set_alias(
        self,
        name: str,
        alias: str,
        version: int,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        comment: str = "",
        protected: bool | None = None,
    ) -> payloads.AliasInfo:
        """``PUT …/aliases/{alias}``: make it or move it; ``comment`` says why.

        ``protected`` is whether only maintainers may move it from now on; None: as it was.
        """
        flag = {} if protected is None else {"protected": protected}
        body = {"version": version} | comment_field(comment) | flag
        path, query = alias_path(name, alias), whose(artifact_type, team)
        return self._send(payloads.AliasInfo, "PUT", path, body, query=query)

    def delete_alias(
        self,
        name: str,
        alias: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        comment: str = "",
    ) -> payloads.Deleted:
        """``DELETE …/aliases/{alias}``; not repeated: a second one finds nothing.

        The comment is in the body: what is in the query, servers on the way write into their logs.
        """
        path, query = alias_path(name, alias), whose(artifact_type, team)
        return self._send(
            payloads.Deleted, "DELETE", path, comment_field(comment), query=query, is_safe=False
        )

    def get_alias_history(
        self, name: str, alias: str, *, artifact_type: str | None = None, team: str | None = None
    ) -> list[payloads.AliasEventInfo]:
        """``GET …/aliases/{alias}/history``: its moves, newest first."""
        path = f"{alias_path(name, alias)}/history"
        return self._get(list[payloads.AliasEventInfo], path, **whose(artifact_type, team))

    def roll_back_alias(
        self,
        name: str,
        alias: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        comment: str = "",
    ) -> payloads.AliasInfo:
        """``POST …/aliases/{alias}/rollback``; not repeated: a second one would undo it."""
        path, query = f"{alias_path(name, alias)}/rollback", whose(artifact_type, team)
        return self._send(
            payloads.AliasInfo, "POST", path, comment_field(comment), query=query, is_safe=False
        )
