"""The files of the log, which anybody may copy: hashes and what was signed of them, no record and no key.

    checkpoint                  the newest checkpoint
    tile/<L>/<N>[.p/<W>]        tiles (c2sp.org/tlog-tiles); of those that are not full the widest stays
    old/<time>-<size>           older checkpoints, by milliseconds since 1970, ever sparser
    stamped/checkpoint-<size>   checkpoints with a time stamp of an authority beside each (`.tsr`, RFC 3161)

Rule: every file is whole or absent after a power cut, and is durable before what rests on it is written.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from parvis.archive.checkpoint import NOTE_BYTES_MAX, to_thin
from parvis.archive.merkle import HASH_BYTES, TILE_BYTES, TILE_WIDTH, Tile, tile_path
from parvis.store import durable

LOG_NAME: Final = "log"
"""Name of the folder in the data folder."""

STAMP_BYTES_MAX: Final = 65_536
"""Longest answer of a time-stamping authority: some kilobytes with its certificates."""

STAMPS_MAX: Final = 4000
"""Most time stamps that are kept; beyond it the oldest go. One a day is some eleven years."""

_OLD: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,19})")
_STAMP: Final = re.compile(r"checkpoint-([0-9]{1,19})\.tsr")
_PARTIAL: Final = re.compile(r"[1-9][0-9]{0,2}")


class MissingTile(Exception):
    """A tile is not there, or not of its length."""


class LogFolder:
    """The files of one log: this server's own, or a mirror's. Reading needs no more than the files."""

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is touched before a call."""
        self.path = path
        self._unsynced: set[Path] = set()
        """Folders of tiles whose names are not durable yet."""

    def checkpoint(self) -> bytes | None:
        """Give the newest checkpoint."""
        return _bounded(self.path / "checkpoint", NOTE_BYTES_MAX)

    def put_checkpoint(self, raw: bytes, size: int, now_ms: int) -> None:
        """Replace the newest checkpoint, and keep or thin out older ones. Tiles of it are durable already."""
        durable.make_folder(self.path)
        durable.replace(self.path / "checkpoint", raw)
        old = self.path / "old"
        durable.make_folder(old)
        there = {time_ms: path for time_ms, _, path in self._old()}
        # Not among those that stay: it is not written at all.
        gone = to_thin([*there, now_ms], now_ms)
        if now_ms not in gone:
            durable.replace(old / f"{now_ms}-{size}", raw)
        for time_ms in gone & there.keys():
            there[time_ms].unlink(missing_ok=True)

    def old_checkpoints(self) -> list[bytes]:
        """Give older checkpoints that are kept, the smallest first."""
        found = sorted((size, time_ms, path) for time_ms, size, path in self._old())
        return [raw for _, _, path in found if (raw := _bounded(path, NOTE_BYTES_MAX)) is not None]

    def tile(self, tile: Tile) -> bytes:
        """Give the bytes of a tile, cut from a wider one of its place where only that is there.

        Raises:
            MissingTile: There is none, or the file has another length.
        """
        whole = Tile(tile.level, tile.index)
        content = _bounded(self._place(whole), TILE_BYTES)
        if content is not None:
            if len(content) != TILE_BYTES:
                raise MissingTile(tile_path(whole))
            return content[: tile.width * HASH_BYTES]
        for width in self._widths(whole):
            if width >= tile.width:
                content = _bounded(self._place(Tile(tile.level, tile.index, width)), TILE_BYTES)
                if content is not None and len(content) == width * HASH_BYTES:
                    return content[: tile.width * HASH_BYTES]
        raise MissingTile(tile_path(tile))

    def put_tile(self, tile: Tile, content: bytes) -> None:
        """Write a tile, durable after `sync_tiles`; one that is there already with these bytes is left alone."""
        path = self._place(tile)
        if _bounded(path, TILE_BYTES) != content:
            durable.make_folder(path.parent)
            self._unsynced.add(path.parent)
            durable.put_in_place(path, content)

    def sync_tiles(self) -> None:
        """Make durable what was written of tiles: their names, many at a time, since their bytes are."""
        for folder in list(self._unsynced):
            durable.sync_folder(folder)
            self._unsynced.discard(folder)

    def drop_narrower(self, tile: Tile) -> None:
        """Forget what a tile was before it had this width: its bytes are the beginning of what is there now."""
        whole = Tile(tile.level, tile.index)
        for width in self._widths(whole):
            if width < tile.width:
                self._place(Tile(tile.level, tile.index, width)).unlink(missing_ok=True)
        if tile == whole:
            with suppress(OSError):
                self._place(Tile(tile.level, tile.index, 1)).parent.rmdir()

    def has_tile(self, tile: Tile) -> bool:
        """Tell whether a tile is there with its length, without reading it."""
        try:
            return self._place(tile).stat().st_size == tile.width * HASH_BYTES
        except OSError:
            return False

    def widest(self, tile: Tile) -> int:
        """Give how many hashes there are of a tile that is not full."""
        return max(self._widths(tile), default=0)

    def put_stamp(self, raw: bytes, size: int, answer: bytes) -> None:
        """Keep what an authority answered, beside the very bytes that it stamped."""
        stamped = self.path / "stamped"
        durable.make_folder(stamped)
        durable.replace(stamped / f"checkpoint-{size}", raw)
        durable.replace(stamped / f"checkpoint-{size}.tsr", answer)
        for old_size, path in self._stamps()[:-STAMPS_MAX]:
            path.unlink(missing_ok=True)
            (stamped / f"checkpoint-{old_size}").unlink(missing_ok=True)

    def stamps(self) -> list[tuple[bytes, bytes]]:
        """Give every checkpoint that was stamped with what the authority answered, the smallest first."""
        found = []
        for size, path in self._stamps():
            raw = _bounded(self.path / "stamped" / f"checkpoint-{size}", NOTE_BYTES_MAX)
            answer = _bounded(path, STAMP_BYTES_MAX)
            if raw is not None and answer is not None:
                found.append((raw, answer))
        return found

    def newest_stamp(self) -> bytes | None:
        """Give what the authority answered last."""
        found = self._stamps()
        return _bounded(found[-1][1], STAMP_BYTES_MAX) if found else None

    def newest_stamp_ms(self) -> int | None:
        """Tell when that was."""
        found = self._stamps()
        return found[-1][1].stat().st_mtime_ns // 1_000_000 if found else None

    def _place(self, tile: Tile) -> Path:
        return self.path / "tile" / tile_path(tile)

    def _widths(self, whole: Tile) -> list[int]:
        """Give the widths of a tile that are there, the narrowest first."""
        folder = self._place(Tile(whole.level, whole.index, 1)).parent
        try:
            names = [path.name for path in folder.iterdir()]
        except OSError:
            return []
        return sorted(int(name) for name in names if _PARTIAL.fullmatch(name) and int(name) < TILE_WIDTH)

    def _old(self) -> list[tuple[int, int, Path]]:
        matches = [(path, _OLD.fullmatch(path.name)) for path in _files(self.path / "old")]
        return [(int(match[1]), int(match[2]), path) for path, match in matches if match]

    def _stamps(self) -> list[tuple[int, Path]]:
        matches = [(path, _STAMP.fullmatch(path.name)) for path in _files(self.path / "stamped")]
        return sorted((int(match[1]), path) for path, match in matches if match)


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _bounded(path: Path, most: int) -> bytes | None:
    """Read a file; None if it is not there or longer than it may be."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return content if len(content) <= most else None
