"""How people name a version: ``name:v3``, ``name:production``, ``model/name:v3``, ``name``."""

from dataclasses import dataclass

from runicorn import rules


@dataclass(frozen=True)
class Spec:
    """A version as somebody wrote it.

    ``ref`` is ``v3`` or an alias; ``artifact_type`` is None where it was not said.
    """

    name: str
    ref: str = "latest"
    artifact_type: str | None = None

    @property
    def version(self) -> int | None:
        """The number, where ``ref`` is one; None where it is an alias."""
        return rules.check_version(self.ref) if rules.is_version(self.ref) else None

    def __str__(self) -> str:
        """Write it as ``name:ref``, the form the API takes."""
        return f"{self.name}:{self.ref}"


def parse_spec(text: str, artifact_type: str | None = None) -> Spec:
    """Read ``[type/]name[:ref]``; a name alone means its ``latest``.

    Raises ``ValueError`` where a part is outside the rules, or where ``artifact_type`` and the
    type written in ``text`` differ.
    """
    written, slash, rest = text.rpartition("/")
    name, _, ref = rest.partition(":")
    if slash:
        _check_same_type(rules.check_type(written), artifact_type)
    kind = rules.check_type(artifact_type) if artifact_type is not None else written or None
    return Spec(rules.check_name(name), _check_ref(ref) if ":" in rest else "latest", kind)


def _check_same_type(written: str, artifact_type: str | None) -> None:
    if artifact_type not in {None, written}:
        raise ValueError(f"Two types are given: {written} and {artifact_type}")


def _check_ref(ref: str) -> str:
    if rules.is_version(ref):
        return f"v{rules.check_version(ref)}"
    return rules.check_alias(ref)
