"""serve.py NET PORT DEVICE: an HTTP/1.1 model server with one worker. GET /run computes one request and answers with its service time; GET /health."""
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch

import nets

name, port, device = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with torch.inference_mode():
    run = nets.answerer(name, device, torch.float32 if device == "cpu" else torch.float16)
turn = threading.Lock()


def wait():
    if device != "cpu":
        torch.cuda.synchronize()


def compute():
    with turn, torch.inference_mode():
        begun = time.monotonic()
        run()
        wait()
        return time.monotonic() - begun


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"service_seconds": compute()} if self.path == "/run" else {"ok": True}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


for _ in range(5):
    compute()
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
server.serve_forever()
