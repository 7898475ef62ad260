"""Files to plain text: Markdown, text, HTML and PDF.

A file is data and nothing else: no link of it is followed, no script or style is kept, nothing is
fetched. HTML is read by lxml (there already, through sacrebleu), which mends what is broken as a
browser does; PDF by pypdf. It does not know what a text is used for.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from valence.errors import Unreadable

MOST_TEXT_BYTES = 5_000_000
MOST_PDF_BYTES = 50_000_000
MOST_PAGES = 2000
MARKDOWN = frozenset({".md", ".markdown", ".mdown"})
PLAIN = frozenset({".txt", ".text", ".rst", ".org", ""})
HTML = frozenset({".html", ".htm", ".xhtml"})
PDF = frozenset({".pdf"})

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_CHARSET_WITHIN = 2048
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """What a file says. Lines end with a bare newline; headings of HTML are written `# …`."""

    title: str
    text: str


def load(path: Path) -> bytes:
    """The bytes of a plain file of a kind that is read. Raises Unreadable with the reason.

    A link is not followed, and a pipe or device does not keep the reader waiting.
    """
    most = _most_bytes(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Unreadable("it is not a plain file")
            data = file.read(most + 1) if found.st_size <= most else b""
    except OSError as error:
        raise Unreadable(f"it cannot be opened ({error.strerror})") from error
    if found.st_size > most or len(data) > most:
        size = f"{found.st_size / 1e6:.1f} MB; at most {most / 1e6:.0f}"
        raise Unreadable(f"it is too large to be read ({size})")
    return data


def parse(path: Path, data: bytes) -> Document:
    """The text of a file's bytes, by its name's ending. Raises Unreadable with the reason."""
    document = _reader(path)(data)
    if not document.text.strip():
        raise Unreadable("it holds no text")
    return Document(" ".join(document.title.split()) or path.stem, document.text)


def _most_bytes(path: Path) -> int:
    return MOST_PDF_BYTES if _reader(path) is _pdf else MOST_TEXT_BYTES


def _reader(path: Path) -> Callable[[bytes], Document]:
    ending = path.suffix.lower()
    for endings, reader in ((MARKDOWN, _markdown), (PLAIN, _plain), (HTML, _html), (PDF, _pdf)):
        if ending in endings:
            return reader
    raise Unreadable(f"files of the kind {ending} are not read")


def _markdown(data: bytes) -> Document:
    text = _decoded(data)
    heading = _HEADING.search(text)
    return Document(heading[1] if heading else "", text)


def _plain(data: bytes) -> Document:
    return Document("", _decoded(data))


def _html(data: bytes) -> Document:
    from valence.notes.html_text import html_text

    declared = _CHARSET.search(data[:_CHARSET_WITHIN])
    return Document(*html_text(_decoded(data, declared[1].decode() if declared else "utf-8")))


def _decoded(data: bytes, encoding: str = "utf-8") -> str:
    """Strictly decoded, by the byte order mark where there is one."""
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), encoding)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise Unreadable("it is binary") from error
        raise Unreadable(f"it is not {encoding.upper()} (byte {error.start})") from error
    except LookupError as error:
        raise Unreadable(f"its encoding {encoding!r} is not known") from error
    if "\0" in text:
        raise Unreadable("it is binary")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _pdf(data: bytes) -> Document:
    import io
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # a poor file would fill the terminal
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it is protected by a password")
        if len(reader.pages) > MOST_PAGES:
            raise Unreadable(f"it has {len(reader.pages)} pages; at most {MOST_PAGES} are read")
        pages = [page.extract_text() for page in reader.pages]
        title = (reader.metadata and reader.metadata.title) or ""
    except Unreadable:
        raise
    except Exception as error:
        # A damaged file makes pypdf raise errors of many kinds.
        raise Unreadable(f"the PDF is damaged ({type(error).__name__})") from error
    text = "\n\n".join(pages).encode("utf-8", "ignore").decode("utf-8")
    return Document(str(title), text.replace("\0", ""))
