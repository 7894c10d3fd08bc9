"""The canonical manifest: equal content, equal bytes."""

import hashlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import Corrupted
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference
from artifacts.storage.tree import build_tree
from tests.storage.conftest import make_manifest, sha256_of

SHA = sha256_of(b"content")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SIZES = st.integers(0, 2**63 - 1)
ENTRIES = st.builds(ManifestEntry, TEXT, st.binary(min_size=32, max_size=32).map(bytes.hex), SIZES)
REFERENCES = st.builds(
    ManifestReference,
    uri=TEXT,
    checksum=st.none() | TEXT,
    size_bytes=st.none() | SIZES,
    name=st.none() | TEXT,
    metadata=st.dictionaries(TEXT, JSON, max_size=3),
)
MANIFESTS = st.builds(
    Manifest,
    st.lists(ENTRIES, max_size=5, unique_by=lambda entry: entry.path).map(tuple),
    st.lists(REFERENCES, max_size=3).map(tuple),
)


@given(MANIFESTS)
def test_manifest_survives_the_round_trip(manifest):
    again = Manifest.from_bytes(manifest.to_bytes())
    assert set(again.entries) == set(manifest.entries)
    assert again.references == manifest.references
    assert again.to_bytes() == manifest.to_bytes()
    assert again.digest == hashlib.sha256(manifest.to_bytes()).hexdigest()


def test_to_bytes_is_the_documented_form():
    manifest = Manifest(
        (ManifestEntry("模型.pth", SHA, 7, modified_at=1704153600.5),),
        (ManifestReference("s3://b/k", "md5:1", 9, "big", {"b": 1, "a": [1.5]}),),
    )
    assert manifest.to_bytes().decode() == (
        '{"files":[{"digest":"sha256:' + SHA + '","path":"模型.pth","size":7}],"format":1,'
        '"references":[{"checksum":"md5:1","metadata":{"a":[1.5],"b":1},"name":"big","size":9,'
        '"uri":"s3://b/k"}]}'
    )


def test_equal_content_has_equal_bytes_in_any_order():
    entries = [
        ManifestEntry(path, SHA, 7) for path in ("b", "a/z", "a.b", "é", "\U0001f984", "\ufffc")
    ]
    encoded = {Manifest(order).to_bytes() for order in itertools.permutations(entries)}
    assert len(encoded) == 1


def test_entries_are_sorted_by_their_utf8_bytes():
    in_order = ["Z", "a.b", "a/b", "z", "é", "\ufffc", "\U0001f984"]
    manifest = Manifest(tuple(ManifestEntry(path, SHA, 1) for path in reversed(in_order)))
    assert [entry["path"] for entry in json.loads(manifest.to_bytes())["files"]] == in_order


def test_references_keep_the_order_given():
    one, two = ManifestReference("s3://b/2"), ManifestReference("s3://b/1")
    assert Manifest((), (one, two)).digest != Manifest((), (two, one)).digest


def test_the_time_of_a_file_is_not_content():
    early, late = (Manifest((ManifestEntry("a", SHA, 7, when),)) for when in (1.0, 2.0))
    assert early.digest == late.digest


def test_size_counts_files_and_no_references():
    entries = (ManifestEntry("a", SHA, 7), ManifestEntry("b", SHA, 5))
    assert Manifest(entries, (ManifestReference("s3://b/k", size_bytes=100),)).size_bytes == 12


def test_digest_is_the_sha256_of_the_file_on_disk(store):
    manifest = make_manifest(store, {"b.bin": b"two", "a.bin": b"one"})
    folder = store.artifacts / "model" / "m" / "v1"
    build_tree(store, folder, manifest)
    assert sha256_of((folder / "manifest.json").read_bytes()) == manifest.digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_to_bytes_refuses_what_json_has_no_word_for(value):
    manifest = Manifest((), (ManifestReference("s3://b/k", metadata={"deep": [value]}),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest.to_bytes()


def test_to_bytes_refuses_a_path_that_is_not_utf8():
    with pytest.raises(ValueError, match="surrogates"):
        Manifest((ManifestEntry("\udcff", SHA, 1),)).to_bytes()


FILE = '{"digest":"sha256:' + SHA + '","path":"a","size":7}'
REFERENCE = '{"checksum":null,"metadata":{},"name":null,"size":null,"uri":"u"}'
GOOD = f'{{"files":[{FILE}],"format":1,"references":[{REFERENCE}]}}'


def test_from_bytes_takes_the_form_the_bad_ones_below_start_from():
    assert Manifest.from_bytes(GOOD.encode()).size_bytes == 7


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (GOOD, ""),
        (GOOD, "[]"),
        (GOOD, "null"),
        (GOOD, "[" * 100_000),
        (GOOD, GOOD + "\n"),
        (GOOD, GOOD[:-1]),
        ('"format":1', '"format":2'),
        ('"format":1', '"format": 1'),
        ('"format":1,', ""),
        ('"format":1', '"extra":0,"format":1'),
        (FILE, FILE + "," + FILE.replace('"a"', '"A"')),
        (FILE, "null"),
        ('"path":"a"', '"path":1'),
        ('"path":"a"', '"path":"\\u0061"'),
        ('"path":"a"', '"path":"\\ud800"'),
        ('"size":7', '"size":"7"'),
        ('"size":7', '"size":7.0'),
        ('"size":7', '"size":true'),
        ("sha256:", "md5:"),
        (SHA, SHA.upper()),
        (SHA, SHA[:-1]),
        ('"uri":"u"', '"uri":null'),
        ('"size":null', '"size":false'),
        ('"metadata":{}', '"metadata":[]'),
        ('"metadata":{}', '"metadata":{"a":1e999}'),
        ('"metadata":{}', '"metadata":{"a":NaN}'),
        ('"metadata":{}', '"metadata":{"b":1,"a":1}'),
    ],
)
def test_from_bytes_refuses_all_but_the_canonical_form(old, new):
    with pytest.raises(Corrupted, match=r"not a (canonical )?manifest"):
        Manifest.from_bytes(GOOD.replace(old, new, 1).encode())


def test_from_bytes_refuses_bytes_that_are_not_utf8():
    with pytest.raises(Corrupted):
        Manifest.from_bytes(GOOD.encode().replace(b'"a"', b'"\xff"'))
