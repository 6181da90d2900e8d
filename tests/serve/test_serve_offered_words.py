"""The words that a search offers for unknown and misspelt ones are links of the page."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from support import served

from lexlip_lucene.search.explanation import Term
from lexlip_lucene.serve import pages
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.page_links import PageLinks
from lexlip_lucene.serve.search_request import PageAsked


def test_a_word_is_replaced_as_a_whole_whatever_its_case() -> None:
    links = PageLinks(PageAsked(query="a Dgo and dgos"), "/")
    assert links.saying("dgo", "dog") == "/?query=a+dog+and+dgos"


def test_offered_words_and_exclusions_are_links(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = pages.search_answer
    offered = {"nearest": {"giraffe": ["dog"]}, "suggestions": {"rde": ["red"]}, "proposed_exclusions": ["blue"]}

    def offering(*asked: Any) -> Any:
        return answered(*asked).model_copy(update=offered)

    monkeypatch.setattr(pages, "search_answer", offering)
    place = served.make(tmp_path_factory.mktemp("served"))
    with TestClient(create_app(place.opened()), base_url="http://127.0.0.1") as client:
        drawn = client.get("/results", params={"query": "rde giraffe without blue"}).text
    assert (
        "giraffe is not among the words of this model; nearest: "
        '<a class="go" href="/?query=rde+dog+without+blue">dog</a>' in drawn
    )
    assert 'rde: did you mean <a class="go" href="/?query=red+giraffe+without+blue">red</a>?' in drawn
    assert 'href="/?query=rde+giraffe+without+blue&amp;exclude=blue">− blue</a>' in drawn


def test_words_that_were_not_typed_are_folded_away(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = pages.search_answer

    def calling(*asked: Any) -> Any:
        weights = {"blue": 90, "red": 60, "star": 20}
        return answered(*asked).model_copy(update={"weights": weights, "called": ["blue", "star"]})

    monkeypatch.setattr(pages, "search_answer", calling)
    place = served.make(tmp_path_factory.mktemp("served"))
    with TestClient(create_app(place.opened()), base_url="http://127.0.0.1") as client:
        drawn = client.get("/results", params={"query": "red"}).text
    assert re.findall(r'<li class="(chip[^"]*)" data-token="(\w+)"', drawn) == [
        ("chip", "red"),
        ("chip far", "blue"),
        ("chip far", "star"),
    ]
    assert ">2 more</button>" in drawn


@pytest.mark.parametrize(
    ("tokens", "said"), [(("the", "red", "on", "dog"), ["red", "dog"]), (("the", "on"), ["the", "on"])]
)
def test_a_hit_is_found_by_function_words_only_if_it_has_no_other(tokens: tuple[str, ...], said: list[str]) -> None:
    terms = [Term(token, 9 - place, 1, 9 - place) for place, token in enumerate(tokens)]
    assert [word.token for word in pages._found_by(terms, "the red dog on it")] == said
