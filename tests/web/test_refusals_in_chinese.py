"""What the rooms refuse: a Chinese page says it in Chinese, the API says the same in English."""
# ruff: noqa: RUF001 - these are the colons and commas of Chinese

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation
from rest_framework.test import APIClient

from accounts.errors import Conflict
from accounts.roles import Role, Scope
from accounts.sentences import Sentence, say
from accounts.web.language import translated
from artifacts.errors import (
    AliasMoved,
    AliasNotFound,
    AmbiguousType,
    DomainError,
    Invalid,
    MissingBlobs,
    QuotaExceeded,
)
from artifacts.models import ProtectedAlias, Version
from artifacts.names import check_name
from artifacts.services.aliases import move_alias
from artifacts.services.versions import soft_delete_version
from runicorn_site.refusals import PageRefusals
from tests.conftest import ANYBODY, MakeVersion
from tests.formats.sources import npy, safetensors, zipped
from tests.people import client_of, make_user, token_client

CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9"}
PAGE = "/artifacts/model/model-a"


@pytest.fixture
def reader(db: None) -> Client:
    """Somebody in open mode who reads Chinese."""
    return Client(**CHINESE)


@pytest.fixture
def version(make_version: MakeVersion) -> Version:
    return make_version()


def text_of(answer: Any) -> str:
    page: str = answer.content.decode()
    return page.replace("&#x27;", "'").replace("&quot;", '"')


def test_a_missing_version(reader: Client, api: APIClient, version: Version) -> None:
    answer = reader.get(f"{PAGE}/v9")
    assert answer.status_code == 404
    assert "未找到版本：model-a:v9" in text_of(answer)
    assert "not found" not in text_of(answer)
    said = api.get("/api/artifacts/model-a/v9", **CHINESE).json()
    assert said["detail"] == "Version not found: model-a:v9"


def test_a_missing_file(reader: Client, api: APIClient, version: Version) -> None:
    assert "未找到文件：model-a:v1/x.txt" in text_of(reader.get(f"{PAGE}/v1/files/x.txt"))
    said = api.get("/api/artifacts/model-a/v1/files/x.txt", **CHINESE).json()
    assert said["detail"] == "File not found: model-a:v1/x.txt"


def test_a_missing_alias_says_why(reader: Client, api: APIClient, version: Version) -> None:
    move_alias(artifact=version.artifact, name="prod", version=version, moved_by=ANYBODY)
    soft_delete_version(version=version, deleted_by=ANYBODY)
    assert "未找到别名：model-a:prod（其版本 v1 已删除）；现有别名：无" in text_of(
        reader.get(f"{PAGE}/prod")
    )
    said = api.get("/api/artifacts/model-a/aliases/prod", **CHINESE).json()["detail"]
    assert said == "Alias not found: model-a:prod (its version v1 is deleted); aliases: none"


def test_a_protected_alias(team: None, make_version: MakeVersion) -> None:
    boss = make_user("boss", Role.MAINTAINER)
    version = make_version(created_by=boss)
    move_alias(artifact=version.artifact, name="prod", version=version, moved_by=boss)
    ProtectedAlias.objects.create(pattern="prod")
    client = client_of(boss)
    answer = client.post(f"{PAGE}/versions/delete", {"versions": "v1"}, **CHINESE)
    assert answer.status_code == 409
    assert "受保护的别名 prod 指向 model-a:v1，不能删除。" in text_of(answer)
    said = client.delete("/api/artifacts/model-a/v1", **CHINESE)
    assert said.json()["detail"] == "model-a:v1 is kept by the protected alias prod."


def test_a_bad_name(reader: Client, api: APIClient, version: Version) -> None:
    form = {"name": "v7", "version": "v1"}
    answer = reader.post(f"{PAGE}/aliases/move", form)
    assert answer.status_code == 400
    assert "alias：'v7' 看起来像版本号" in text_of(answer)
    said = api.put("/api/artifacts/model-a/aliases/v7", {"version": "v1"}, format="json", **CHINESE)
    assert said.json()["detail"] == "alias: 'v7' looks like a version number"


