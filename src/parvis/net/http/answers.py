"""Answers over HTTP, and the headers that none goes without. Source: https://owasp.org/www-project-secure-headers/."""

from typing import Final

from litestar import Response

PLAIN: Final = "text/plain"
"""Litestar adds the character set to every kind of text."""
NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
"""Policy of what is not a page."""

READS: Final = ("GET", "HEAD")


def respond(
    body: str | bytes,
    status: int,
    media_type: str = PLAIN,
    policy: str = NOTHING,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Make an answer with its security headers; it is not stored anywhere unless its own headers say so."""
    always = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }
    content = body.encode() if isinstance(body, str) else body
    return Response(content, status_code=status, media_type=media_type, headers=always | (headers or {}))
