"""The OpenAPI, compared with the server: schemathesis sends what each operation allows, and what it forbids."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from support import served
from support.served import running

from lexlip_lucene.serve.app import create_app

UNSAID = ("POST /api/encode", "POST /api/pictures")
"""Operations that take no more than their OpenAPI can say: which bytes are a picture."""

EXAMPLES = 25
"""Cases of each operation and mode, the same in every run."""

OPERATIONS = [
    "GET /api/search",
    "GET /api/explain",
    "GET /api/encode",
    "POST /api/encode",
    "POST /api/pictures",
    "GET /api/documents/{docid}",
    "GET /api/health",
    "GET /v1/{index}/search",
    "POST /v1/{index}/search",
    "GET /v1/{index}/doc/{docid}",
    "GET /pictures/{id}",
    "GET /images/{docid}",
    "GET /thumbnails/{docid}",
    "GET /patches/{docid}",
    "GET /matches/{docid}",
    "GET /clouds/{docid}",
]


def contradicts_itself(query: Mapping[str, Any]) -> bool:
    """Return True if `by` and `looks` are said of no picture, or contradict each other, which no OpenAPI can say."""
    share = "by" in query or "looks" in query
    picture = query.get("like") or query.get("picture")
    return (share and not picture) or ("looks" in query and query.get("by") in ("words", "looks"))


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    place = served.make(tmp_path_factory.mktemp("served"))
    with running(create_app(place.opened())) as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json")


def test_the_openapi_has_the_operations_that_are_promised(openapi: Any) -> None:
    there = [each.ok() for each in openapi.get_all_operations()]
    assert sorted(f"{each.method.upper()} {each.path}" for each in there) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_server_answers_as_its_openapi_says(operation: str, mode: GenerationMode, openapi: Any) -> None:
    method, path = operation.split()
    if mode is GenerationMode.NEGATIVE and path == "/api/health":
        return  # it takes nothing that could be wrong

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=openapi[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        unsaid = operation in UNSAID or contradicts_itself(case.query or {})
        case.call_and_validate(excluded_checks=[positive_data_acceptance] if unsaid else [])

    check()
