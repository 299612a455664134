"""TLS in front of a server, as a terminator puts it there, and the authority behind it."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import selectors
import socket
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs the certificate of servers on one address of loopback.

    :param address: the one that the certificate names.
    :ivar file: its own certificate.
    """

    def __init__(self, directory: Path, address: str = "127.0.0.1") -> None:
        self.file = directory / "authority.pem"
        self._served = directory / "server.pem"
        own_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server")])
        pem = serialization.Encoding.PEM
        own = _begin(own_name, own_name, own_key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file.write_bytes(own.sign(own_key, hashes.SHA256()).public_bytes(pem))
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = _begin(name, own_name, key).add_extension(names, critical=False)
        secret = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signed = certificate.sign(own_key, hashes.SHA256()).public_bytes(pem)
        self._served.write_bytes(secret + signed)

    def context(self) -> ssl.SSLContext:
        """For a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._served)
        return context


def _begin(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


class Terminator:
    """Takes TLS connections and forwards what they carry to a port of loopback.

    :ivar count: connections whose handshake succeeded.
    """

    def __init__(self, port: int, authority: Authority) -> None:
        self.count = 0
        self._target = port
        self._context = authority.context()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as tls,
        ):
            self.count += 1
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                _forward(tls, server)


def _forward(tls: ssl.SSLSocket, server: socket.socket) -> None:
    """Carry bytes both ways until one side ends; one thread, for OpenSSL's sake."""
    with selectors.DefaultSelector() as selector:
        selector.register(tls, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, tls)
        while True:
            for key, _ in selector.select():
                source = tls if key.fileobj is tls else server
                is_more = True
                while is_more:
                    piece = source.recv(65536)
                    if not piece:
                        return
                    key.data.sendall(piece)
                    is_more = source is tls and tls.pending() > 0
