"""The one ASGI application: finds the route, reads the request, calls the handler in a thread, and says what came of it.

Only this module and `server` are async. What no route here answers is passed on to another application where there is one (the
console's), else it is 404.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import msgspec

from tieout.telemetry import metrics, traces

from . import body, reading
from .authentication import Tokens
from .caller import Caller
from .means import Means
from .refusal import Refusal, not_found, refusal
from .route import MEGABYTE, Answer, Content, Plain, Route, Routes

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, body.Receive, Send], Awaitable[None]]
Reply = tuple[int, list[tuple[bytes, bytes]], bytes]

THREADS = 16
BODIES = 512 * MEGABYTE
"""Bytes of all bodies together that are in memory at most."""
ENCODER = msgspec.json.Encoder()


class Application:
    """Answers requests. To be closed when the last is answered."""

    def __init__(self, means: Means, routes: tuple[Route, ...], beyond: Asgi | None = None) -> None:
        self._means, self._routes, self._beyond = means, Routes(routes), beyond
        self._tokens = Tokens(means.pool)
        self._room = body.Room(BODIES)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="tieout-web")

    def close(self) -> None:
        """Return when nothing is under way any more."""
        self._threads.shutdown()

    async def __call__(self, scope: Scope, receive: body.Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if self._beyond is not None:
                await self._beyond(scope, receive, send)
            return
        parts = [unquote(part) for part in scope["raw_path"].decode("latin-1").strip("/").split("/")]
        methods, varying = self._routes.find(parts)
        if not methods and self._beyond is not None:
            await self._beyond(scope, receive, send)
            return
        try:
            reply = await self._reply(scope, receive, methods, varying)
        except body.Gone:
            return
        except Exception as error:
            reply = told(error)
        await respond(send, reply, with_body=scope["method"] != "HEAD")

    async def _reply(
        self, scope: Scope, receive: body.Receive, methods: Mapping[str, Route], varying: list[str]
    ) -> Reply:
        route = methods.get(scope["method"]) or (methods.get("GET") if scope["method"] == "HEAD" else None)
        if not methods:
            raise not_found("there is no such path", "/openapi.json has those that there are")
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise Refusal(405, f"this is done by {allowed}", headers=(("allow", allowed),))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        loop = asyncio.get_running_loop()
        given: dict[str, Any] = dict(zip(route.variables, varying, strict=True))
        if route.scope:  # Before the body is read: whoever may not hand anything in is not listened to.
            authorization = headers.get("authorization")
            caller = self._tokens.remembered(authorization)
            if caller is None:
                caller = await loop.run_in_executor(self._threads, self._tokens.caller, authorization)
            given["caller"] = _admitted(caller, route.scope)
        given["means"] = self._means
        if "query" in route.arguments:
            given["query"] = reading.query(route, scope["query_string"].decode("latin-1"))
        if not route.has_body:
            return await self._answer(route, given, headers, b"")
        with self._room.take(min(body.announced(headers, route.limit), route.limit)):
            return await self._answer(route, given, headers, await body.read(receive, headers, route.limit))

    async def _answer(self, route: Route, given: dict[str, Any], headers: Mapping[str, str], sent: bytes) -> Reply:
        """What the handler says."""
        name = f"{route.method} {route.path}"
        with metrics.took(name), traces.span(name, traceparent=headers.get("traceparent", "")):
            return await self._handled(route, given, headers, sent)

    async def _handled(self, route: Route, given: dict[str, Any], headers: Mapping[str, str], sent: bytes) -> Reply:
        if route.is_coroutine:
            return written(await route.handler(**_filled(route, given, headers, sent)))

        def work() -> Reply:
            return written(route.handler(**_filled(route, given, headers, sent)))

        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _filled(route: Route, given: dict[str, Any], headers: Mapping[str, str], sent: bytes) -> dict[str, Any]:
    """The handler's arguments."""
    if route.has_body:
        given |= _read(route, headers, sent)
    return {name: value for name, value in given.items() if name in route.arguments}


def _admitted(caller: Caller, scope: str) -> Caller:
    """The caller as a route with that scope sees them. Raises Refusal (403)."""
    if scope not in caller.scopes:
        raise Refusal(
            403, f"{caller.holder} has no scope {scope!r}", where="Authorization",
            mend="ask whoever runs Tieout for a token that has it",
        )  # fmt: skip
    return msgspec.structs.replace(caller, scope=scope)


def _read(route: Route, headers: Mapping[str, str], sent: bytes) -> dict[str, Any]:
    """What was sent, unpacked and of a type that the route reads."""
    named = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    known = list(route.accepts.schemas) if route.accepts else ["application/json"]
    if named not in known and "*/*" not in known:
        raise Refusal(
            415, f"{named!r} is not read here", where="Content-Type", mend=f"send {' or '.join(known)}",
            headers=(("accept", ", ".join(known)),),
        )  # fmt: skip
    plain = body.unpack(sent, headers.get("content-encoding", ""), route.limit)
    if route.accepts:
        return {"content": Content(named, plain, sent, headers)}
    return {"body": reading.body(route, plain)}


def written(answer: Any) -> Reply:
    """What a handler returned, as it is sent."""
    if not isinstance(answer, Answer):
        answer = Answer(204 if answer is None else 200, answer)
    headers, content = _encoded(answer.headers), answer.body
    if content is None:
        return (answer.status, headers, b"")
    if isinstance(content, Plain):
        return (answer.status, [*headers, (b"content-type", content.media_type.encode())], content.body)
    return (answer.status, [*headers, (b"content-type", b"application/json")], ENCODER.encode(content))


def _encoded(headers: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]


def told(error: Exception) -> Reply:
    """What is said of an exception. One of ours is logged, and the caller hears no more than that."""
    refused = refusal(error)
    if refused is None:
        log.error("a request was not answered", exc_info=error)
        refused = Refusal(500, "a fault of Tieout; its log says more")
    metrics.refused(f"http {refused.problem.status}")
    headers = [(b"content-type", b"application/problem+json"), *_encoded(refused.headers)]
    return (refused.problem.status, headers, ENCODER.encode(refused.problem))


async def respond(send: Send, reply: Reply, *, with_body: bool = True) -> None:
    """Send an answer."""
    status, headers, content = reply
    headers = [*headers, (b"content-length", str(len(content)).encode())] if status != 204 else headers
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content if with_body else b""})
