"""Searching an impact index: score(q, d) = Σ over shared tokens of query weight × impact, and nothing else.

Query {"red": 3, "cat": 2} scores document {"red": 10, "cat": 7, "big": 1} with 3 × 10 + 2 × 7 = 44. No idf, no
length norm, no token dropped, also not one that is in all documents. Lucene adds up in double precision and returns
float32, which has every integer below 2^24 = 16,777,216; a query that reaches it is refused.
"""

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.commit import ID
from lexlip_lucene.lucene.explanation import Explanation, Term
from lexlip_lucene.lucene.jvm import ONE_AT_A_TIME, JavaObject, java_class, java_errors_as
from lexlip_lucene.lucene.searcher import Searcher, term_query
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.json_vector import checked_impacts

FLOAT32_EXACT = 2**24
"""From here on float32 has no longer every integer."""


class ImpactSearcher(Searcher[Impacts]):
    """Searches an index of impacts with queries of token → query weight (integers ≥ 1); scores are exact integers.

    An index built by others is searched all the same, when it has Anserini's fields `contents` and `id`.
    """

    kind = "impact"

    def explain(self, query: Impacts, docid: str) -> Explanation:
        """Say how the score of document `docid` comes about.

        Raises:
            InputError: the index has no such document, or a query weight is not a positive integer.
        """
        checked_impacts(query, "query")
        with java_errors_as(SearchError, f"Lucene can't search {self.path}"), ONE_AT_A_TIME:
            number = self._number_of(docid)
            impacts = {token: self._impact(token, number) for token in query}
        heaviest = sorted(query.items(), key=lambda item: (-item[1] * (impacts[item[0]] or 1), item[0]))
        terms = [Term(t, weight, impacts[t], weight * impacts[t]) for t, weight in heaviest if impacts[t]]
        missing = [(t, weight) for t, weight in heaviest if not impacts[t]]
        return Explanation(docid, sum(term.contribution for term in terms), terms, missing)

    def _number_of(self, docid: str) -> int:
        by_id = java_class("org.apache.lucene.search.TermQuery")(java_class("org.apache.lucene.index.Term")(ID, docid))
        found = self._searcher.search(by_id, 1).scoreDocs
        if not found:
            raise InputError(f"{self.path} has no document {docid!r}: nothing to explain")
        number: int = found[0].doc
        return number

    def _impact(self, token: str, number: int) -> int:
        from jnius import cast

        # Without a boost the value is the term frequency alone. The cast chooses among Java's overloads.
        explained = self._searcher.explain(cast("org.apache.lucene.search.Query", term_query(token)), number)
        return int(explained.getValue().intValue()) if explained.isMatch() else 0

    def _similarity(self) -> JavaObject:
        return java_class("io.anserini.search.similarity.ImpactSimilarity")()

    def _lucene_query(self, query: Impacts, where: str) -> JavaObject:
        if not checked_impacts(query, where):
            return None
        builder = java_class("org.apache.lucene.search.BooleanQuery$Builder")()
        boost_query = java_class("org.apache.lucene.search.BoostQuery")
        should = java_class("org.apache.lucene.search.BooleanClause$Occur").SHOULD
        for token, weight in query.items():
            builder.add(boost_query(term_query(token), float(weight)), should)
        return builder.build()

    def _score(self, value: float, where: str) -> int:
        if value >= FLOAT32_EXACT:
            raise SearchError(
                f"{where}: a score must stay below 2^24 = {FLOAT32_EXACT} to be exact in float32, got {value:.0f}: "
                "use fewer bits for the weights, or fewer tokens"
            )
        return int(value)
