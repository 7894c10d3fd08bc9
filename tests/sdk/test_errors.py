"""One function turns every refusal into its class."""

import pickle

import pytest

from runicorn import errors
from runicorn.errors import error_from_response


@pytest.mark.parametrize(
    ("status", "code", "cls"),
    [
        (400, "invalid", errors.InvalidInput),
        (400, "parse_error", errors.InvalidInput),
        (400, "comment_needed", errors.CommentNeeded),
        (401, "unauthenticated", errors.AuthenticationRequired),
        (403, "denied", errors.AccessDenied),
        (404, "not_found", errors.NotFoundError),
        (404, "artifact_not_found", errors.ArtifactNotFound),
        (404, "version_not_found", errors.VersionNotFound),
        (404, "alias_not_found", errors.AliasNotFound),
        (404, "run_not_found", errors.RunNotFound),
        (404, "file_not_found", errors.VersionFileNotFound),
        (404, "blob_not_found", errors.BlobNotFound),
        (404, "token_not_found", errors.NotFoundError),
        (405, "method_not_allowed", errors.InvalidInput),
        (409, "ambiguous_type", errors.AmbiguousType),
        (409, "ambiguous_team", errors.AmbiguousTeam),
        (409, "missing_blobs", errors.MissingBlobs),
        (409, "alias_moved", errors.AliasMoved),
        (409, "alias_protected", errors.AliasProtected),
        (409, "run_conflict", errors.RunConflict),
        (409, "version_not_ready", errors.VersionNotReady),
        (410, "version_deleted", errors.ContentDeleted),
        (411, "length_required", errors.InvalidInput),
        (413, "too_large", errors.TooLarge),
        (416, "range", errors.InvalidInput),
        (422, "digest_mismatch", errors.DigestMismatch),
        (422, "size_mismatch", errors.SizeMismatch),
        (422, "not_comparable", errors.NotComparable),
        (422, "corrupted", errors.ContentCorrupted),
        (503, "busy", errors.ServerUnavailable),
        (503, "store_unavailable", errors.ServerUnavailable),
        (507, "storage_full", errors.StorageFull),
        (500, "error", errors.ServerError),
        (409, "invented_later", errors.Conflict),
        (401, "", errors.AuthenticationRequired),
        (502, "", errors.ServerUnavailable),
    ],
)
def test_every_code_has_its_class(status: int, code: str, cls: type[errors.RunicornError]) -> None:
    error = error_from_response(status, {"detail": "why", "code": code})
    assert type(error) is cls
    assert (str(error), error.status) == ("why", status)


def test_what_the_server_adds_is_at_hand() -> None:
    body = {"detail": "d", "code": "alias_not_found", "aliases": ["latest", "production"]}
    error = error_from_response(404, body)
    assert isinstance(error, errors.AliasNotFound)
    assert error.aliases == ["latest", "production"]


@pytest.mark.parametrize(
    ("code", "key", "attribute"),
    [
        ("ambiguous_type", "types", "types"),
        ("missing_blobs", "missing", "missing"),
        ("alias_protected", "aliases", "aliases"),
    ],
)
def test_lists_of_an_error_are_attributes(code: str, key: str, attribute: str) -> None:
    error = error_from_response(409, {"detail": "d", "code": code, key: ["x"]})
    assert getattr(error, attribute) == ["x"]


def test_field_errors_are_at_hand() -> None:
    body = {"detail": "d", "code": "invalid", "errors": {"files.0.path": ["must be relative"]}}
    error = error_from_response(400, body)
    assert isinstance(error, errors.InvalidInput)
    assert error.errors == {"files.0.path": ["must be relative"]}


@pytest.mark.parametrize("body", [{}, {"errors": "odd"}, {"missing": "odd"}])
def test_an_odd_body_is_no_accident(body: dict[str, object]) -> None:
    assert errors.InvalidInput("m", details=body).errors == {}
    assert errors.MissingBlobs("m", details=body).missing == []
    assert str(error_from_response(418, body)) == "The server answered 418."


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.ArtifactNotFound, FileNotFoundError),
        (errors.VersionNotFound, FileNotFoundError),
        (errors.AliasNotFound, ValueError),
        (errors.InvalidInput, ValueError),
        (errors.AccessDenied, PermissionError),
        (errors.ServerUnavailable, ConnectionError),
    ],
)
def test_code_written_for_runicorn_0_5_catches_them(
    cls: type[errors.RunicornError], builtin: type[Exception]
) -> None:
    error = cls("why", status=404, details={"a": 1})
    assert isinstance(error, builtin)
    assert str(error) == "why"


def test_errors_travel_between_processes() -> None:
    error = errors.VersionNotFound("why", status=404, details={"a": 1})
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes
    assert (str(copy), copy.status, copy.details) == ("why", 404, {"a": 1})
