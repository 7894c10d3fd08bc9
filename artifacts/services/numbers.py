"""The numbers of versions: taken late in a commit, under the artifact's lock, and never again."""

from django.db import connection
from django.utils import timezone

from accounts.models import Team
from accounts.sentences import say
from artifacts.errors import Conflict
from artifacts.models import Artifact
from artifacts.querysets import MAX_NUMBER


def keep_team(team: Team | None) -> None:
    """Have whoever deletes ``team`` wait for this transaction; others do not wait.

    Raises Conflict (409) where it is deleted. Before blobs and artifacts are locked.
    """
    if team is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accounts_team WHERE id = %s FOR KEY SHARE", [team.pk])
        if cursor.fetchone() is None:
            raise Conflict(say("The team {team} was deleted meanwhile.", team=team))


def take_number(line: Artifact) -> Artifact:
    """Lock the artifact that has the type, name and team of ``line``, made at need; take a number.

    It is its ``last_number`` then. Raises Conflict (409) where there is none left.
    """
    artifact = lock_line(line)
    artifact.team = line.team
    artifact.updated_at = timezone.now()
    if artifact.last_number == 0:
        artifact.created_at = artifact.updated_at
    if artifact.last_number >= MAX_NUMBER:
        raise Conflict(
            say("{name} has no number left after v{last}.", name=line.name, last=MAX_NUMBER)
        )
    artifact.last_number += 1
    artifact.save(update_fields=["last_number", "created_at", "updated_at"])
    return artifact


def lock_line(line: Artifact) -> Artifact:
    """Lock the artifact that has the type, name and team of ``line``, made at need."""
    rows = Artifact.objects.select_for_update(no_key=True)
    while True:
        Artifact.objects.bulk_create([line], ignore_conflicts=True)
        found: Artifact | None = rows.filter(type=line.type, name=line.name, team=line.team).first()
        if found is not None:  # else it went to another team while this waited: the name is free
            return found
