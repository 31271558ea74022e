"""What an HTTP framework costs us: loading, memory, CPU per request. One page, one health check, uvicorn under all.

Run: python bench/http/framework.py. Each candidate runs in a process of its own and is asked over loopback by
this one; candidates that are not installed are left out. The result of the day it was decided stands in
bench/http/framework.md.
"""

import http.client
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

REQUESTS = 4000
RUNS = 3
PAGE = "<!doctype html><title>Parvis</title>" + "x" * 8000


def bare() -> Any:
    """A function of ASGI: what is left when there is no framework."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        page, kind = (PAGE, b"text/html") if scope["path"] == "/" else ("ok\n", b"text/plain")
        headers = [(b"content-type", kind), (b"content-length", str(len(page)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page.encode()})

    return app


def litestar() -> Any:
    from litestar import Litestar, Response, get

    @get("/", sync_to_thread=False)
    def entry() -> Response[str]:
        return Response(PAGE, media_type="text/html")

    @get("/healthz", sync_to_thread=False)
    def health() -> Response[str]:
        return Response("ok\n", media_type="text/plain")

    return Litestar([entry, health], openapi_config=None, logging_config=None)


def starlette() -> Any:
    applications = importlib.import_module("starlette.applications")
    responses = importlib.import_module("starlette.responses")
    routing = importlib.import_module("starlette.routing")

    async def entry(_request: Any) -> Any:
        return responses.HTMLResponse(PAGE)

    async def health(_request: Any) -> Any:
        return responses.PlainTextResponse("ok\n")

    return applications.Starlette(routes=[routing.Route("/", entry), routing.Route("/healthz", health)])


def falcon() -> Any:
    asgi = importlib.import_module("falcon.asgi")

    class Entry:
        async def on_get(self, _request: Any, response: Any) -> None:
            response.content_type = "text/html"
            response.text = PAGE

    class Health:
        async def on_get(self, _request: Any, response: Any) -> None:
            response.content_type = "text/plain"
            response.text = "ok\n"

    app = asgi.App()
    app.add_route("/", Entry())
    app.add_route("/healthz", Health())
    return app


CANDIDATES: dict[str, Callable[[], Any]] = {
    "no framework": bare,
    "litestar": litestar,
    "starlette": starlette,
    "falcon": falcon,
}


def resident_mb() -> float:
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - no file to keep a path of
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def serve(name: str) -> None:
    """Be one candidate: say what loading it cost, serve on a free port, say the CPU time at the end of input."""
    import asyncio

    import uvicorn
    import uvloop

    before_mb, start = resident_mb(), time.perf_counter()
    try:
        app = CANDIDATES[name]()
    except ImportError:
        print(json.dumps(None), flush=True)
        return
    load_s = time.perf_counter() - start

    async def main() -> None:
        config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", interface="asgi3")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        told = {"port": port, "load_ms": load_s * 1e3, "memory_mb": resident_mb() - before_mb}
        print(json.dumps(told), flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            usage = resource.getrusage(resource.RUSAGE_SELF)
            print(usage.ru_utime + usage.ru_stime, flush=True)
        server.should_exit = True
        await running

    uvloop.run(main())


def measure(name: str) -> dict[str, float] | None:
    """Run one candidate once."""
    child = subprocess.Popen([sys.executable, __file__, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin
    assert child.stdout
    told = json.loads(child.stdout.readline())
    if told is None:
        child.wait()
        return None
    figures = {"load_ms": told["load_ms"], "memory_mb": told["memory_mb"]}

    def cpu_s() -> float:
        assert child.stdin
        assert child.stdout
        child.stdin.write("\n")
        child.stdin.flush()
        return float(child.stdout.readline())

    connection = http.client.HTTPConnection("127.0.0.1", told["port"])
    for what, path in (("health_us", "/healthz"), ("page_us", "/")):
        start = 0.0
        for request in range(REQUESTS + 200):
            if request == 200:
                start = cpu_s()
            connection.request("GET", path)
            connection.getresponse().read()
        figures[what] = (cpu_s() - start) / REQUESTS * 1e6
    connection.close()
    child.stdin.close()
    child.wait()
    return figures


def main() -> None:
    print(f"{'':14} {'load, ms':>10} {'memory, MB':>11} {'health, us CPU':>15} {'page, us CPU':>13}")
    for name in CANDIDATES:
        runs = [figures for _ in range(RUNS) if (figures := measure(name)) is not None]
        if not runs:
            print(f"{name:14} not installed")
            continue
        load, memory, health, page = (
            median(run[key] for run in runs) for key in ("load_ms", "memory_mb", "health_us", "page_us")
        )
        print(f"{name:14} {load:10.0f} {memory:11.1f} {health:15.0f} {page:13.0f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        main()
