"""The page of a search by looks: visual words are summed up, and a slider without JavaScript is a form."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from support import served_looks
from support.served_looks import COPY, KEEP, ORIGINAL, LookingPlace

from lexlip_lucene.search.explanation import compare, explanation_of
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.looks.summed_looks import differences, told
from lexlip_lucene.serve.page_links import PageLinks
from lexlip_lucene.serve.search_request import PageAsked
from lexlip_lucene.serve.sent_pictures import SentPicture
from lexlip_lucene.serve.served import Served
from lexlip_lucene.serve.thumbnails import Thumbnail
from lexlip_lucene.vectors.picture_vector import PictureVector
from lexlip_lucene.words.visual_words import is_visual_word

VISUAL_WORD = re.compile(r"\bv[0-9]{5}\b")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> LookingPlace:
    return served_looks.make(tmp_path_factory.mktemp("looks"))


@pytest.fixture(scope="module")
def opened(place: LookingPlace) -> Served:
    return place.opened()


@pytest.fixture(scope="module")
def client(opened: Served) -> Iterator[TestClient]:
    with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
        yield client


def drawn(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/",
        f"/?like={ORIGINAL}",
        f"/?like={ORIGINAL}&by=looks",
        f"/?like={ORIGINAL}&looks=0.8&figures=true",
        f"/?like={ORIGINAL}&system=bm25",
        f"/?like={ORIGINAL}&by=looks&system=both",
        f"/?like={ORIGINAL}&system=fused",
        f"/hit?like={ORIGINAL}&hit={COPY}",
        f"/hit?like={ORIGINAL}&by=looks&hit={COPY}&against=05.png",
        f"/?query=dog&hit={COPY}",
        f"/clouds/{COPY}",
    ],
)
def test_no_visual_word_is_shown_by_its_name(address: str, client: TestClient) -> None:
    assert VISUAL_WORD.search(drawn(client, address)) is None


def test_no_visual_word_is_among_the_words_worth_a_try(opened: Served) -> None:
    assert opened.welcome.words and not any(map(is_visual_word, opened.welcome.words))


def test_visual_words_of_a_query_are_one_chip_with_their_number(client: TestClient) -> None:
    page = drawn(client, f"/results?like={ORIGINAL}&by=looks")
    assert page.count('<li class="chip') == 1 and f"<span>{KEEP} visual words</span>" in page
    assert "visual word" not in drawn(client, f"/results?like={ORIGINAL}&by=words")


def test_a_hit_says_how_much_of_its_score_the_look_gave(client: TestClient) -> None:
    found = client.get("/api/search", params={"like": ORIGINAL, "looks": 0.7}).json()["hits"]
    terms = next(hit for hit in found if hit["docid"] == COPY)["terms"]
    looks = [term["contribution"] for term in terms if is_visual_word(term["token"])]
    percent = round(100 * sum(looks) / sum(term["contribution"] for term in terms))
    assert 0 < percent < 100
    assert f"the look ({percent} %)" in drawn(client, f"/results?like={ORIGINAL}&looks=0.7")
    hit = drawn(client, f"/hit?like={ORIGINAL}&looks=0.7&hit={COPY}")
    assert f"the look: {percent} % of the score, by {len(looks)} visual words" in hit
    missing = KEEP - len(looks)  # of the original's; a close copy may have all of them
    assert (f"{missing} visual word" in hit) if missing else ("0 visual word" not in hit)


def test_the_slider_is_a_form_that_keeps_the_search(client: TestClient) -> None:
    page = drawn(client, f"/results?like={ORIGINAL}&weights=dog%3A7&exclude=cat&looks=0.35")
    form = page[page.index('<form class="looks"') :].split("</form>")[0]
    assert 'name="looks" min="0" max="1" step="0.05" value="0.35"' in form
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert sent == {"weights": "dog:7", "like": ORIGINAL, "system": "lexlip", "exclude": "cat"}
    assert f'href="/?weights=dog%3A7&amp;like={ORIGINAL}&amp;by=words&amp;exclude=cat"' in form
    assert f'href="/?weights=dog%3A7&amp;like={ORIGINAL}&amp;by=looks&amp;exclude=cat"' in form


@pytest.mark.parametrize(
    "address", ["/results?query=dog", f"/results?query=dog&like={ORIGINAL}", "/results?weights=dog:1"]
)
def test_no_slider_is_shown_where_no_picture_is_searched_by(address: str, client: TestClient) -> None:
    assert 'class="looks"' not in drawn(client, address)


def test_no_slider_is_shown_where_nothing_could_be_compared(place: LookingPlace) -> None:
    with TestClient(create_app(place.opened(index=place.index_of_words)), base_url="http://127.0.0.1") as client:
        assert 'class="looks"' not in drawn(client, f"/results?like={ORIGINAL}")
        assert "Same look" not in drawn(client, f"/hit?query=dog&hit={COPY}")
        refused = client.get(f"/?like={ORIGINAL}&by=looks")
        assert refused.status_code == 404 and "lexlip train-visual" in refused.text


def test_a_sent_picture_of_another_model_is_said_to_be_searched_by_words(place: LookingPlace) -> None:
    opened = place.opened(model=place.model_of_other_looks)
    with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
        id = opened.searching.sent.keep(SentPicture(Thumbnail(b"", "image/jpeg"), PictureVector({"dog": 3}, {})))
        page = drawn(client, f"/results?picture={id}")
        assert 'class="looks"' not in page and "Searched by its words only" in page


def test_a_picture_without_visual_words_is_said_to_have_no_look(opened: Served, client: TestClient) -> None:
    uniform = SentPicture(Thumbnail(b"", "image/jpeg"), PictureVector({"dog": 3}, {}), opened.searching.visual_sha256)
    id = opened.searching.sent.keep(uniform)
    page = drawn(client, f"/results?picture={id}")
    assert 'class="looks"' not in page and "no look that could be compared" in page and 'class="card"' in page
    assert "Nothing found" in drawn(client, f"/results?picture={id}&by=looks")


def test_links_keep_the_share_and_a_word_ends_it() -> None:
    links = PageLinks(PageAsked(like="a", looks=0.0), "/", is_visual=is_visual_word)
    assert links.hit("b") == "/?like=a&looks=0.0&hit=b"
    assert links.looks(0.25) == "/?like=a&looks=0.25"
    assert links.looks(0) == "/?like=a&by=words" and links.looks(1.0) == "/?like=a&by=looks"
    assert links.token("dog") == "/?weights=dog%3A100"
    assert links.token("v00001", "v00002") == "/?like=a&by=looks"
    assert links.same_look("b") == "/?like=b&by=looks" and links.like("b") == "/?like=b&looks=0.0"


def test_an_explanation_that_is_told_still_adds_up() -> None:
    query = {"dog": 3, "v00001": 5, "v00002": 2, "cat": 4, "v00003": 9}
    explanations = [
        explanation_of(query, "a", {"dog": 10, "v00001": 4, "v00002": 1}),
        explanation_of(query, "b", {"v00003": 2}),
    ]
    said = told(explanations[0], is_visual_word)
    assert [term.token for term in said.terms] == ["dog"] and said.missing == [("cat", 4)]
    assert said.looks is not None and said.looks == (2, 22, 1)
    assert said.looks.contribution + 30 == explanations[0].score == 52 and said.looks.percent(52) == 42
    assert told(explanation_of({"dog": 3}, "a", {"dog": 1}), is_visual_word).looks is None
    compared = compare(*explanations)
    lines = differences(compared, is_visual_word)
    assert [(line.token, line.difference) for line in lines] == [("dog", 30), ("the look", 4)]
    assert sum(line.difference for line in lines) == compared.difference
