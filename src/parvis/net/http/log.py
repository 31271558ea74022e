"""The addresses of the log: `/log/...`, hashes and signatures for anybody.

Files are read in threads, few at a time: who asks for proofs slows nobody who talks.

Source: docs/protocol/log.md; https://c2sp.org/tlog-tiles.
"""

import re
import threading
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response, route
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from parvis.archive.merkle import SIZE_MAX, TILE_WIDTH, MalformedPath, parse_tile_path
from parvis.net.http.answers import PLAIN, READS, respond
from parvis.ports.archive import ArchiveError
from parvis.ports.log import NotInLog, PublicLog

AT_ONCE: Final = 4
"""Most questions that are answered at a time; further ones are told to try again."""

_SOON: Final = {"Cache-Control": "public, max-age=5"}
"""A checkpoint changes; tlog-tiles asks for a few seconds at most."""
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_BYTES: Final = "application/octet-stream"
_JSON: Final = "application/json"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_RECORD: Final = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,12})")

Asked = Request[Any, Any, State]
Answer = tuple[str | bytes, int, str, dict[str, str]]

log = structlog.get_logger()


class BadQuestion(Exception):
    """A question of the wrong form; the text says what is expected."""


def log_routes(public: PublicLog | None) -> list[HTTPRouteHandler]:
    """Make the addresses; without a log they answer that there is none."""
    few = threading.BoundedSemaphore(AT_ONCE)

    def answered(ask: Callable[[PublicLog], Answer]) -> Response[bytes]:
        if public is None:
            return respond("This server keeps its archive in memory and has no log.\n", 404)
        if not few.acquire(blocking=False):
            return respond("Too many ask at once. Try again.\n", 503, headers={"Retry-After": "1"})
        try:
            body, status, media_type, headers = ask(public)
            return respond(body, status, media_type, headers=headers)
        except BadQuestion as bad:
            return respond(f"{bad}\n", 400)
        except NotInLog as absent:
            return respond(f"{absent}\n", 404)
        except (ArchiveError, OSError) as fault:
            log.error("the log cannot be read", why=str(fault))
            return respond("The log cannot be read at the moment. It has been noted.\n", 503)
        finally:
            few.release()

    @route("/log/checkpoint", http_method=READS, sync_to_thread=True)
    def checkpoint() -> Response[bytes]:
        """Give the newest checkpoint."""
        return answered(lambda public: (public.checkpoint(), 200, PLAIN, _SOON))

    @route("/log/tile/{tile:path}", http_method=READS, sync_to_thread=True)
    def tile(tile: FromPath[str]) -> Response[bytes]:
        """Give a tile."""

        def ask(public: PublicLog) -> Answer:
            try:
                wanted = parse_tile_path(tile.removeprefix("/"))
            except MalformedPath:
                raise NotInLog("This is no address of a tile: /log/tile/<L>/<N> or /log/tile/<L>/<N>.p/<W>.") from None
            # The bytes of a partial tile never change either; that it is there may.
            return public.tile(wanted), 200, _BYTES, _FOR_EVER if wanted.width == TILE_WIDTH else _SOON

        return answered(ask)

    @route("/log/keys", http_method=READS, sync_to_thread=True)
    def keys() -> Response[bytes]:
        """Give the keys that checkpoints are checked with."""
        return answered(lambda public: (msgspec.json.encode({"keys": public.keys()}), 200, _JSON, _SOON))

    @route("/log/inclusion", http_method=READS, sync_to_thread=True)
    def inclusion(request: Asked) -> Response[bytes]:
        """Prove that a record is in the tree."""

        def ask(public: PublicLog) -> Answer:
            asked = _asked(request, {"index", "number", "size"})
            if ("index" in asked) is ("number" in asked):
                raise BadQuestion("Say which record: index=PLACE, or number=RUN/COUNTER.")
            size = _number(asked, "size")
            index = _number(asked, "index")
            if index is None:
                index = public.index_of(*_record(asked["number"]))
            found = public.inclusion(index, size)
            answer = {
                "index": found.index,
                "size": found.size,
                "leaf_hash": b64encode(found.leaf_hash).decode(),
                "proof": [b64encode(step).decode() for step in found.proof],
            }
            return msgspec.json.encode(answer), 200, _JSON, _SOON

        return answered(ask)

    @route("/log/consistency", http_method=READS, sync_to_thread=True)
    def consistency(request: Asked) -> Response[bytes]:
        """Prove that an older tree is the beginning of a newer one."""

        def ask(public: PublicLog) -> Answer:
            asked = _asked(request, {"from", "to"})
            old = _number(asked, "from")
            if old is None:
                raise BadQuestion("Say from which size: from=SIZE, and to=SIZE if not to the newest.")
            found = public.consistency(old, _number(asked, "to"))
            proof = [b64encode(step).decode() for step in found.proof]
            return msgspec.json.encode({"from": found.old, "to": found.new, "proof": proof}), 200, _JSON, _SOON

        return answered(ask)

    @route("/log/timestamp", http_method=READS, sync_to_thread=True)
    def timestamp() -> Response[bytes]:
        """Give the newest time stamp of a checkpoint."""
        return answered(lambda public: (public.timestamp(), 200, "application/timestamp-reply", _SOON))

    return [checkpoint, tile, keys, inclusion, consistency, timestamp]


def _asked(request: Asked, known: set[str]) -> dict[str, str]:
    """Read the words behind the question mark: each known, and each once."""
    pairs = list(request.query_params.multi_items())
    asked = {str(name): str(value) for name, value in pairs}
    if len(asked) != len(pairs) or not asked.keys() <= known:
        raise BadQuestion(f"Known here are, once each: {', '.join(sorted(known))}.")
    return asked


def _number(asked: dict[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    if not _NUMBER.fullmatch(asked[name]) or int(asked[name]) > SIZE_MAX:
        raise BadQuestion(f"{name} is not a whole number.")
    return int(asked[name])


def _record(text: str) -> tuple[int, int]:
    match = _RECORD.fullmatch(text)
    if match is None:
        raise BadQuestion("number is that of a record: RUN/COUNTER, as in 3/1207.")
    return int(match[1]), int(match[2])