def test_a_bad_query(reader: Client, api: APIClient, version: Version) -> None:
    query = {"metadata.a__gte": "much"}
    answer = reader.get("/artifacts", query)
    assert answer.status_code == 400
    assert "metadata.a__gte：必须与数字比较" in text_of(answer)
    said = api.get("/api/artifacts", query, **CHINESE).json()
    assert said["errors"] == {"metadata.a__gte": ["must be compared with a number"]}
    # So does what a filter of Django's says.
    assert "必须是 Unix 秒数或 ISO 8601 日期" in text_of(
        reader.get("/settings/audit", {"after": "soon"})
    )
    said = api.get("/api/audit", {"after": "soon"}, **CHINESE).json()
    assert said["errors"] == {"after": ["must be epoch seconds or an ISO 8601 date"]}


def test_a_pair_that_is_none(reader: Client, version: Version) -> None:
    answer = reader.get(f"{PAGE}/compare/v1..v2")
    assert "'v1..v2' 不是两个版本；应写作 v2...v3 或 stable...latest" in text_of(answer)


def test_who_may_not(team: None, make_version: MakeVersion) -> None:
    make_version(created_by=make_user("boss", Role.MAINTAINER))
    viewer = client_of(make_user("vera", Role.VIEWER))
    answer = viewer.post(f"{PAGE}/aliases/move", {"name": "a", "version": "v1"}, **CHINESE)
    assert answer.status_code == 403
    assert "此操作需要贡献者角色；您在这里的角色是查看者。" in text_of(answer)
    path = "/api/artifacts/model-a/aliases/a"
    said = viewer.put(path, {"version": "v1"}, format="json", **CHINESE).json()
    assert said["detail"] == "This needs the role contributor; yours here is viewer."
    program = token_client(make_user("cora", Role.CONTRIBUTOR), Scope.READ)
    said = program.put(path, {"version": "v1"}, format="json").json()
    assert said["detail"] == (
        "This needs the role contributor; yours here, with this token, is viewer."
    )
    assert "只有管理员才能管理账号和团队。" in text_of(viewer.get("/settings/new-team", **CHINESE))


def test_a_form_says_what_a_service_refused(team: None, db: None) -> None:
    boss = client_of(make_user("boss", Role.ADMIN))
    form = {"name": "vision"}
    assert boss.post("/settings/new-team", form, **CHINESE).status_code == 303
    answer = boss.post("/settings/new-team", form, **CHINESE)
    assert answer.status_code == 400
    assert "已有同名的团队。" in text_of(answer)
    page = "/settings/members/boss"
    seen = boss.get(page).context["form"]["seen"].value()
    answer = boss.post(
        page, {"role": Role.VIEWER.value, "is_active": "on", "seen": seen}, **CHINESE
    )
    assert answer.status_code == 409
    assert "这样将无人管理门户：请先将其他人设为管理员。" in text_of(answer)


def test_a_route_that_is_none(reader: Client, api: APIClient) -> None:
    assert "没有此地址：/nowhere" in text_of(reader.get("/nowhere"))
    assert api.get("/api/nowhere", **CHINESE).json()["detail"] == "No such route: /api/nowhere"


def test_guessing_is_blocked_in_chinese(team: None, db: None) -> None:
    ada = make_user("ada", Role.ADMIN)
    ada.set_password("correct horse battery")
    ada.save()
    client = Client(**CHINESE)
    form = {"username": "ada", "password": "wrong"}
    answers = [client.post("/login", form) for _ in range(10)]
    assert answers[-1].status_code == 429
    assert "您的地址以此用户名登录失败的次数过多：请等待一刻钟。" in text_of(answers[-1])


def tampered(array: bytes) -> bytes:
    return array.replace(b"(3,)", b"(9,)")


