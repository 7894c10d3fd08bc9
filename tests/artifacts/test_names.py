"""The rules for types, names, aliases, paths, digests and versions."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts import names

TEXTS = st.text(alphabet=st.characters(), max_size=140)


@pytest.mark.parametrize("type_", ["model", "dataset", "config", "code", "custom"])
def test_the_five_types_are_types(type_: str) -> None:
    assert names.check_type(type_) == type_


@pytest.mark.parametrize("text", ["", "Model", "models", "../..", "model ", "model\0"])
def test_another_type_is_refused_with_the_five(text: str) -> None:
    with pytest.raises(ValueError, match="model, dataset, config, code, custom"):
        names.check_type(text)


@pytest.mark.parametrize(
    "name",
    ["a", "模型 甲", "a.b", "a b", "-", "x" * 128, "数" * 128, "🙂", "v1", "latest", "a'b&c"],
)
def test_a_name_within_the_rules_stays_as_it_is(name: str) -> None:
    assert names.check_name(name) == name


def test_a_name_is_kept_in_nfc_and_measured_in_it() -> None:
    assert names.check_name("e\u0301") == "é"
    assert names.check_name("e\u0301" * 128) == "é" * 128


@pytest.mark.parametrize(
    "name", ["", "x" * 129, "stats", ".", "..", ".a", "a.", " a", "a ", "\u3000a"]
)
def test_a_name_outside_the_rules_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"must|reserved"):
        names.check_name(name)


@pytest.mark.parametrize("character", [*'/\\:*?"<>|', "\0", "\n", "\t", "\x7f", "\x85", "\ud800"])
def test_a_character_that_a_name_may_not_have(character: str) -> None:
    with pytest.raises(ValueError, match="must hold none of"):
        names.check_name(f"a{character}b")


@given(TEXTS)
def test_a_name_that_passes_is_one_safe_part_of_a_path(text: str) -> None:
    try:
        name = names.check_name(text)
    except ValueError:
        return
    assert name == names.check_name(name) == unicodedata.normalize("NFC", text)
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0")
    assert len(name) <= 128
    assert name.encode().decode() == name


@pytest.mark.parametrize(
    "alias",
    [
        "production",
        "生产",
        "v2.0",
        "V1",
        "v",
        "a_b-c.",
        "x" * 128,
        "...",
        "हिन्दी",
        "ภาษาไทย",
        "कि" * 64,
    ],
)
def test_an_alias_within_the_rules(alias: str) -> None:
    assert names.check_alias(alias) == alias


@pytest.mark.parametrize(
    "alias",
    ["", ".", "..", "a b", "a/b", "a:b", "x" * 129, "a\n", "a\0", "🙂", "latest", "कि" * 65],
)
def test_an_alias_outside_the_rules(alias: str) -> None:
    with pytest.raises(ValueError, match=r"must|latest"):
        names.check_alias(alias)


@pytest.mark.parametrize("alias", ["\u093f", "a-\u093f", "a.\u0301b", "a\u20dd", "a\u200db"])
def test_a_mark_in_an_alias_belongs_to_a_letter(alias: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 128 letters"):
        names.check_alias(alias)


@pytest.mark.parametrize("alias", ["v1", "v0", "v007", "v" + "9" * 100])
def test_an_alias_that_looks_like_a_version(alias: str) -> None:
    with pytest.raises(ValueError, match="looks like a version"):
        names.check_alias(alias)


@given(TEXTS)
def test_an_alias_is_never_taken_for_a_version_or_latest(text: str) -> None:
    try:
        alias = names.check_alias(text)
    except ValueError:
        return
    assert alias != "latest"
    assert not (alias[0] == "v" and alias[1:].isascii() and alias[1:].isdigit())


@pytest.mark.parametrize(
    "path", ["a", "a/b/c", "数据/模型", "...", ".hidden", " ", "a\nb", "x" * 1024]
)
def test_a_path_within_the_rules(path: str) -> None:
    assert names.check_path(path) == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "no empty part"),
        ("/", "relative"),
        ("/a", "relative"),
        ("a/", "no empty part"),
        ("a//b", "no empty part"),
        (".", "part '.'"),
        ("a/./b", "part '.'"),
        ("../a", "part '.'"),
        ("a/..", "part '.'"),
        ("a\\b", "backslash"),
        ("a\0", "NUL"),
        ("x" * 1025, "1024 bytes"),
        ("数" * 342, "1024 bytes"),
        ("\ud800", "surrogates"),
    ],
)
def test_a_path_outside_the_rules_says_why(path: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        names.check_path(path)


def test_paths_are_not_normalised() -> None:
    assert names.check_path("e\u0301") == "e\u0301"


@given(st.text(alphabet="ab./\\\0é", max_size=12))
def test_a_path_that_passes_never_leads_out_of_its_folder(text: str) -> None:
    try:
        parts = names.check_path(text).split("/")
    except ValueError:
        return
    assert not {"", ".", ".."} & set(parts)
    assert "\\" not in text
    assert "\0" not in text


def test_a_digest_is_sha256_in_lower_case_hex() -> None:
    assert names.check_digest("sha256:" + "0f" * 32) == "0f" * 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 64,
        "sha256:",
        "sha256:" + "0" * 63,
        "sha256:" + "F" * 64,
        "sha256:" + "0" * 64 + "\n",
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(ValueError, match="64 lower-case hex digits"):
        names.check_digest(text)


@pytest.mark.parametrize(
    ("text", "number"), [("v1", 1), ("v0", 0), ("v10", 10), ("v" + "9" * 30, 10**30 - 1)]
)
def test_a_version_is_v_and_digits(text: str, number: int) -> None:
    assert names.check_version(text) == number


@pytest.mark.parametrize(
    "text", ["", "v", "1", "v-1", "v+1", "v1_0", "v01", "V1", "v1 ", "v1\n", "v\u0661", "v" * 5000]
)
def test_nothing_else_is(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version") as refusal:
        names.check_version(text)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("paths", "clash"),
    [
        ([], None),
        (["a", "b", "a/b2"], ("a/b2", "lies in 'a', which is a file")),
        (["a/b", "a/c", "ab"], None),
        (["a", "a"], ("a", "is there twice")),
        (["a/b/c", "a/b"], ("a/b/c", "lies in 'a/b', which is a file")),
        (["é", "e\u0301"], None),
        (["a-b", "a", "a.b"], None),
    ],
)
def test_paths_that_cannot_be_in_one_version(
    paths: list[str], clash: tuple[str, str] | None
) -> None:
    assert names.find_path_clash(paths) == clash


@given(st.lists(st.sampled_from(["a", "b", "a/b", "a/b/c", "b/a", "ab", "a/bc"]), max_size=6))
def test_a_clash_is_found_wherever_one_is(paths: list[str]) -> None:
    is_twice = len(set(paths)) < len(paths)
    is_folder = any(one.startswith(f"{other}/") for one in paths for other in paths)
    assert (names.find_path_clash(paths) is not None) == (is_twice or is_folder)


def test_the_folders_above_a_path() -> None:
    assert names.parent_folders("a/b/c") == ["a", "a/b"]
    assert names.parent_folders("a") == []


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("v1...v2", ("v1", "v2")),
        ("stable...v1.2", ("stable", "v1.2")),
        ("a.b...c..d", ("a.b", "c..d")),
        ("最新...latest", ("最新", "latest")),
    ],
)
def test_a_pair_of_versions_is_read(text: str, pair: tuple[str, str]) -> None:
    assert names.parse_pair(text) == pair


@pytest.mark.parametrize(
    "text", ["", "v1", "v1..v2", "v1....v2", "...v2", "v1...", "a...b...c", "v1.../v2"]
)
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not two versions"):
        names.parse_pair(text)
