"""From the path a user gives to the files of one venue's recording, and the metadata beside them.

`FILE`, `a+b+c` or a folder; `FILE#VENUE` names the venue inside where it is not the feed's own.
A later part of `a+b+c` may be named without the first one's folder. In a folder, files whose path
names the venue (`KRAKEN.ws.1.0`, `spot/..`) are taken before files that name none, and of these
those whose path names the symbol, where some do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.errors import CaptureError
from venues.replay.formats import FrameKind, cryptofeed
from venues.replay.lines import LineReader, whole_text
from venues.replay.names import venue_name, venue_of_path

__all__ = ["MetadataBody", "Sources", "find_metadata", "find_sources"]

FILES_MAX: Final = 4_096
METADATA_BODIES_MAX: Final = 64
METADATA_LEVELS_UP: Final = 3
NOT_RECORDINGS: Final = frozenset({".md", ".txt", ".csv", ".html", ".py", ".pdf", ".png"})
INSTRUMENTS_FILE: Final = re.compile(r"([A-Z_]+)\.(\d+)(?:\.gz)?$")
STREAM_FILE: Final = re.compile(r"([A-Z_]+)\.(?:ws|http)\.[\d.]+?(?:\.gz)?$")


class MetadataBody(msgspec.Struct, frozen=True, gc=False):
    """A body about instruments found beside a recording; `tag` is its request or file name."""

    tag: str
    body: bytes


class Sources(msgspec.Struct, frozen=True, gc=False):
    """Files to merge, and the venue whose messages count in a merged one.

    `strict` is True where the user named every file: each must be a recording then.
    """

    files: tuple[Path, ...]
    venue: str
    strict: bool


def find_sources(path_spec: str, venue: str, symbol: str) -> Sources:
    """Files of a path; CaptureError for one that is missing or a folder without recordings."""
    text, selected = split_venue(path_spec)
    wanted = venue_name(selected or venue)
    files: list[Path] = []
    parts = split_parts(text)
    for part in parts:
        files += files_of_folder(part, wanted, symbol) if part.is_dir() else [part]
    seen = list(dict.fromkeys(files))
    streams = [file for file in seen if not INSTRUMENTS_FILE.fullmatch(file.name)]
    if not streams:
        raise CaptureError(f"{path_spec} holds no recorded frames of {wanted}")
    return Sources(tuple(streams), wanted, not any(part.is_dir() for part in parts))


def split_venue(path_spec: str) -> tuple[str, str]:
    """Path and the venue after `#`, unless the `#` belongs to a name that exists."""
    text, mark, venue = path_spec.rpartition("#")
    if not mark or Path(path_spec).exists():
        return path_spec, ""
    return text, venue


def split_parts(text: str) -> list[Path]:
    """Existing files and folders named by `a+b+c`."""
    if text and Path(text).exists():
        return [Path(text)]
    parts: list[Path] = []
    for name in text.split("+"):
        path = Path(name)
        if not path.exists() and parts and (parts[0].parent / name).exists():
            path = parts[0].parent / name
        if not name or not path.exists():
            raise CaptureError(f"there is no recording {name or text!r}; check the path")
        parts.append(path)
    return parts


def files_of_folder(folder: Path, venue: str, symbol: str) -> list[Path]:
    """Files below a folder that belong to the venue and, where paths tell, to the symbol."""
    files = list(recording_files(folder))
    if not files:
        raise CaptureError(f"{folder.name} holds no recordings; name a file or another folder")
    named = {file: venue_of_path(file.relative_to(folder).parts) for file in files}
    chosen = [file for file in files if named[file] == venue]
    if not chosen:
        chosen = [file for file in files if not named[file]]
    if not chosen:
        raise CaptureError(f"{folder.name} holds no recording of {venue}")
    of_symbol = [file for file in chosen if symbol in file.relative_to(folder).as_posix()]
    return of_symbol or chosen


def recording_files(folder: Path) -> Iterator[Path]:
    """Files that may be recordings, by path, at most `FILES_MAX`."""
    count = 0
    for path in sorted(folder.rglob("*")):
        hidden = path.name.startswith(".") or "metadata" in path.relative_to(folder).parts
        bare = path.name.removesuffix(".gz")
        if hidden or not path.is_file() or Path(bare).suffix.lower() in NOT_RECORDINGS:
            continue
        if bare.startswith(("LICENSE", "README")):
            continue
        count += 1
        if count > FILES_MAX:
            raise CaptureError(
                f"{folder.name} holds more than {FILES_MAX} files; name one below it"
            )
        yield path


def find_metadata(sources: Sources, symbols: Sequence[str]) -> tuple[MetadataBody, ...]:
    """Bodies about instruments beside the files, at most `METADATA_BODIES_MAX`.

    For `X.ws.1.0` the answers in `X.0`; for Kalshi `metadata/EVENT.json` of the markets' events,
    up to three folders above; for Polymarket the market objects in `gamma*` files that name one
    of the tokens. What cannot be read is left out: metadata is a help, never a condition.
    """
    bodies: list[MetadataBody] = []
    folders = dict.fromkeys(file.parent for file in sources.files)
    for finder in (instrument_files, event_files, gamma_files):
        for path in finder(sources, list(folders), symbols):
            try:
                bodies += bodies_of(path, symbols)
            except CaptureError:
                continue
    return tuple(bodies[:METADATA_BODIES_MAX])


def instrument_files(
    sources: Sources, folders: Sequence[Path], _symbols: Sequence[str]
) -> Iterable[Path]:
    """`X.0` beside `X.ws.N.0` and `X.http.N.0`."""
    names = {match[1] for file in sources.files if (match := STREAM_FILE.fullmatch(file.name))}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            match = INSTRUMENTS_FILE.fullmatch(path.name)
            if match is not None and match[1] in names:
                yield path


def event_files(
    sources: Sources, folders: Sequence[Path], symbols: Sequence[str]
) -> Iterable[Path]:
    """`metadata/EVENT.json` for markets `EVENT-..`."""
    if sources.venue != "kalshi":
        return
    for name in dict.fromkeys(symbol.rpartition("-")[0] or symbol for symbol in symbols):
        for folder in folders:
            above = [folder, *folder.resolve().parents[:METADATA_LEVELS_UP]]
            paths = [place / "metadata" / f"{name}.json" for place in above]
            found = next((path for path in paths if path.is_file()), None)
            if found is not None:
                yield found
                break


def gamma_files(
    sources: Sources, folders: Sequence[Path], _symbols: Sequence[str]
) -> Iterable[Path]:
    """Files of market objects beside a Polymarket recording."""
    if sources.venue == "polymarket":
        for folder in folders:
            yield from sorted(path for path in folder.glob("gamma*") if path.is_file())


def bodies_of(path: Path, symbols: Sequence[str]) -> list[MetadataBody]:
    """The bodies that a metadata file holds for these symbols."""
    if path.name.startswith("gamma"):
        return gamma_bodies(path, symbols)
    if not INSTRUMENTS_FILE.fullmatch(path.name):
        return [MetadataBody(path.name, whole_text(path))]
    bodies: list[MetadataBody] = []
    for _, line, _ in LineReader(path):
        try:
            reading = cryptofeed(line) if line.strip() else None
        except ValueError:
            continue
        if reading is not None and reading[1] is FrameKind.REPLY:
            bodies.append(MetadataBody(reading[2], reading[3]))
    return bodies


class GammaLine(msgspec.Struct, gc=False):
    """A recorded market object, bare or wrapped."""

    raw: msgspec.Raw = msgspec.Raw()


GAMMA_LINES: Final = msgspec.json.Decoder(GammaLine)


def gamma_bodies(path: Path, symbols: Sequence[str]) -> list[MetadataBody]:
    """Market objects that name one of the tokens."""
    tokens = [symbol.encode() for symbol in symbols]
    bodies: list[MetadataBody] = []
    for _, line, _ in LineReader(path):
        if not any(token in line for token in tokens):
            continue
        try:
            raw = bytes(GAMMA_LINES.decode(line).raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        bodies.append(MetadataBody(path.name, raw or line))
    return bodies
