"""The connection to a cluster: requests go out as JSON, and what goes wrong comes back as errors of ours.

The user, the password and how TLS is verified come from the environment or from options, never from the address.
"""

import base64
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from lexlip_lucene.errors import ClusterError, InputError, LexlipError, SearchError
from lexlip_lucene.opensearch.cluster_address import PASSWORD_VARIABLE, USER_VARIABLE, ClusterAddress

CA_VARIABLE = "LEXLIP_OPENSEARCH_CA"
INSECURE_VARIABLE = "LEXLIP_OPENSEARCH_INSECURE"
PATIENCE = 60.0
"""Seconds that an answer may take."""

_NDJSON = {"content-type": "application/x-ndjson"}
_REASON_LETTERS = 300

_NO_CLUSTER = (
    "not as OpenSearch does: name the address of a cluster, with the path of a proxy before it if there is one"
)

_ASKED_BY = {"mappings": "_mapping", "aliases": "_alias", "settings": "_settings"}

_REMEDIES = {
    "index_closed_exception": ": the index must be open, so open it in the cluster",
    "flood-stage": ": make room on the disks of its nodes",
    **dict.fromkeys(
        ("cannot execute", "type [scripted]", "for [impacts]"),
        ": this cluster lacks a script or a filter that impacts need: push with --rank-features, which needs neither",
    ),
    "security_exception": ": the user needs a role that allows it; docs/scale.md has one to search and one to push",
    "no handler found for uri": ": a part of the address before its last / is for a proxy's path only",
}
"""A sign in the type or the reason of a refusal → what the reason does not say itself."""


