"""Whom we speak to over TLS: only whoever the system's certificates vouch for."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from handlers.telegram.transport import AiohttpRequest, NotSent
from harbor.transport import Transport

ASKED = """
import asyncio, httpx, sys
from harbor.transport import Transport

async def main():
    async with httpx.AsyncClient(transport=Transport(httpx.Limits())) as http:
        print((await http.get(sys.argv[1])).text)

asyncio.run(main())
"""


def its_own_word(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for `localhost` that vouches for itself alone; a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, kept = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, kept)
    return shown, context


@contextlib.asynccontextmanager
async def unvouched(folder: Path) -> AsyncIterator[tuple[str, Path, list[bytes]]]:
    """The address of a server with such a certificate, the certificate, and what it has heard."""
    heard: list[bytes] = []
    certificate, context = its_own_word(folder)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nheard")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"https://localhost:{port}/", certificate, heard


async def by_harbor(url: str) -> None:
    async with httpx.AsyncClient(transport=Transport(httpx.Limits())) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def by_telegram(url: str) -> None:
    async with AiohttpRequest() as telegram:
        with pytest.raises(NotSent):
            await telegram.do_request(url, "POST")


@pytest.mark.parametrize("asked", [by_harbor, by_telegram])
async def test_whoever_nobody_vouches_for_hears_nothing(
    asked: Callable[[str], Awaitable[None]], tmp_path: Path
) -> None:
    async with unvouched(tmp_path) as (url, _, heard):
        await asked(url)
    assert heard == []


async def test_whoever_ssl_cert_file_vouches_for_is_spoken_to(tmp_path: Path) -> None:
    async with unvouched(tmp_path) as (url, certificate, heard):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ASKED,
            url,
            env={"SSL_CERT_FILE": str(certificate), "PYTHONPATH": ":".join(filter(None, sys.path))},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    assert said.strip() == b"heard"
    assert len(heard) == 1
