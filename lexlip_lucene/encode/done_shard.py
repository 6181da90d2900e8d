"""The record of a shard that is whole: kept beside it until the run is, for the manifest and for a resumed run."""

from pydantic import BaseModel, ConfigDict

from lexlip_lucene.vectors.manifest import Rejected


class DoneShard(BaseModel):
    """A shard that is whole. One without documents has no file, and its sha256 is that of no bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: int
    empty: int
    postings: int
    sha256: str
    rejected: list[Rejected]
