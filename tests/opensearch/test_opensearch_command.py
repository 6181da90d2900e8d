"""The command and the search page with an address in the place of an index folder: the answers are the folder's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loaded import load
from playwright.sync_api import Browser, expect
from running_cluster import RunningNode
from support import served
from support.browser import chromium, opened
from support.cli_run import done, lexlip
from support.search_page import at, first_hit, hits, weight
from support.served import Place, running

from lexlip_lucene.cli.place import captions_of, place_of
from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.opensearch.bm25_searcher import OpenSearchBm25Searcher
from lexlip_lucene.serve.app import create_app

K1 = 0.9


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def address(node: RunningNode) -> Iterator[str]:
    """The documents of `place`, in three shards."""
    documents = served.documents()
    further = {
        docid: {"split": split, "captions": caption, "stored": {"contents": caption}}
        for docid, (caption, split, _) in documents.items()
    }
    vectors = {docid: vector for docid, (_, _, vector) in documents.items()}
    yield str(load(node, "served", vectors, shards=3, keywords=["split"], further=further))
    node.ask("DELETE", "/served-1")


def same(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "milliseconds"}


@pytest.mark.parametrize(
    "asked",
    [
        ["--query", "red:3 circle:2", "-k", "30"],
        ["--query", "red circle -star", "--model"],
        ["--query", "dogs", "--model", "--filter", "split=val", "--filter", "split=test"],
        ["--query", "nosuch:1"],
    ],
)
def test_a_search_has_the_answer_of_the_folder(asked: list[str], place: Place, address: str) -> None:
    options = [part for each in asked for part in ([each, place.model] if each == "--model" else [each])]
    assert same(done("search", address, *options)) == same(done("search", place.index, *options))


def test_an_explanation_has_the_answer_of_the_folder(place: Place, address: str) -> None:
    asked = ("--query", "red circle", "--model", place.model, "--docid", "val/red-circle-0")
    against = ("--against", "emoji 🙂 𝄞")
    assert done("explain", address, *asked, *against) == done("explain", place.index, *asked, *against)


def test_a_run_has_the_bytes_of_the_folder_s(place: Place, address: str, tmp_path: Path) -> None:
    topics = tmp_path / "topics.tsv"
    topics.write_text(
        "".join(f"{number}\t{text}\n" for number, text in enumerate(["red star", "a dog", "cats", "zzz"]))
    )
    asked = ("--topics", topics, "--model", place.model, "--threads", 2)
    done("search", address, *asked, "--output", tmp_path / "cluster.run")
    done("search", place.index, *asked, "--output", tmp_path / "folder.run")
    assert (tmp_path / "cluster.run").read_bytes() == (tmp_path / "folder.run").read_bytes() != b""


def test_captions_are_searched_by_bm25_where_that_is_asked_for(place: Place, address: str, tmp_path: Path) -> None:
    topics = tmp_path / "topics.tsv"
    topics.write_text("1\ta red circle\n2\tthe dogs\n3\tthe\n")
    record = done("search", address, "--bm25", "--query", "the dogs")
    assert record["weights"] == {"dog": 1} and {hit["docid"] for hit in record["hits"]} == {"test/dog", "val/two"}
    for index, also in ((address, ["--bm25"]), (place.bm25, [])):
        done("search", index, *also, "--topics", topics, "--output", tmp_path / f"{len(also)}.run")
    columns = [[line.split()[:4] for line in (tmp_path / f"{n}.run").read_text().splitlines()] for n in (0, 1)]
    assert columns[0] == columns[1] != []
    assert "--bm25 is for" in lexlip("search", place.index, "--bm25", "--query", "dog").error
    assert "leave --model out" in lexlip("search", address, "--bm25", "--query", "dog", "--model", place.model).error


def test_what_a_cluster_can_t_serve_is_refused_in_one_line(place: Place, address: str) -> None:
    refused = lexlip("search", address, "--query", "red:1", "--blocks", 3).error
    assert address in refused and "--blocks" in refused
    assert "give --model" in lexlip("search", address, "--query", "red circle").error
    assert "LEXLIP_OPENSEARCH_PASSWORD" in lexlip("search", "http://me:secret@host/x", "--query", "red:1").error
    assert "--insecure" in lexlip("explain", address, "--query", "red:1", "--docid", "x", "--insecure").error
    assert "has no document" in lexlip("explain", address, "--query", "red:1", "--docid", "x").error
    nothing = address.replace("/served", "/nothing")
    assert "lexlip push" in lexlip("serve", nothing, "--model", place.model).error
    assert "127.0.0.1:1/x can't be reached" in lexlip("search", "http://127.0.0.1:1/x", "--query", "red:1").error


@pytest.mark.parametrize("text", ["a red circle", "two dogs' cats", "the", "star star dots", "rouge 🙂 encoded"])
def test_bm25_of_captions_has_the_order_of_the_folder(text: str, place: Place, address: str) -> None:
    with Bm25Searcher(place.bm25) as ours, OpenSearchBm25Searcher(address) as cluster:
        assert cluster.terms(text) == ours.terms(text)
        for without in ([], ["circles"]):
            expected, found = ours.search(text, 50, without=without), cluster.search(text, 50, without=without)
            assert [hit.docid for hit in found] == [hit.docid for hit in expected]
            assert [hit.score for hit in found] == pytest.approx([hit.score * (1 + K1) for hit in expected], rel=1e-6)
        filtered = cluster.search(text, 50, filters={"split": "val"})
        assert [hit.docid for hit in filtered] == [hit.docid for hit in cluster.search(text, 50) if "val/" in hit.docid]
        assert cluster.frequencies(["circl", "nowhere"]) == ours.frequencies(["circl", "nowhere"])


def test_an_index_without_captions_says_how_to_load_them(node: RunningNode) -> None:
    address = load(node, "bare", {"d": {"a": 1}})
    said = lexlip("serve", str(address), "--bm25", str(address), "--model", "photos").error
    assert "--captions" in said
    node.ask("DELETE", "/bare-1")


def test_the_page_searches_explains_and_fuses_through_the_cluster(place: Place, address: str) -> None:
    where = place_of(address)
    through = open_served(where, place.model, place.images, place.captions, captions_of(where))
    with running(create_app(through)) as page_address, chromium() as browser:
        _look_around(browser, page_address)


def _look_around(browser: Browser, page_address: str) -> None:
    with opened(browser, page_address) as page:
        at(page, "/?query=red+circle")
        first_hit(page, "val/red-circle-0")
        expect(page.get_by_role("status")).to_contain_text("LexLIP: 10 pictures of 28 in")
        expect(page.get_by_role("status")).to_contain_text("12 postings looked at.")
        page.get_by_role("link", name="Exclude circle: no picture with it").click()
        first_hit(page, "val/red-square-0")
        at(page, "/?query=dog&filter=split%3Dval")
        first_hit(page, "val/two")
        assert hits(page) == ["val/two"]
        at(page, "/?query=dogs")
        page.get_by_role("navigation", name="Search with").get_by_role("link", name="Fused").click()
        expect(page.locator(".ranks").first).to_contain_text("BM25 1")
        at(page, "/?weights=dog:20+star:100&hit=val/blue-star-0")
        expect(page.get_by_role("dialog").get_by_role("heading", name="val/blue-star-0")).to_be_visible()
        assert weight(page, "dog").input_value() == "20"
        assert page.evaluate("fetch('/api/health').then(answer => answer.status)") == 200
