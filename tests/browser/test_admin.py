"""The admin as a person uses it, in a real browser on a portal in team mode."""

from typing import TYPE_CHECKING

from tests.browser.conftest import Log, look
from tests.browser.seeing import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = [
    "", "accounts/user/", "accounts/user/add/", "accounts/user/1/change/",
    "accounts/user/1/password/", "accounts/team/add/", "accounts/apitoken/",
    "accounts/apitoken/add/", "accounts/auditevent/", "artifacts/artifact/",
    "artifacts/version/", "artifacts/blob/", "artifacts/aliasevent/",
    "artifacts/protectedalias/add/", "lineage/run/", "password_change/",
]  # fmt: skip


def open_artifact(page: "Page", name: str) -> None:
    """From the first page to the page of an artifact, by the list and its search."""
    page.goto("/admin/")
    page.click("#content-main tr.model-artifact th a")
    page.fill("#searchbar", name)
    page.click("input[type=submit][value=Search]")
    page.click(f"#result_list a:text-is('{name}')")


def choose(page: "Page", action: str, *versions: str) -> None:
    """In the list of versions, tick some and run an action on them."""
    page.goto("/admin/artifacts/version/")
    for version in versions:
        page.check(f"tr:has(a:text-is('{version}')) input.action-select")
    page.select_option("select[name=action]", label=action)
    page.click("button[name=index]")


def said(page: "Page") -> "Locator":
    return page.locator("ul.messagelist")


def test_the_first_page_shows_what_there_is(page: "Page", token: str) -> None:
    page.goto("/admin/")
    look(page, "index")
    assert page.title() == "Administration | Runicorn Portal"
    expect(page.locator("#recent-actions-module").first).to_contain_text("boss, ")


def test_an_alias_is_moved_added_and_removed(page: "Page", log: Log) -> None:
    log("mover", b"one", aliases=["production", "old"])
    log("mover", b"two")
    open_artifact(page, "mover")
    page.fill("#id_aliases-1-number", "2")
    page.check("#id_aliases-0-DELETE")
    page.click("text=Add another Alias")
    page.fill("#id_aliases-2-name", "stable")
    page.fill("#id_aliases-2-number", "1")
    look(page, "artifact-change")
    page.click("input[name=_continue]")
    look(page, "artifact-changed")
    rows = {
        page.input_value(f"#id_aliases-{row}-name"): page.input_value(f"#id_aliases-{row}-number")
        for row in range(2)
    }
    assert rows == {"production": "2", "stable": "1"}
    page.click("text=Every move of its aliases")
    look(page, "alias-moves")
    expect(page.locator("#result_list tbody tr")).to_have_count(5)


def test_what_the_service_refuses_is_a_message(page: "Page", log: Log) -> None:
    log("refused", b"one", aliases=["production"])
    open_artifact(page, "refused")
    page.fill("#id_aliases-0-number", "9")
    page.click("input[name=_save]")
    look(page, "refusal")
    expect(said(page)).to_contain_text("Version not found: refused:v9")
    expect(page.locator("#id_aliases-0-number").first).to_have_value("1")


def test_versions_are_hidden_restored_and_purged_with_a_preview(page: "Page", log: Log) -> None:
    log("goer", b"shared by both")
    log("goer", b"x" * 5000, aliases=["production"])
    one, two = "model/goer:v1", "model/goer:v2"
    choose(page, "Soft-delete the chosen versions", one, two)
    look(page, "versions-soft-deleted")
    expect(said(page)).to_contain_text(f"Soft-deleted {one}, {two}.")
    choose(page, "Restore the chosen versions", one)
    expect(said(page)).to_contain_text(f"Restored {one}.")
    choose(page, "Purge the chosen versions …", two)
    look(page, "purge-preview")
    expect(page.locator("#freed").first).to_have_text("4.9 KiB come free on disk")
    expect(page.locator("#result_list").first).to_contain_text("production")
    page.click("input[value='Purge']")
    look(page, "versions-purged")
    expect(said(page)).to_contain_text(f"purged {two}")
    page.goto("/admin/artifacts/version/?status=purged")
    page.click(f"a:text-is('{two}')")
    look(page, "version-tombstone")
    expect(page.locator(".field-status").first).to_contain_text("purged")


def test_a_version_is_described_and_hidden_on_its_page(page: "Page", log: Log) -> None:
    log("described", b"one", description="first", tags=["a", "b"], metadata={"accuracy": 0.9})
    page.goto("/admin/artifacts/version/?q=described")
    page.click("a:text-is('model/described:v1')")
    page.fill("#id_tags", "a\nbest")
    look(page, "version-change")
    page.click("input[name=_continue]")
    expect(page.locator("#id_tags").first).to_have_value("a\nbest")
    page.click("button[value=soft_delete]")
    expect(said(page)).to_contain_text("Soft-deleted model/described:v1")


def test_people_get_roles_and_teams(page: "Page") -> None:
    page.goto("/admin/accounts/team/add/")
    page.fill("#id_name", "vision")
    page.click("input[name=_save]")
    page.goto("/admin/accounts/user/add/")
    page.fill("#id_username", "ada")
    page.select_option("#id_role", label="contributor")
    page.fill("#id_password1", "another horse battery")
    page.fill("#id_password2", "another horse battery")
    look(page, "user-add")
    page.click("input[name=_save]")
    page.click("text=Add another Membership")
    page.click("#memberships-0 .select2-selection")
    page.click(".select2-results__option:has-text('vision')")
    page.select_option("#id_memberships-0-role", label="maintainer")
    look(page, "user-change")
    page.click("input[name=_save]")
    look(page, "users")
    expect(page.locator("tr:has(a:text-is('ada'))").first).to_contain_text("contributor")
    page.goto("/admin/accounts/auditevent/?q=ada")
    look(page, "audit")
    expect(page.locator("#result_list").first).to_contain_text("membership.create")


def first_row(page: "Page", path: str) -> str | None:
    """The page of the first row of the list at ``path``."""
    page.goto(f"/admin/{path}")
    rows = page.locator("#result_list tbody th a")
    return rows.first.get_attribute("href") if rows.count() else None


def tell_strict_rules(route: "Route") -> None:
    """Have the browser run and style nothing that is inline on the page it asks for."""
    if route.request.resource_type == "document":
        answer = route.fetch()
        headers = {"content-security-policy": STRICT} | answer.headers
        route.fulfill(response=answer, headers=headers)
    else:
        route.continue_()


def test_every_page_works_without_inline_script_and_style(page: "Page", log: Log) -> None:
    log("strict", b"one", aliases=["production"])
    page.route(lambda url: True, tell_strict_rules)
    details = [first_row(page, path) for path in PAGES if path.startswith("artifacts/")]
    for path in [*(f"/admin/{path}" for path in PAGES), *filter(None, details)]:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert "content-security-policy" in answer.headers
    page.goto("/admin/accounts/apitoken/add/")
    page.click(".select2-selection")
    page.wait_for_selector(".select2-results__option:has-text('boss')")
    look(page, "strict-select")
