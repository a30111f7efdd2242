"""The site and the visitors behind `access.log` and `access.jsonl`; see make.sh.

    workload.py site DIR              writes a small shop: pages, pictures, scripts
    workload.py visit PORT SECONDS    visits it as browsers, crawlers, apps, monitors and scanners do

Which requests are made is seeded; when they arrive, what the server answers and what it logs is real.
Client addresses are from the ranges kept for documentation (RFC 5737, RFC 3849).
"""

import random
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

WORDS = ("copper lamp oak table wool rug desk steel kettle linen sheet pine shelf glass bowl brass hook "
         "slate board cotton towel cedar box iron pan").split()
BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.%d Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; Pixel %d) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
]
CRAWLERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
]
PROBES = ["/wp-login.php", "/.env", "/.git/config", "/phpmyadmin/index.php", "/admin", "/cgi-bin/test.cgi",
          "/xmlrpc.php", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/boaform/admin/formLogin",
          "/index.php?s=/Index/%5Cthink%5Capp/invokefunction&function=call_user_func_array"]


def catalogue():
    rng = random.Random(1)
    return [(rng.randrange(10_000, 99_999), "-".join(rng.sample(WORDS, 3))) for _ in range(400)]


def site(folder):
    rng = random.Random(2)

    def put(path, low, high):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * rng.randrange(low, high))

    for number, slug in catalogue():
        put(f"product/{number}/{slug}.html", 4_000, 22_000)
        put(f"img/{number}.png", 8_000, 90_000)
    for name in ["index.html", "products.html", "search.html", "cart.html", "about.html"]:
        put(name, 3_000, 30_000)
    for name in ["app.9f3c1e.js", "vendor.77ab02.js", "site.c01d5f.css", "logo.png"]:
        put(f"static/{name}", 2_000, 120_000)
    put("favicon.ico", 318, 319)


def address(rng):
    if rng.random() < 0.15:
        return f"2001:db8:{rng.randrange(16):x}::{rng.randrange(1 << 16):x}"
    return f"{rng.choice(['192.0.2', '198.51.100', '203.0.113'])}.{rng.randrange(1, 255)}"


def browser(rng):
    agent = rng.choice(BROWSERS)
    version = rng.choice([120, 124, 125, 126]) if "Chrome/%d" in agent or "rv:" in agent else rng.randrange(2, 9)
    return agent % ((version,) * agent.count("%d"))


def session(rng, products):
    """One visitor's requests: (method, uri, headers, body, pause in seconds)."""
    kind = rng.choices(["person", "crawler", "app", "scanner", "monitor"], [60, 12, 18, 4, 6])[0]
    origin = "https://shop.example"
    if kind == "person":
        base = {"User-Agent": browser(rng)}
        referer = rng.choice(["", "https://www.google.com/", "https://news.example/item?id=%d" % rng.randrange(10**6)])
        for _ in range(rng.randrange(1, 7)):
            number, slug = products[min(int(rng.expovariate(0.02)), len(products) - 1)]
            page = rng.choice(["/", f"/products.html?page={rng.randrange(1, 30)}&sort={rng.choice(['price', 'new'])}",
                               f"/product/{number}/{slug}.html", f"/product/{number}/{slug}.html",
                               f"/search?q={'+'.join(rng.sample(WORDS, 2))}", "/cart.html", "/old"])
            headers = dict(base, **({"Referer": referer} if referer else {}))
            yield "GET", page, headers, b"", rng.expovariate(1.2)
            referer = origin + page
            headers = dict(base, Referer=referer)
            assets = ["/static/app.9f3c1e.js", "/static/site.c01d5f.css", f"/img/{number}.png"]
            for asset in rng.sample(assets, rng.randrange(0, 3)):
                more = {"If-Modified-Since": "Tue, 01 Jan 2036 00:00:00 GMT"} if rng.random() < 0.4 else {}
                yield "GET", asset, dict(headers, **more), b"", rng.expovariate(20)
            if rng.random() < 0.1:
                yield "POST", "/api/v1/orders", headers, b"item=%d" % number, rng.expovariate(2)
    elif kind == "crawler":
        for number, slug in rng.sample(products, rng.randrange(3, 12)):
            yield "GET", f"/product/{number}/{slug}.html", {"User-Agent": rng.choice(CRAWLERS)}, b"", 0.4
    elif kind == "app":
        user = uuid.UUID(int=rng.getrandbits(128), version=4)
        for _ in range(rng.randrange(3, 14)):
            uri = rng.choice([f"/api/v1/users/{user}/cart", f"/api/v1/stock?ids={rng.randrange(10**5)},{rng.randrange(10**5)}",
                              "/api/v1/login", f"/api/v1/items/{rng.choice(products)[0]}"])
            headers = {"User-Agent": "ShopApp/4.%d (Android 14)" % rng.randrange(3)}
            yield rng.choice(["GET", "GET", "PUT"]), uri, headers, b"", rng.expovariate(3)
    elif kind == "scanner":
        for uri in rng.sample(PROBES, rng.randrange(2, 7)):
            yield "GET", uri, {"User-Agent": rng.choice(["Mozilla/5.0 zgrab/0.x", "curl/7.88.1", "-"])}, b"", 0.05
        yield "RAW", "", {}, bytes([0x16, 3, 1, 0, 0xEE, 1, 0]) + rng.randbytes(40) + b"\r\n", 0.1
    else:
        yield "HEAD", "/", {"User-Agent": "check_http/v2.3.3 (monitoring-plugins)"}, b"", 0.1


def request(port, client, method, uri, headers, body):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as conn:
        if method == "RAW":
            conn.sendall(body)
        else:
            fields = {"Host": "shop.example", "X-Forwarded-For": client, "Connection": "close",
                      "Content-Length": str(len(body)), **headers}
            head = f"{method} {uri} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
            conn.sendall(head.encode() + body)
        while conn.recv(65_536):
            pass


def visit(port, seconds, seed):
    rng = random.Random(seed)
    products = catalogue()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client = address(rng)
        for method, uri, headers, body, pause in session(rng, products):
            try:
                request(port, client, method, uri, headers, body)
            except OSError:
                pass
            time.sleep(min(pause, 2))
            if time.monotonic() > end:
                break


def main():
    if sys.argv[1] == "site":
        site(Path(sys.argv[2]))
        return
    visitors = [threading.Thread(target=visit, args=(int(sys.argv[2]), float(sys.argv[3]), seed)) for seed in range(12)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()


main()
