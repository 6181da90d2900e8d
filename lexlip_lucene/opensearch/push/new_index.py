"""A new index from a collection: created, loaded, checked, copied, and only then the one that the alias names."""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping

import orjson

from lexlip_lucene.errors import ClusterError, InputError, LexlipError, OutputError
from lexlip_lucene.opensearch.connection import Security
from lexlip_lucene.opensearch.loading import Loading, loading_of
from lexlip_lucene.opensearch.mapping import FORMAT, index_body
from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.opensearch.push.index_facts import SHARDS_SHA256, counted_facts, facts_of_new
from lexlip_lucene.opensearch.push.load import Load, loading_alias
from lexlip_lucene.opensearch.push.options import NewIndexOptions
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.serving import set_loading
from lexlip_lucene.opensearch.push.survey import Survey
from lexlip_lucene.opensearch.push.verification import require_counts, require_hits
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.search.collection_facts import OF_ONE_COLLECTION

_HASH_DIGITS = 12

MAX_ALIAS_BYTES = 228
"""Bytes of 255 that OpenSearch lets a name have, without those of `-HASH-99999.loading`."""


def require_short_alias(alias: str) -> None:
    """Raise InputError if the names of the indexes behind `alias` would be longer than OpenSearch takes."""
    if len(alias.encode()) > MAX_ALIAS_BYTES:
        raise InputError(
            f"an alias to push to has at most {MAX_ALIAS_BYTES} bytes, since its indexes add their hash, but "
            f"{alias[:40]}… has {len(alias.encode())}: choose a shorter one"
        )


def index_name(alias: str, collection_sha256: str, options: NewIndexOptions) -> str:
    """Return `ALIAS-HASH`: the beginning of the collection's SHA-256, or of it and of options that are not usual.

    So the same collection pushed again, from any machine, meets its own index.
    """
    whole = collection_sha256
    if options != NewIndexOptions() or FORMAT != "1":
        whole = hashlib.sha256(orjson.dumps([FORMAT, collection_sha256, *options])).hexdigest()
    return f"{alias.lower()}-{whole[:_HASH_DIGITS]}"


class NewIndex:
    """An index on its way to serve.

    Args:
        index: of the name `index_name`; it may be there, whole or in part.
        survey: of the collection.
        options: what it is made with.
        fields: the caption fields of `options`, measured.
        persistence: how long requests are made again.
        progress: what shows how far it is.
    """

    def __init__(
        self,
        index: ClusterIndex,
        survey: Survey,
        options: NewIndexOptions,
        fields: CaptionFields,
        persistence: Persistence,
        progress: Progress,
    ) -> None:
        self.index, self.survey, self.options = index, survey, options
        self._persistence, self._progress = persistence, progress
        self._facts = facts_of_new(survey, options.keywords, options.store, fields, options.field)

    def begin(self, *, resume: bool, force: bool) -> Loading | None:
        """Create the index, or find out how far it is; None: it is loaded already.

        Args:
            resume: continue a load that ended early.
            force: delete what is there, and begin again.

        Raises:
            OutputError: the index is there in part, and neither was asked for; or others made it.
        """
        there = self.index.facts()
        if there is None:
            return self._create()
        if not there:
            raise OutputError(f"{self.index.name} is an index that no push made: choose another alias")
        if force:
            self.index.delete()
            return self._create()
        loading = loading_of(there)
        if loading is not None and not resume:
            raise OutputError(
                f"{self.index.name} is being loaded by another push, or by one that ended early with "
                f"{loading.shards} of {len(self.survey.shards)} shards: --resume continues it, --force begins again"
            )
        if loading is not None:
            set_loading(self.index.connection, self.index.name, loading_alias(self.index.name), self._persistence)
        return loading

    def _create(self) -> Loading:
        loading = Loading("new", self.survey.sha256, uuid.uuid4().hex)
        facts = {**self._facts, **loading.fact()}
        name = self.index.name
        body = index_body(
            shards=self.options.shards, keywords=self.options.keywords, facts=facts, alias=loading_alias(name)
        )
        try:
            self.index.create(body)
        except ClusterError as error:
            found = loading_of(self.index.facts() or {}) if error.status == 400 else None
            if found is None:
                raise
            if found.run != loading.run:  # another push was faster; a lost answer would leave our own
                raise OutputError(
                    f"{name} is being loaded by another push that began just now: wait for it, or join it with --resume"
                ) from error
        return loading

    def load(self, loading: Loading, lines: DocumentLines) -> None:
        """Send what is missing, count what arrived, and end the load."""
        load = Load(self.index, self._facts, loading, self._persistence, self._progress)
        try:
            load.send(self.survey, lines)
        except LexlipError:
            if load.is_under_way() or self.index.facts() is None:
                raise
            self._progress.note(f"another push has loaded {self.index.name} meanwhile")
            return
        counted = self.index.counted()
        require_counts(self.index.name, counted, self._wanted())
        self.index.put_facts(counted_facts(self._facts, counted, self.survey.max_impact))

    def check(self, security: Security | None) -> None:
        """Compare counts and hits of a loaded index with the collection; `security` is for a searcher of it."""
        require_counts(self.index.name, self.index.counted(), self._wanted())
        require_hits(self.index.address, security, self.survey.probes, whole=True)

    def copy(self, replicas: int, seconds: float) -> None:
        """Let the index have replicas and refresh by itself, and wait until all copies are there."""
        self.index.put_settings(number_of_replicas=replicas, refresh_interval=None)
        self.index.wait_until_green(seconds)

    def _wanted(self) -> dict[str, int]:
        total = self.survey.total
        return {
            "documents": total.documents,
            "empty": total.empty,
            "postings": total.postings,
            "captioned": total.captioned,
        }


def free_name(
    open_index: Callable[[str], ClusterIndex],
    name: str,
    survey: Survey,
    *,
    serving: str | None,
    resume: bool,
    force: bool,
) -> ClusterIndex:
    """Return the index of a collection: `name`, or `name-2` and so on where it would not do.

    It would not where documents were added to it or deleted; nor where it serves, and `force` asks for another.

    Raises:
        InputError: with `resume`, when a load ended early, but not of this collection.
    """
    number = 1
    while True:
        index = open_index(name if number == 1 else f"{name}-{number}")
        facts = index.facts()
        if not facts or (_is_of(facts, survey) and not (force and index.name == serving)):
            break
        number += 1
    if resume and facts is None:
        _require_none_unfinished(open_index, name)
    return index


def _is_of(facts: Mapping[str, str], survey: Survey) -> bool:
    """Say if an index has, or is to have, this collection and nothing else."""
    loading = loading_of(facts)
    if loading is not None:
        return loading.kind == "new"
    return survey.sha256 in (facts.get(OF_ONE_COLLECTION), facts.get(SHARDS_SHA256))


def _require_none_unfinished(open_index: Callable[[str], ClusterIndex], name: str) -> None:
    stem = name.rpartition("-")[0]
    ours = re.compile(rf"{re.escape(stem)}-[0-9a-f]{{{_HASH_DIGITS}}}(-[0-9]+)?")
    for other, facts in open_index(f"{stem}-*").all_facts().items():
        loading = loading_of(facts)
        if loading is not None and loading.kind == "new" and ours.fullmatch(other) and not other.startswith(name):
            raise InputError(
                f"a load is resumed with the collection as it was and the same options, but {other} was begun with "
                f"others (collection's SHA-256 {loading.sha256[:12]}…), and this one makes {name}: leave --resume out "
                "to begin"
            )
