"""Certificates for tests of TLS: an authority, and servers that it vouches for, rightly or not."""

from __future__ import annotations

import datetime
import ssl
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs; who trusts its file trusts what it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._made(self.key, "Authority of tests", ca=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts it."""
        return ssl.create_default_context(cafile=str(self.file))

    def server(self, name: str = "127.0.0.1", *, days: int = 1, signed: bool = True) -> ssl.SSLContext:
        """A server's context for `name`, valid until in `days`; not `signed`: by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._made(key, name, days=days, signed=signed)
        file = self.folder / f"{name}{days}{signed}.pem"
        plain = serialization.NoEncryption()
        file.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _made(
        self, key: ec.EllipticCurvePrivateKey, name: str, *, days: int = 1, ca: bool = False, signed: bool = True
    ) -> x509.Certificate:
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by_us = signed and not ca
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509
            .CertificateBuilder()
            .subject_name(who)
            .issuer_name(self.certificate.subject if by_us else who)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        return builder.sign(self.key if by_us else key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
