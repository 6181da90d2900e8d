"""A connection by TLS: the certificate is verified, by a file that is named or not at all when that is asked for."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from recorded_server import Recorded

from lexlip_lucene.errors import ClusterError, InputError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection, Security


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that no authority has signed, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    also = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(["openssl", *made, *also], check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture
def address(certificate: Path) -> Iterator[ClusterAddress]:
    Recorded.answer, Recorded.seen = (200, {"answered": True}), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield ClusterAddress.of(f"https://127.0.0.1:{server.server_port}/photos")
        server.shutdown()


def test_a_certificate_that_nobody_vouches_for_is_refused_before_a_password_is_sent(address: ClusterAddress) -> None:
    with (
        Connection(address, Security("me", "secret")) as connection,
        pytest.raises(ClusterError, match="LEXLIP_OPENSEARCH_CA"),
    ):
        connection.request("GET", "/")
    assert Recorded.seen == []


def test_http_at_an_address_of_tls_is_found_out(address: ClusterAddress) -> None:
    with (
        Connection(address._replace(scheme="http"), Security()) as connection,
        pytest.raises(ClusterError, match=r"can't be reached \([^(].* is the cluster running there at an http address"),
    ):
        connection.request("GET", "/")


def test_the_file_of_the_authority_makes_it_trusted(address: ClusterAddress, certificate: Path) -> None:
    with Connection(address, Security("me", "secret", ca_file=certificate)) as connection:
        assert connection.request("GET", "/") == {"answered": True}
    assert Recorded.seen[0][2] == "Basic bWU6c2VjcmV0"


def test_verification_is_left_out_when_that_is_asked_for(address: ClusterAddress) -> None:
    with Connection(address, Security(insecure=True)) as connection:
        assert connection.request("GET", "/") == {"answered": True}


def test_a_file_without_certificates_is_named(address: ClusterAddress, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with (
        pytest.raises((InputError, ClusterError), match=r"empty\.pem|LEXLIP_OPENSEARCH_CA"),
        Connection(address, Security(ca_file=tmp_path / "empty.pem")) as connection,
    ):
        connection.request("GET", "/")
