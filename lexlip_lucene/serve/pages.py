"""The page: whole for a browser that opens a link, and its parts for the one that has it open already.

/           the page, with its results when the link has a search, and the open hit
/results    its middle part: the query's words, the hits
/hit        a hit seen large: its words, its cloud, where its words were seen
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader
from pydantic import ValidationError

from lexlip_lucene.errors import LexlipError
from lexlip_lucene.pictures.score_bar import Contribution, bar_of
from lexlip_lucene.pictures.shown_words import NO_NAMES, Names, ShownWord, shown_token, shown_tokens, shown_words
from lexlip_lucene.pictures.token_colour import token_colour
from lexlip_lucene.search.caption_names import THE_LOOK
from lexlip_lucene.search.explanation import Comparison, Explanation, TermDifference
from lexlip_lucene.serve.answers import SearchAnswer
from lexlip_lucene.serve.api import search_answer
from lexlip_lucene.serve.http.gate import check_time
from lexlip_lucene.serve.http.limits import MOST_HITS, QUERY_CHARACTERS
from lexlip_lucene.serve.http.problems import said_to_client, status_of
from lexlip_lucene.serve.looks.summed_looks import Told, differences, told
from lexlip_lucene.serve.page_links import PageLinks
from lexlip_lucene.serve.search_request import PageAsked, SearchRequest
from lexlip_lucene.serve.sent_pictures import Forgotten
from lexlip_lucene.serve.served import Here, Served
from lexlip_lucene.serve.shown_fields import shown_fields
from lexlip_lucene.serve.weak_hits import weak_from
from lexlip_lucene.words.function_words import FUNCTION_WORDS

pages = APIRouter(include_in_schema=False)

STEP = 30
"""Hits that are shown more of at a time."""

LEXICON_SHOWN = 60
"""Words of a picture that are listed before one asks for the rest."""

CHIPS = 8
"""Words of a query that are shown before one asks for the rest."""

FOUND_BY = 5
"""Words of the query that a hit is said to be found by."""

FACETS = ("year", "month", "folder", "place", "camera")
"""Keyword fields that come first, in this order."""


class _Weighted(NamedTuple):
    token: str
    contribution: int


class Opened(NamedTuple):
    """A hit that is seen large; `words` is the text that re-ranking compares, `looks` how many visual words it has."""

    docid: str
    words: str
    explanation: Explanation
    told: Told
    against: Comparison | None
    differences: list[TermDifference]
    looks: int
    vector: dict[str, int]
    stored: dict[str, str]
    captions: tuple[str, ...]


class _Chips(NamedTuple):
    """The words of a query that are shown, and those that one has to ask for."""

    near: list[ShownWord]
    far: list[ShownWord]
    look: ShownWord | None


def _chips(weights: Mapping[str, int], text: str, called: Sequence[str], names: Names = NO_NAMES) -> _Chips:
    """Return the words that were typed, up to some, then those that they call for; of a picture the heaviest first."""
    words = shown_words([_Weighted(*each) for each in weights.items()], text, names)
    look = next((word for word in words if word.token == THE_LOOK), None)
    words = [word for word in words if word is not look]
    further = set(called)
    words.sort(key=lambda word: (further.issuperset(word.tokens), bool(text) and word.token in FUNCTION_WORDS))
    own = sum(not further.issuperset(word.tokens) for word in words)
    return _Chips(words[: min(own, CHIPS)], words[min(own, CHIPS) :], look)


def _found_by(
    terms: Sequence[Contribution], text: str, called: Sequence[str] = (), names: Names = NO_NAMES
) -> list[ShownWord]:
    """Return the words that a hit is said to be found by: those that were typed first, function words if no other."""
    words = shown_words(terms, text, names)
    content = [word for word in words if word.token not in FUNCTION_WORDS] or words
    return sorted(content, key=lambda word: set(called).issuperset(word.tokens))[:FOUND_BY]


def _percent(word: ShownWord, terms: Sequence[Contribution]) -> int:
    """Return the share of a word in what a hit's terms add up to, 0 to 100."""
    return round(100 * word.contribution / sum(term.contribution for term in terms))


def _words(names: Names) -> dict[str, Any]:
    """Return the functions of templates that show words, tokens of captions by their names."""
    functions: dict[str, Callable[..., Any]] = {
        "shown": shown_token,
        "words_of": shown_words,
        "chips": _chips,
        "found_by_of": _found_by,
        "shown_tokens": shown_tokens,
    }
    return {name: partial(function, names=names) for name, function in functions.items()} | {"names": names}


