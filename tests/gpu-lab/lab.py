"""What the labs share: programs in process groups, an agent of their own beside them, what it exports, and tables."""
import datetime
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request


class CannotShow(Exception):
    """Exit code 2, and why."""


def say(words):
    print(words, file=sys.stderr, flush=True)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def until(what, condition, within=120, alive=()):
    """Waits for it; a program of `alive` that ends is waited for no longer."""
    end = time.monotonic() + within
    while not (seen := condition()):
        for program in alive:
            if program.poll() is not None:
                raise RuntimeError(f"waited for {what}, and {program.args[-1]} ended with {program.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"waited {within} s for {what}")
        time.sleep(0.05)
    return seen


def page(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None


class Metrics:
    """One page of /metrics."""

    def __init__(self, text):
        self.series = {}
        for name, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text or "", re.M):
            self.series.setdefault(name, []).append((dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)), float(value)))

    def all(self, name, **labels):
        return [(has, value) for has, value in self.series.get(name, []) if all(has.get(k) == v for k, v in labels.items())]

    def sum(self, name, **labels):
        """None: it is not there."""
        found = [value for _, value in self.all(name, **labels)]
        return sum(found) if found else None


class Node:
    """A folder of its own, programs in process groups, perhaps an agent; ended with the block that it is used in, the last program first."""

    def __init__(self, headroom, nvml=None, port=18001):
        self.headroom, self.nvml, self.port, self.programs, self.env = headroom, nvml, port, [], dict(os.environ)
        self.folder = tempfile.mkdtemp(prefix="gpu-lab-")
        self.runtime = ["--runtime-dir", f"{self.folder}/run"]
        self.log = open(f"{self.folder}/log", "ab")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            with open(f"{self.folder}/log", errors="replace") as log:
                say(log.read()[-4000:])
        for program in reversed(self.programs):
            self.stop(program)
        for group in self.groups().values():
            remove_cgroup(group)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, words, **how):
        program = subprocess.Popen(words, **({"env": self.env, "stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log} | how))
        self.programs.append(program)
        return program

    def stop(self, program):
        """Its group thawed first: what stands still can't end."""
        for folder in self.groups().values():
            freeze(folder, False)
        if program.poll() is None:
            program.send_signal(signal.SIGTERM)
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def exec(self, name, words, **how):
        return self.start([self.headroom, "exec", "--name", name, *self.runtime, "--", sys.executable, *words], **how)

    def groups(self):
        """Folders of the freezers by name; a name that was used twice means the last."""
        found = []
        for path in glob.glob(f"{self.folder}/run/groups/*.json"):
            with open(path) as file:
                found.append(json.load(file))
        return {group["name"]: group["cgroup"] for group in sorted(found, key=lambda g: g["startedAt"])}

    def agent(self, *settings, guard=False):
        where = [*self.runtime, "--state-dir", f"{self.folder}/state"]
        if guard:
            self.start([self.headroom, "guard", *where])
        agent = self.start([self.headroom, "run", *where, "--docker", "off", "--metrics-listen", f"127.0.0.1:{self.port}", "--control-listen", "off",
                            *(["--nvml", self.nvml] if self.nvml else []), *settings])
        until("the agent's metrics", lambda: self.metrics().sum("headroom_agent_ticks_total"), 60, [agent])
        return agent

    def metrics(self):
        return Metrics(page(f"http://127.0.0.1:{self.port}/metrics"))


def freeze(folder, still):
    """Of a cgroup, as the agent does it; returns when the kernel says so, or raises after a second."""
    v2 = os.path.exists(f"{folder}/cgroup.freeze")
    path = f"{folder}/cgroup.freeze" if v2 else f"{folder}/freezer.state"
    if not os.path.exists(path):
        return  # it has ended
    file = os.open(path, os.O_RDWR)
    state = os.open(f"{folder}/cgroup.events", os.O_RDONLY) if v2 else file
    try:
        end = time.monotonic() + 1
        words = (b"1" if still else b"0") if v2 else (b"FROZEN" if still else b"THAWED")
        os.write(file, words)
        while not (f"frozen {still:d}".encode() in os.pread(state, 256, 0) if v2 else os.pread(state, 256, 0).startswith(words)):
            if time.monotonic() > end:
                raise RuntimeError(f"{path} does not obey within a second")
            if not v2:
                os.pwrite(file, words, 0)
    finally:
        for opened in {file, state}:
            os.close(opened)


def remove_cgroup(folder):
    for path, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            pass  # somebody is in it still


def smi(*words, within=30):
    """What nvidia-smi says; None: it does not know such a thing here."""
    try:
        said = subprocess.run(["nvidia-smi", *words], capture_output=True, text=True, timeout=within)
    except FileNotFoundError:
        raise CannotShow("nvidia-smi is not there: this needs an NVIDIA GPU and its driver")
    except subprocess.TimeoutExpired:
        return None
    return said.stdout if said.returncode == 0 else None


def card(gpu, cpu=False):
    """One line for the head of a page."""
    try:
        import torch
        version = f"PyTorch {torch.__version__}"
    except ImportError:
        version = "no PyTorch"
    today = f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
    if cpu:
        return f"**No GPU: the CPU, to try the script; the numbers say nothing.** {version}, {today}"
    said = smi("-i", str(gpu), "--query-gpu=name,driver_version,memory.total,uuid", "--format=csv,noheader")
    if not said:
        raise CannotShow(f"nvidia-smi shows no GPU {gpu}")
    name, driver, memory, uuid = [word.strip() for word in said.split(",")]
    os.environ["CUDA_VISIBLE_DEVICES"] = uuid
    return f"{name}, {memory}, driver {driver}, {version}, {today}"


def run(main, name):
    """The exit codes of all labs."""
    try:
        sys.exit(main())
    except (CannotShow, RuntimeError, OSError, subprocess.SubprocessError) as e:
        print(f"{name}: {e}", file=sys.stderr)
        sys.exit(2)
