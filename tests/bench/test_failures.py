"""What a person reads when something is wrong with a run."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.bench import commands
from tests.cli import programs
from tests.ports import free_port


def test_errors_are_counted_by_status_and_fail_the_run(tmp_path: Path) -> None:
    json_file, html_file = tmp_path / "result.json", tmp_path / "report.html"
    with commands.answering(503) as port:
        done = commands.bench(
            "--target", f"http://127.0.0.1:{port}", "--workload", "post", "--workload", "deep",
            "--depths", "5", "--json", json_file, "--html", html_file,
        )  # fmt: skip
    assert done.returncode == 1
    result = commands.result(json_file)
    (_, post, deep) = result["results"]
    assert post["rate"]["median"] == 0
    assert post["latency"] == {"p50": None, "p95": None, "p99": None}
    counts = {(error["case"], error["error"]): error["count"] for error in result["errors"]}
    assert counts == {
        ("post", "503"): post["errors"]["503"], ("deep-5", "503"): deep["errors"]["503"],
    }  # fmt: skip
    assert f"{counts['post', '503']:,} times 503: post at 127.0.0.1:{port}\n" in done.stderr
    assert f"times 503: post at 127.0.0.1:{port}</p>" in html_file.read_text()


def test_errors_are_red_on_a_terminal() -> None:
    with commands.answering(503) as port:
        done = commands.bench(
            "--target", f"http://127.0.0.1:{port}", "--workload", "post", FORCE_COLOR="1"
        )
    assert "\x1b[31m" in next(line for line in done.stderr.splitlines() if "times 503" in line)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--target", "http://127.0.0.1:{port}"], "http://127.0.0.1:{port} cannot be reached: "),
        (["--target", "ftp://somewhere"], "ftp://somewhere is no URL of an HTTP server; "),
        (["--target", "http://host:99999"], "http://host:99999 is no URL: "),
        (["--floor", "nothing://x"], "--floor: no installed package offers a floor for URLs like "),
    ],
)
def test_what_cannot_be_measured_is_one_clear_line(arguments: list[str], text: str) -> None:
    port = str(free_port())
    done = commands.bench(*(argument.replace("{port}", port) for argument in arguments))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("angarium: ")
    assert text.replace("{port}", port) in line


def test_without_its_extra_it_names_what_to_install() -> None:
    program = (
        "import sys; sys.modules['rich'] = None; sys.argv[1:] = ['bench'];"
        "from angarium.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=programs.environment(),
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "angarium: bench needs the package rich, which the extra brings: "
        "pip install 'angarium[bench]'\n"
    )


def test_a_target_may_be_behind_tls(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    path = tmp_path / "result.json"
    with commands.answering(201, context) as port:
        done = commands.bench(
            "--target", f"https://127.0.0.1:{port}", "--workload", "post", "--json", path,
            SSL_CERT_FILE=str(certificate),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert commands.result(path)["results"][1]["rate"]["median"] > 0


def _certificate() -> bytes:
    """A key and a certificate for 127.0.0.1 that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + signed.public_bytes(encoding)
