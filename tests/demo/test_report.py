"""The demo's report: whole in one file, and nothing in it can become markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from lexlip_lucene.demo.report import ShownHit, ShownQuery, picture_uri, write_report
from lexlip_lucene.errors import OutputError
from lexlip_lucene.search.explanation import Term

HOSTILE = "</h2><script>alert('1')</script> & \"red\" <img src=x onerror=alert(1)>"
FIGURES = {"LexLIP": {"R@1": 0.25, "R@10": 0.7}, "BM25 <k1>": {"R@1": 0.125, "R@10": 0.5}}


class Page(HTMLParser):
    """Tags with their attributes, and the text outside of styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, name: str) -> int:
        return sum(tag == name for tag, _ in self.tags)


def shown(text: str, *, rank: int | None = 2) -> ShownQuery:
    """Return a query with two hits of LexLIP's, the second of them the one searched for, and one of BM25's."""
    picture = "data:image/png;base64,AAAA"
    terms = [Term("red", 4, 10, 40), Term(text, 2, 10, 20)]
    first = ShownHit(rank=1, docid=text, score="60", picture=picture, relevant=False, terms=terms)
    second = ShownHit(rank=2, docid="scene-2", score="30", picture=picture, relevant=True, terms=[])
    third = ShownHit(rank=1, docid="b", score="1.50", picture=picture, relevant=False, terms=[])
    weights = {"red": 4, text: 2}
    return ShownQuery(text=text, weights=weights, rank=rank, bm25_rank=None, lexlip=[first, second], bm25=[third])


def page_of(path: Path, *queries: ShownQuery) -> Page:
    write_report(path, figures=FIGURES, facts={"scenes searched": "1,000"}, queries=queries)
    return Page(path.read_text(encoding="utf-8"))


def test_the_table_has_a_row_for_each_system_in_percent(tmp_path: Path) -> None:
    page_of(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    rows = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)]
    assert rows == [
        ["System", "R@1", "R@10"],
        ["LexLIP", "25.0", "70.0"],
        ["BM25 &lt;k1&gt;", "12.5", "50.0"],
        ["scenes searched", "1,000"],
    ]


def test_hostile_captions_ids_and_tokens_stay_text(tmp_path: Path) -> None:
    page = page_of(tmp_path / "report.html", shown(HOSTILE))
    assert page.count("script") == 0 and page.count("h2") == 1
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 3 and all(set(attributes) == {"src", "alt"} for attributes in images)
    assert images[0]["alt"] == f"scene {HOSTILE}, rank 1"
    assert f"“{HOSTILE}”" in page.text
    assert page.text.count(HOSTILE) == 5  # heading, query token, docid, matched token and its part of the score bar


def test_a_query_shows_its_hits_with_the_words_that_matched(tmp_path: Path) -> None:
    page = page_of(tmp_path / "report.html", shown("a red circle"))
    assert re.search(r"1\. a red circle\s+60\s+red 40\s+a red circle 20\s+red\s*40\s+a red circle\s*20", page.text)
    assert re.search(r"2\. scene-2\s+30\s+✓", page.text)
    assert "rank 2 with LexLIP, not found with BM25" in page.text
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "figure"] == [None, "relevant", None]
    parts = [(attributes["x"], attributes["width"]) for tag, attributes in page.tags if tag == "rect"]
    assert parts == [("0.000", "66.167"), ("66.667", "32.833")]  # 40 and 20 of 60, with gaps of 0.5


def test_the_report_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path / "report.html", shown("a red circle"))
    assert page.count("link") == page.count("script") == page.count("iframe") == 0
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert len(sources) == 3 and all(source and source.startswith("data:image/png;base64,") for source in sources)
    assert "http" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_picture_becomes_a_data_uri_of_its_bytes(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    head, _, body = picture_uri(tmp_path / "dot.png").partition(",")
    assert head == "data:image/png;base64" and body.startswith("iVBORw0KGgo")  # the signature of PNG


def test_a_report_that_is_there_is_kept_without_force(tmp_path: Path) -> None:
    page_of(tmp_path / "report.html")
    with pytest.raises(OutputError, match="exists already"):
        page_of(tmp_path / "report.html")
    write_report(tmp_path / "report.html", figures=FIGURES, facts={}, queries=[], force=True)
