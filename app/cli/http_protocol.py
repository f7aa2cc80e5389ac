"""HTTP/1.1 as uvicorn speaks it over httptools, except that offers to upgrade a connection are ignored."""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_UPGRADE = b"upgrade"


class HttpProtocol(HttpToolsProtocol):
    """Serves a request that offers an upgrade as if it did not, which is what RFC 9110 §7.8 wants.

    Clients offer `Upgrade: h2c` by themselves: Java's, and so Spring's and LangChain4j's, and `curl --http2`.
    httptools takes every offer for accepted. It ends the message after its head, so the application gets no body,
    and reads the body as the next request, which anyone who can choose a body can abuse (request smuggling).
    Here the head is parsed a second time without the offer, unseen by the application, and the body follows it.
    """

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if self.parser.get_method() == b"CONNECT":  # an upgrade by its nature
                    raise httptools.HttpParserError("CONNECT is for proxies") from None
                self._parse_head_again()
                data = data[offer.args[0] :]
            else:
                return

    def _parse_head_again(self) -> None:
        """Begin with a parser that has read the head of the current request without its offer."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        headers = [b"%s: %s" % header for header in self.headers if header[0] != _UPGRADE]
        self.parser = httptools.HttpRequestParser(_Continuation(self))
        self.parser.feed_data(b"\r\n".join([b"%s %s HTTP/%s" % (method, self.url, version), *headers, b"", b""]))

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()


class _Continuation:
    """Hands a protocol what a parser finds, except the head that the protocol has seen already."""

    def __init__(self, protocol: HttpProtocol) -> None:
        self._protocol = protocol
        self.in_head = True

    def on_message_begin(self) -> None:
        if not self.in_head:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.in_head:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_head:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.in_head:
            self._protocol.on_headers_complete()
        self.in_head = False

    def on_body(self, body: bytes) -> None:
        self._protocol.on_body(body)

    def on_message_complete(self) -> None:
        self._protocol.on_message_complete()