class Security(NamedTuple):
    """The user that we are to the cluster, and how its certificate is verified.

    Attributes:
        user: name for basic authentication; None: none.
        password: the password beside it.
        ca_file: certificates to trust, PEM; None: those of certifi.
        insecure: leave the certificate of an https address unverified.
    """

    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    insecure: bool = False

    def __repr__(self) -> str:
        return f"Security(user={self.user!r}, ca_file={self.ca_file}, insecure={self.insecure})"

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read LEXLIP_OPENSEARCH_USER, …_PASSWORD, …_CA (a file) and …_INSECURE (1).

        Raises:
            InputError: a user without a password or the reverse, no such file, or another value than 0 or 1.
        """
        user, password = environment.get(USER_VARIABLE), environment.get(PASSWORD_VARIABLE)
        if (user is None) != (password is None):
            missing = USER_VARIABLE if user is None else PASSWORD_VARIABLE
            raise InputError(f"{USER_VARIABLE} and {PASSWORD_VARIABLE} come together: {missing} is not set")
        insecure = environment.get(INSECURE_VARIABLE, "0")
        if insecure not in ("0", "1"):
            raise InputError(f"{INSECURE_VARIABLE} must be 0 or 1, got {insecure!r}")
        stated = environment.get(CA_VARIABLE)
        if stated is not None and not Path(stated).is_file():
            raise InputError(f"{CA_VARIABLE} is no file: {stated}")
        return cls(user, password, None if stated is None else Path(stated), insecure == "1")


class Connection:
    """An open connection to a cluster. One may be shared by threads.

    Args:
        address: the cluster and the alias that messages name.
        security: by default, what the environment says.
        patience: seconds that an answer may take.
        requests: requests at a time, each of which keeps a connection open.

    Raises:
        InputError: opensearch-py is not installed, or the certificates can't be read.
    """

    def __init__(
        self,
        address: ClusterAddress,
        security: Security | None = None,
        *,
        patience: float = PATIENCE,
        requests: int = 1,
    ) -> None:
        try:
            from opensearchpy import OpenSearch
        except ImportError as error:
            raise InputError(
                f"{address} is in a cluster, and that needs opensearch-py: pip install 'lexlip-lucene[opensearch]'"
            ) from error
        security = Security.of_environment() if security is None else security
        # Our errors say what it logs of a failed request, which stands on nobody's standard error twice.
        logging.getLogger("opensearch").addHandler(logging.NullHandler())
        self.address = address
        hosts = [{"host": node.host, "port": node.port, "url_prefix": address.prefix} for node in address.nodes]
        tls: dict[str, Any] = {}
        if address.scheme == "https":
            tls = {"use_ssl": True, "verify_certs": not security.insecure, "ssl_show_warn": False}
        try:
            self._client = OpenSearch(
                hosts,
                ca_certs=None if security.ca_file is None else str(security.ca_file),
                headers=_authorization(security),
                timeout=patience,
                pool_maxsize=requests,
                max_retries=len(hosts) - 1,  # each node once
                retry_on_status=(),
                **tls,
            )
        except OSError as error:
            raise InputError(f"{address}: {security.ca_file} has no certificates that can be read: {error}") from error

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        lines: Iterable[Mapping[str, Any]] | str | None = None,
        patience: float | None = None,
        **parameters: str | int | bool,
    ) -> Any:
        """Return the cluster's answer, decoded.

        Args:
            method: GET, POST, PUT, DELETE or HEAD; HEAD answers with a bool.
            path: from the cluster's root, `/_bulk`; already percent-encoded.
            body: JSON to send.
            lines: newline-delimited JSON to send instead, as `_bulk` and `_msearch` take it; text as it is.
            patience: seconds that this answer may take; by default, those of the connection.
            parameters: of the query string.

        Raises:
            ClusterError: no answer, or a refusal; `status` says which.
            SearchError: another server than OpenSearch answers.
        """
        from opensearchpy.exceptions import OpenSearchException

        sent: Any = body
        if lines is not None:
            sent = lines if isinstance(lines, str) else "".join(f"{json.dumps(line)}\n" for line in lines)
        stated = {name: str(value).lower() if isinstance(value, bool) else value for name, value in parameters.items()}
        try:
            return self._client.transport.perform_request(
                method, path, params=stated, body=sent, timeout=patience, headers=None if lines is None else _NDJSON
            )
        except (OpenSearchException, AttributeError) as error:  # the second for a refusal that is JSON but no object
            raise self.error(error) from error

    def by_index(self, index: str, what: str) -> dict[str, dict[str, Any]]:
        """Return name of an index → what the cluster says of it.

        Args:
            index: name, pattern or alias, percent-encoded.
            what: `mappings`, `aliases` or `settings`.

        Raises:
            ClusterError: no answer, or a refusal.
            SearchError: an answer of another kind, which some other server gives.
        """
        found = self.request("GET", f"/{index}/{_ASKED_BY[what]}")
        if isinstance(found, dict):
            said = {name: one[what] for name, one in found.items() if isinstance(one, dict) and what in one}
            if len(said) == len(found) and all(isinstance(one, dict) for one in said.values()):
                return said
        raise SearchError(f"{self.address} answers, but {_NO_CLUSTER}")

    def error(self, error: Exception) -> LexlipError:
        """Return an exception of opensearch-py as ours, naming the address and what to do."""
        from opensearchpy import exceptions as theirs

        where = f"{self.address}"
        if isinstance(error, theirs.SSLError):
            if "CERTIFICATE" not in _cause(error):
                return ClusterError(f"{where} can't be reached by TLS ({_cause(error)}): is it an http address?")
            return ClusterError(
                f"{where}: its certificate can't be verified ({_cause(error)}): "
                f"name the authority's file by --ca-file or {CA_VARIABLE}, and the host as the certificate does"
            )
        if isinstance(error, theirs.ConnectionTimeout):
            return ClusterError(f"{where}: no answer in time ({_cause(error)}): is the cluster overloaded?")
        if isinstance(error, theirs.ConnectionError):
            https = " at an http address" if _aborted(error) and self.address.scheme == "http" else ""
            return ClusterError(f"{where} can't be reached ({_cause(error)}): is the cluster running there{https}?")
        if isinstance(error, theirs.TransportError) and isinstance(error.status_code, int):
            status = error.status_code
            if status == 401:
                return ClusterError(
                    f"{where} wants a user: set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or correct them", status
                )
            if status == 404 and not (isinstance(error.info, dict) and "error" in error.info):
                return SearchError(f"{where} answers 404, but {_NO_CLUSTER}")
            return ClusterError(f"{where} answers {status}: {_said(error)}", status)
        return ClusterError(f"{where}: the answer can't be read ({str(error)[:_REASON_LETTERS]}): is it OpenSearch?")

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _authorization(security: Security) -> dict[str, str] | None:
    if security.user is None:
        return None
    return {"authorization": "Basic " + base64.b64encode(f"{security.user}:{security.password}".encode()).decode()}


def _cause(error: Any) -> str:
    """Return what the connection under opensearch-py said, without its objects' addresses in memory."""
    info = getattr(error, "info", None)
    found = info.__cause__ or getattr(info, "reason", None) or info if isinstance(info, Exception) else error
    inner = found.args[-1] if found.args and isinstance(found.args[-1], Exception) else found
    return str(inner)[:_REASON_LETTERS]


def _aborted(error: Any) -> bool:
    """Say if there was a connection, and it ended without an answer: a node that died, or one that wants TLS."""
    return isinstance(getattr(error, "info", None), Exception) and type(error.info).__name__ == "ProtocolError"


def _said(error: Any) -> str:
    """Return why the cluster refused, from the body of its answer: an error of its own, or of its first shard."""
    body = error.info if isinstance(error.info, dict) else {}
    failures = body.get("_shards", {}).get("failures") or [{"reason": error.error}]
    return innermost(body.get("error", failures[0]["reason"]))


def innermost(error: Any) -> str:
    """Return the innermost reason of an `error` as the cluster writes it, and the remedy if it is a known one."""
    cause: Any = error if isinstance(error, dict) else {"reason": str(error)}
    failed = cause.get("failed_shards") or []
    cause = failed[0].get("reason", cause) if failed and "caused_by" not in cause else cause
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    reason = f"{cause.get('reason') or cause.get('type') or error}"[:_REASON_LETTERS].rstrip(" ;:")
    return reason + next((remedy for sign, remedy in _REMEDIES.items() if sign in f"{cause.get('type')} {reason}"), "")