NOTES = {
    "a.json": (b'{"a": }', "它不是 JSON：第 1 行第 7 列：此处应有一个值。"),
    "a.csv": (b"", "其中没有一行属于表格。"),
    "a.safetensors": (safetensors({"w": np.zeros(2, np.float32)})[:-4], "位于文件之外。"),
    "a.npy": (tampered(npy(np.zeros(3))), "字节数与其形状不符。"),
    "a.npz": (zipped({"w.npy": b"x"})[:-10], "它没有 zip 目录。"),
    "a.pkl": (b"no pickle", "它不是 pickle。"),
    "a.parquet": (b"PAR1 and nothing else", "其尾部不在 Parquet 应有的位置。"),
}


def test_notes_of_previews(reader: Client, api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={path: content for path, (content, _) in NOTES.items()})
    for path, (_, note) in NOTES.items():
        assert note in text_of(reader.get(f"{PAGE}/v1/files/{path}")), path
        [said] = api.get(f"/api/artifacts/model-a/v1/preview/{path}", **CHINESE).json()["notes"]
        assert said.isascii(), said


USED_80 = "The team vision has used 80 of its quota of 100 bytes"
REFUSALS: list[tuple[Callable[[], DomainError], str, str]] = [
    (
        lambda: QuotaExceeded("vision", quota=100, used=90, pending=0, asked=20),
        "The team vision has used 90 of its quota of 100 bytes; this needs 20.",
        "团队 vision 的配额为 100 字节，已用 90 字节；此次需要 20 字节。",
    ),
    (
        lambda: QuotaExceeded("vision", quota=100, used=80, pending=5, asked=20),
        f"{USED_80}, you have sent 5 that no version of its has yet; this needs 20.",
        "已用 80 字节，您另已发送 5 字节，尚未归入其任何版本；此次需要 20 字节。",
    ),
    (
        lambda: AliasMoved("prod", None),
        "Alias prod does not exist now.",
        "别名 prod 现在不存在。",
    ),
    (
        lambda: AliasMoved("prod", 3),
        "Alias prod points at v3 now.",
        "别名 prod 现在指向 v3。",
    ),
    (
        lambda: AmbiguousType("net", ["model", "code"]),
        "net exists in several types (model, code): say which type.",
        "net 存在于多个类型（model, code）中：请说明类型。",
    ),
    (
        lambda: AliasNotFound("net", "x", existing=[]),
        "Alias not found: net:x; aliases: none",
        "未找到别名：net:x；现有别名：无",
    ),
    (lambda: MissingBlobs(["a"]), "1 blob is not stored yet.", "还有 1 个数据块未存储。"),
    (lambda: MissingBlobs(["a", "b"]), "2 blobs are not stored yet.", "还有 2 个数据块未存储。"),
]


@pytest.fixture
def in_chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.mark.parametrize(("make", "english", "chinese"), REFUSALS)
def test_a_page_says_it_in_chinese(
    make: Callable[[], DomainError], english: str, chinese: str, in_chinese: None, db: None
) -> None:
    frame = PageRefusals(lambda request: HttpResponse())
    request = RequestFactory().get("/artifacts")
    request.user = AnonymousUser()
    answer = frame.process_exception(request, make())
    assert chinese in text_of(answer)
    assert english not in text_of(answer)
    assert make().detail == str(make()) == english
    with translation.override("en"):
        assert translated(make().detail) == english


def test_a_sentence_stays_one_through_errors() -> None:
    with pytest.raises(ValueError, match="must have") as caught:
        check_name("")
    refusal = Invalid({"name": [str(caught.value)]})
    assert isinstance(str(refusal), Sentence)
    assert refusal.detail == "name: must have 1 to 128 characters"
    with translation.override("zh-hans"):
        assert translated(refusal.detail) == "name：必须有 1 到 128 个字符"
        assert translated(str(Conflict("as it is"))) == "as it is"


def test_values_are_no_templates(in_chinese: None) -> None:
    name = "{0.__class__} %(x)s"
    said = say("Artifact not found: {name}", name=name)
    assert said == f"Artifact not found: {name}"
    assert translated(said) == f"未找到制品：{name}"
    assert translated(say("{path}: {error}", path="a", error=said)) == f"a：未找到制品：{name}"
