"""Python's own HTTP clients against our server: client.py HOST:PORT. The first thing that differs ends it."""

import http.client
import sys
import urllib.error
import urllib.parse
import urllib.request

address = sys.argv[1]
base = f"http://{address}"
big = b"".join(b"%d " % n for n in range(200_000))


def with_urllib():
    with urllib.request.urlopen(f"{base}/stream", timeout=30) as response:
        assert (response.status, response.read()) == (200, b"a stream of parts")
    with urllib.request.urlopen(f"{base}/moved", timeout=30) as response:
        assert response.geturl() == f"{base}/agent"
        assert response.read().startswith(b"Python-urllib/")
    form = urllib.parse.urlencode({"username": "me", "password": "secret & more"}).encode()
    with urllib.request.urlopen(f"{base}/echo", data=form, timeout=30) as response:
        assert response.read() == form
    try:
        urllib.request.urlopen(f"{base}/nothing", timeout=30)
        raise AssertionError("a 404 should have been raised")
    except urllib.error.HTTPError as error:
        assert error.code == 404 and b"404" in error.read()


def with_http_client():
    """All on one connection: where it is closed too early, `auto_open` being off, a request fails."""
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.connect()
    connection.auto_open = 0

    def ask(method, path, **more):
        connection.request(method, path, **more)
        response = connection.getresponse()
        return response.status, response.read()

    assert ask("GET", "/agent", headers={"User-Agent": "me"}) == (200, b"me")
    assert ask("HEAD", "/agent") == (200, b"")
    assert ask("GET", "/204") == (204, b"")
    assert ask("POST", "/echo", body=big) == (200, big)
    assert ask("POST", "/echo", body=iter([b"in ", b"chunks"]), encode_chunked=True) == (200, b"in chunks")
    assert ask("GET", "/stream") == (200, b"a stream of parts")
    assert ask("GET", "/nothing")[0] == 404
    assert ask("POST", "/ignore", body=b"not read") == (200, b"ignored")
    assert ask("PATCH", "/")[0] == 501


with_urllib()
with_http_client()