def _facets(keywords: Mapping[str, list[str]]) -> list[tuple[str, list[str]]]:
    order = {field: place for place, field in enumerate(FACETS)}
    return sorted(keywords.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _environment() -> Environment:
    loaders = [PackageLoader("lexlip_lucene.serve", "templates"), PackageLoader("lexlip_lucene.pictures", ".")]
    environment = Environment(loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(bar_of=bar_of, colour=token_colour, step=STEP, most_hits=MOST_HITS)
    environment.globals.update(percent=_percent, the_look=THE_LOOK)
    environment.globals.update(lexicon_shown=LEXICON_SHOWN, found_by=FOUND_BY, facets=_facets)
    return environment


TEMPLATES = _environment()


@pages.get("/")
async def page(request: Request, served: Here) -> HTMLResponse:
    """Return the whole page."""
    return await _drawn("page.html", request, served)


@pages.get("/results")
async def results(request: Request, served: Here) -> HTMLResponse:
    """Return the query's words and the hits."""
    return await _drawn("results.html", request, served)


@pages.get("/hit")
async def hit(request: Request, served: Here) -> HTMLResponse:
    """Return a hit seen large."""
    return await _drawn("hit.html", request, served)


async def _drawn(template: str, request: Request, served: Served) -> HTMLResponse:
    forgotten = False
    try:
        asked = read_asked(request)
        # Drawing takes as long as searching does, so it is done in the same thread and not between other requests.
        return HTMLResponse(await served.searches.run(lambda: _searched_and_drawn(template, served, asked)))
    except ValidationError as error:
        first = error.errors()[0]
        status, problem = 422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (LexlipError, OSError) as error:
        status, problem = status_of(error), said_to_client(error)
        forgotten = isinstance(error, Forgotten)
    plain = PageAsked(query=request.query_params.get("query", "")[:QUERY_CHARACTERS])
    return HTMLResponse(_render(template, served, plain, problem=problem, forgotten=forgotten), status)


def _searched_and_drawn(template: str, served: Served, asked: PageAsked) -> str:
    answers: list[SearchAnswer] = []
    opened = None
    if template != "hit.html" and not asked.is_empty:
        answers = [_others(each, search_answer(served, each, served.searching.search(each))) for each in asked.searches]
    if template == "hit.html" or (template == "page.html" and asked.hit):
        opened = _opened(served, asked)
    is_visual = served.searching.images.captions.is_visual
    removed = [token for token, weight in asked.edits.items() if not weight and not is_visual(token)]
    source = served.searching.picture(asked) if answers and asked.is_by_picture else None
    share = None if source is None or source.no_looks else source.share(asked.share)
    context = {"answers": answers, "opened": opened, "removed": removed, "source": source, "share": share}
    return _render(template, served, asked, **context)


def _others(asked: SearchRequest, answer: SearchAnswer) -> SearchAnswer:
    """Return an answer without the picture that the others are to be like; ranks are from 1 again."""
    if not asked.like or asked.query:
        return answer
    hits = [hit for hit in answer.hits if hit.docid != asked.like]
    ranked = [hit.model_copy(update={"rank": rank}) for rank, hit in enumerate(hits, 1)]
    weak = None if answer.system in ("late", "fused") else weak_from(ranked, answer.called)
    return answer.model_copy(update={"hits": ranked, "weak_from": weak})


def _render(template: str, served: Served, asked: PageAsked, **context: object) -> str:
    home = f"{served.root_path}/"
    names = served.searching.caption_names("" if "problem" in context else asked.query)
    values = {
        "served": served,
        "asked": asked,
        "home": home,
        "links": PageLinks(asked, home, names.words, served.searching.images.captions.is_visual),
        **_words(names),
        **context,
    }
    parts = TEMPLATES.get_template(template).generate(values)
    return "".join(_while_waited_for(parts))


def _while_waited_for(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        check_time()
        yield part


def read_asked(request: Request) -> PageAsked:
    """Return what the link asks for; parameters of no meaning are passed over.

    Raises:
        ValidationError: a value is out of range.
    """
    given = request.query_params
    several = {name: given.getlist(name) for name in ("exclude", "filter") if name in given}
    one = {name: given[name] for name in PageAsked.model_fields if name in given and name not in several}
    return PageAsked.model_validate({name: value for name, value in one.items() if value != ""} | several)


def _opened(served: Served, asked: PageAsked) -> Opened:
    explanation, comparison = served.searching.explain(asked, asked.hit, asked.against)
    read = served.searching.model.read(asked.query)
    explanation = explanation._replace(missing=[each for each in explanation.missing if each[0] not in read.called])
    is_visual = served.searching.images.captions.is_visual
    return Opened(
        docid=asked.hit,
        words=read.words,
        explanation=explanation,
        told=told(explanation, is_visual),
        against=comparison,
        differences=[] if comparison is None else differences(comparison, is_visual),
        looks=sum(map(is_visual, served.searching.vector(asked.hit))),
        vector=served.searching.seen(asked.hit),
        stored=shown_fields(asked.hit, served.searching.stored(asked.hit)),
        captions=served.files.captions.get(asked.hit, ()),
    )
