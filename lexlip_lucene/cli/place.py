"""The place of an index as it is typed: a folder, or URL/ALIAS in a cluster."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

import typer

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress, is_address
from lexlip_lucene.opensearch.connection import Security

CaFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificates to trust, for a cluster's https address.")
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Leave the certificate of a cluster unverified.")]


class ClusterPlace(NamedTuple):
    """An index in a cluster, which has impacts and may have captions; as a text it is the address only.

    Attributes:
        address: of the index.
        security: who we are to the cluster.
        captions: its captions are meant, as a text index.
    """

    address: ClusterAddress
    security: Security
    captions: bool = False

    def __str__(self) -> str:
        return str(self.address)


Place: TypeAlias = Path | ClusterPlace

_LIKE_AN_ADDRESS = re.compile(r"[a-z]+://|[\w.-]+:\d+/", re.IGNORECASE)


def captions_of(place: Place) -> Place:
    """Return the captions in a cluster's index as a separate place; a folder is a text index itself."""
    return place if isinstance(place, Path) else place._replace(captions=True)


def place_of(text: str, ca_file: Path | None = None, insecure: bool = False) -> Place:
    """Read a place; errors as in `places_of`."""
    return places_of([text], ca_file, insecure)[0]


def places_of(texts: Sequence[str], ca_file: Path | None = None, insecure: bool = False) -> list[Place]:
    """Read places. The user and the password of a cluster come from the environment (`Security.of_environment`).

    Raises:
        InputError: an address that can't be read, lacks its http:// or has a password in it, no such file of
            certificates, or an option about certificates where no address needs one.
    """
    addresses = [ClusterAddress.of(text) if is_address(text) else None for text in texts]
    if (ca_file is not None or insecure) and all(one is None or one.scheme != "https" for one in addresses):
        raise InputError(
            f"--ca-file and --insecure are for a cluster's https address, got {' and '.join(texts)}: leave them out"
        )
    if ca_file is not None and not ca_file.is_file():
        raise InputError(f"--ca-file is no file: {ca_file}")
    if not any(addresses):
        return [_folder(text) for text in texts]
    security = Security.of_environment()
    security = security._replace(ca_file=ca_file or security.ca_file, insecure=insecure or security.insecure)
    return [
        _folder(text) if address is None else ClusterPlace(address, security)
        for text, address in zip(texts, addresses, strict=True)
    ]


def _folder(text: str) -> Path:
    if _LIKE_AN_ADDRESS.match(text) and not Path(text).exists():
        raise InputError(f"{text} is no folder, and an address of a cluster begins with http:// or https://")
    return Path(text)
