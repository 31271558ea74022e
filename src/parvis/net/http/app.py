"""The HTTP application: the entry page, and what machines ask: does it live, is it ready, how is it.

Every answer is made by `answers.respond`, so that none leaves without its security headers. Source: DESIGN,
"Addresses".
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Litestar, Request, Response, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from parvis.net.address import is_here
from parvis.net.http import entry, language, privacy
from parvis.net.http.answers import NOTHING, PLAIN, READS, respond
from parvis.net.http.log import log_routes
from parvis.ports.log import PublicLog
from parvis.ports.rights import Exports, TooBusy
from parvis.ports.view import ServerView

Asked = Request[Any, Any, State]

log = structlog.get_logger()


def make_app(view: ServerView, exports: Exports, log_to_show: PublicLog | None = None) -> Litestar:
    """Make the application over what the server lets be seen, over the files that members ask for, and over its log."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Numbers(view))

    @route("/", http_method=READS, sync_to_thread=False)
    def entry_page(request: Asked) -> Response[bytes]:
        """Show what this is and how to come in."""
        spoken = language.choose(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), entry.LANGUAGES
        )
        headers = {"Content-Language": spoken, "Vary": "Accept-Language", "Cache-Control": "no-cache"}
        page = entry.render(view, spoken)
        return respond(page, 200, "text/html", entry.CONTENT_SECURITY_POLICY, headers)

    @route("/privacy", http_method=READS, sync_to_thread=False)
    def privacy_page(request: Asked) -> Response[bytes]:
        """Say what is kept, why, and for how long."""
        spoken = language.choose(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), entry.LANGUAGES
        )
        headers = {"Content-Language": spoken, "Vary": "Accept-Language", "Cache-Control": "no-cache"}
        return respond(privacy.render(view, spoken), 200, "text/html", entry.CONTENT_SECURITY_POLICY, headers)

    @route("/healthz", http_method=READS, sync_to_thread=False)
    def health() -> Response[bytes]:
        """Say that the process lives: its loop answers."""
        return respond("ok\n", 200)

    @route("/readyz", http_method=READS, sync_to_thread=False)
    def readiness() -> Response[bytes]:
        """Say whether people may be sent here, and if not, why."""
        why = view.not_ready()
        return respond("ready\n", 200) if why is None else respond(f"not ready: {why}\n", 503)

    @route("/metrics", http_method=READS, sync_to_thread=False)
    def metrics(request: Asked) -> Response[bytes]:
        """Give the numbers to whoever watches from this machine: they tell the world nothing."""
        if request.client is None or not is_here(request.client.host):
            return respond("The numbers are for this machine alone.\n", 403)
        return respond(generate_latest(registry), 200, CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8"))

    @route("/irc", http_method=READS, sync_to_thread=False)
    def chat_without_upgrade() -> Response[bytes]:
        """Answer a request that should have been a WebSocket; those never come here (`server.py`)."""
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        return respond("This address speaks WebSocket.\n", 426, PLAIN, NOTHING, headers)

    @route("/export/{token:str}", http_method=["GET"])
    async def export(request: Asked) -> Response[bytes]:
        """Give what is kept about whoever has made this link, once."""
        spoken = language.choose(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), entry.LANGUAGES
        )
        try:
            file = await exports.fetch(str(request.path_params["token"]), spoken)
        except TooBusy:
            return respond(
                "Too many ask at once. Try again: the link is good still.\n", 503, headers={"Retry-After": "10"}
            )
        if file is None:
            return respond("This link is not known, was used already, or is too old. Ask for another.\n", 404)
        headers = {"Content-Disposition": 'attachment; filename="parvis-export.zip"'}
        return respond(file, 200, "application/zip", NOTHING, headers)

    return Litestar(
        [entry_page, privacy_page, health, readiness, metrics, chat_without_upgrade, export, *log_routes(log_to_show)],
        exception_handlers={HTTPException: _refuse, Exception: _fail},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


class _Numbers(Collector):
    """Reads the view's numbers at the moment they are asked for."""

    def __init__(self, view: ServerView) -> None:
        self._view = view

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        for metric in self._view.metrics():
            family = CounterMetricFamily if metric.counts else GaugeMetricFamily
            yield family(metric.name, metric.help, value=metric.value)


def _refuse(_request: Asked, error: HTTPException) -> Response[bytes]:
    # Litestar says which methods an address takes (RFC 9110, section 15.5.6); its other headers are not ours.
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return respond(f"{HTTPStatus(error.status_code).phrase}.\n", error.status_code, PLAIN, NOTHING, headers)


def _fail(_request: Asked, error: Exception) -> Response[bytes]:
    # The path stays out of the log: some carry a token.
    log.error("a page could not be made", exc_info=error)
    return respond("This page could not be made. It has been noted; please try again.\n", 500)
