"""An open loop of Poisson arrivals over kept-alive connections: sojourn counts from the moment at which a request should have left."""
import asyncio
import json
import random
import time


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


def arrivals(rate, seconds, seed):
    drawn, at, dice = [], 0.0, random.Random(seed)
    while (at := at + dice.expovariate(rate)) < seconds:
        drawn.append(at)
    return drawn


async def ask(idle, port):
    reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /run HTTP/1.1\r\nHost: server\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")).split(b":")[1])
    body = json.loads(await reader.readexactly(length))
    idle.append((reader, writer))
    return body["service_seconds"]


async def play(port, moments):
    idle, done, begun = [], [], time.monotonic()

    async def one(at):
        await asyncio.sleep(max(0.0, begun + at - time.monotonic()))
        service = await ask(idle, port)
        done.append((time.monotonic() - begun - at, service))
    await asyncio.gather(*(one(at) for at in moments))
    for _, writer in idle:
        writer.close()
    return done


def run(port, moments):
    """(sojourn, service) of each request, seconds."""
    return asyncio.run(play(port, moments))
