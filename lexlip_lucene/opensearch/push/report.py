"""The report of a push."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PushReport:
    """The contents of an index in a cluster once a push has ended.

    Attributes:
        documents: in the index, the `empty` ones, which have no token, among them.
        empty: documents without a token.
        postings: (token, document) pairs.
        captioned: documents with captions.
        index: the index's own name.
        alias: the name that it serves under.
        shards: of the index.
        replicas: copies of each shard beside the first.
        bytes: on disk, of one copy.
        seconds: wall time.
        previous: the index that served before and is kept, "" if there is none.
        added: documents that were put in.
        replaced: documents whose place others took.
        deleted: documents that were deleted.
        unused_captions: images with captions in the captions file that the collection lacks.
        hidden: hidden files and folders of the collection, which were passed over.
    """

    documents: int
    empty: int
    postings: int
    captioned: int
    index: str
    alias: str
    shards: int
    replicas: int
    bytes: int
    seconds: float
    previous: str = ""
    added: int = 0
    replaced: int = 0
    deleted: int = 0
    unused_captions: int = 0
    hidden: int = 0
