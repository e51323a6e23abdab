#!/usr/bin/env python3
"""Draws a dashboard of dashboards/ as one HTML page, from the same JSON and a real Prometheus. Not Grafana: a plain renderer that knows
the panel kinds, units, value mappings, thresholds and stacking that our dashboards use, so that a person can look at them without one.

    render.py PROMETHEUS_URL DASHBOARD.json START END OUT.html     times in Unix seconds
"""
import html
import json
import math
import re
import sys
import urllib.parse
import urllib.request
from datetime import datetime, timezone

COLUMN, UNIT, GAP, WIDTH = 58, 30, 8, 24
PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A400", "#5E4FA2", "#8C564B", "#4D4D4D"]
STEP = 15
VARIABLES = {"$__range_s": "3600", "$__range": "3600s", "$node": ".*", "$gpu": ".*", "$workload": ".*"}


class Prometheus:
    def __init__(self, url, start, end):
        self.url, self.start, self.end = url, start, end

    def get(self, path, **query):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}") as answer:
            return json.load(answer)["data"]

    def instant(self, expr):
        return [(s["metric"], float(s["value"][1])) for s in self.get("query", query=expr, time=self.end)["result"]]

    def range(self, expr, step=STEP):
        """[(labels, {time: value})]"""
        found = self.get("query_range", query=expr, start=self.start, end=self.end, step=step)["result"]
        return [(s["metric"], {int(t): float(v) for t, v in s["values"] if v != "NaN"}) for s in found]


def step_of(panel):
    return int(panel["interval"].rstrip("m")) * 60 if "interval" in panel else STEP


def fill(expr, chosen, step=STEP):
    rate = max(step + STEP, 4 * STEP)  # as Grafana's documentation defines $__rate_interval
    rates = {"$__rate_interval_ms": str(rate * 1000), "$__rate_interval": f"{rate}s"}
    for name, value in {**rates, **VARIABLES, **chosen}.items():
        expr = expr.replace(name, value)
    return expr


def legend(query, labels, otherwise=""):
    # One server in the hour: its name in every legend would only be in the way here.
    text = re.sub(r"\s*·\s*\{\{instance\}\}", "", query["legendFormat"])
    return re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m.group(1), ""), text) or otherwise


# ---- values as Grafana writes them

def scaled(value, base, names):
    n = 0
    while abs(value) >= base and n < len(names) - 1:
        value, n = value / base, n + 1
    return f"{trim(value)} {names[n]}".strip()


def trim(value, decimals=None):
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == 0:
        return "0"
    digits = max(0, min(4, 2 - int(math.floor(math.log10(abs(value))))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(value, unit, decimals=None):
    if unit == "percentunit":
        return trim(value * 100, decimals) + " %"
    if unit == "bytes":
        return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"])
    if unit == "Bps":
        return scaled(value, 1000, ["B/s", "kB/s", "MB/s", "GB/s"])
    if unit == "hertz":
        return scaled(value, 1000, ["Hz", "kHz", "MHz", "GHz"])
    if unit == "s":
        for size, name in ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
            if abs(value) >= size:
                return f"{trim(value / size)} {name}"
        return "0 s" if value == 0 else f"{trim(value * 1e6)} µs"
    if unit == "dtdurations":
        seconds = int(value)
        return f"{seconds // 3600} h {seconds % 3600 // 60} min" if seconds >= 3600 else f"{seconds // 60} min {seconds % 60} s"
    suffix = {"watt": " W", "watth": " Wh", "celsius": " °C", "reqps": " req/s", "ops": " /s"}.get(unit, "")
    return trim(value, decimals) + suffix


def mapping(field, value):
    """(text, color) of a mapped value."""
    for each in field.get("mappings") or []:
        key = str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
        if key in each["options"]:
            return each["options"][key]["text"], each["options"][key].get("color")
    return None, None


def threshold(field, value):
    color = None
    for step in field["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    return color


def overridden(panel, ref=None, name=None):
    changes = {}
    for each in panel["fieldConfig"]["overrides"]:
        by, what = each["matcher"]["id"], each["matcher"]["options"]
        if (by == "byFrameRefID" and what == ref) or (by == "byName" and what == name):
            changes.update({p["id"]: p["value"] for p in each["properties"]})
    return changes


def ink(background):
    r, g, b = (int(background[n:n + 2], 16) for n in (1, 3, 5))
    return "#000" if 0.3 * r + 0.59 * g + 0.11 * b > 140 else "#fff"


def escaped(text):
    return html.escape(str(text))


# ---- panels: each gives HTML for the inside of its box

def nothing(panel):
    return f'<div class="none">{escaped(panel["fieldConfig"]["defaults"].get("noValue", "no data"))}</div>'


def ticks(low, high, count=4, base=10):
    span = (high - low) / count or 1
    power = base ** math.floor(math.log(span, base))
    size = next(power * k for k in ((1, 2, 5, 10) if base == 10 else (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)) if power * k >= span)
    first = math.ceil(low / size) * size
    return [first + n * size for n in range(int((high - first) / size + 1e-9) + 1)]


def clock(at):
    return datetime.fromtimestamp(at, timezone.utc).strftime("%H:%M")


def series_of(panel, source, chosen):
    for query in panel["targets"]:
        for labels, values in source.range(fill(query["expr"], chosen, step_of(panel)), step_of(panel)):
            if values:
                yield query["refId"], legend(query, labels, "value"), values


def color_of(names, name):
    """The same workload has the same color everywhere on the page."""
    key = re.sub(r"^[^:]*: ", "", name)
    key = key.split(",")[0]
    return PALETTE[names.setdefault(key, len(names)) % len(PALETTE)]


def timeseries(panel, source, chosen, width, height, names, marks):
    field = panel["fieldConfig"]["defaults"]
    custom = field["custom"]
    unit = field.get("unit", "short")
    lines = []
    for ref, name, values in series_of(panel, source, chosen):
        change = overridden(panel, ref)
        fixed = change.get("color", {}).get("fixedColor")
        lines.append({
            "name": name, "values": values, "color": fixed or color_of(names, name),
            "stack": change.get("custom.stacking", custom["stacking"])["mode"] == "normal",
            "dash": change.get("custom.lineStyle", {}).get("dash"), "width": change.get("custom.lineWidth", custom["lineWidth"] or 1),
            "fill": change.get("custom.fillOpacity", custom["fillOpacity"]) / 100, "unit": change.get("unit", unit),
            "points": change.get("custom.showPoints") == "always", "right": change.get("custom.axisPlacement") == "right",
        })
    if not lines:
        return nothing(panel)
    seen = {}
    for n, line in enumerate(lines):  # two lines of one color: the second takes the next free one
        if line["dash"] is None and seen.setdefault(line["color"], n) != n:
            free = [c for c in PALETTE if c not in {other["color"] for other in lines}]
            line["color"] = free[0] if free else line["color"]
    interval = step_of(panel)
    times = list(range(source.start, source.end + 1, interval))
    base = {}
    for line in lines:
        line["from"] = {}
        if line["stack"]:
            for t, v in line["values"].items():
                line["from"][t] = base.get(t, 0)
                base[t] = base.get(t, 0) + v
            line["top"] = {t: line["from"][t] + v for t, v in line["values"].items()}
        else:
            line["top"] = line["values"]
    everything = [v for line in lines if not line["right"] for v in line["top"].values()] or [0, 1]
    low = field["min"] if "min" in field else min(everything)
    high = max(everything)
    limits = [s for s in field["thresholds"]["steps"] if s["value"] is not None] if custom["thresholdsStyle"]["mode"] != "off" else []
    for limit in limits:
        if limit["value"] < high * 4 or high == 0:
            high = max(high, limit["value"] * 1.05)
    if "max" in field:
        high = max(field["max"], high) if high > field["max"] * 1.001 else field["max"]
    if high <= low:
        high = low + 1
    high = high if "max" in field else high + (high - low) * 0.04
    log = custom.get("scaleDistribution", {}).get("type") == "log"
    if log:
        low, high = 10 ** math.floor(math.log10(min(v for v in everything if v > 0))), 10 ** math.ceil(math.log10(max(everything)))
    rows = math.ceil(sum(len(line["name"]) + 5 for line in lines[:12]) * 6.4 / (width - 20))
    legend_height = min(rows, 3) * 15 + 6
    plot_h, left, plot_w = height - legend_height - 26, 58, width - 78
    x = lambda t: left + (t - source.start) / (source.end - source.start) * plot_w
    part = lambda v: math.log(v / low) / math.log(high / low) if log else (v - low) / (high - low)
    y = lambda v: 10 + plot_h - part(min(max(v, low), high)) * plot_h
    out = [f'<svg width="{width}" height="{height - legend_height}">']
    scale = [low * 10 ** n for n in range(round(math.log10(high / low)) + 1)] if log else ticks(low, high, 4, 2 if unit == "bytes" else 10)
    for value in scale:
        out.append(f'<line x1="{left}" x2="{left + plot_w}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/><text x="{left - 5}" y="{y(value) + 3:.1f}" class="axis" text-anchor="end">{written(value, unit)}</text>')
    for at in range(source.start, source.end + 1, 600):
        out.append(f'<text x="{x(at):.1f}" y="{plot_h + 24}" class="axis" text-anchor="middle">{clock(at)}</text>')
    for at, color in marks:
        out.append(f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="10" y2="{plot_h + 10}" stroke="{color}" stroke-dasharray="2 3" opacity="0.6"/>')
    bars = custom["drawStyle"] == "bars"
    for line in lines:
        runs, run = [], []
        for t in times:
            if t in line["top"]:
                run.append(t)
            elif run:
                runs.append(run)
                run = []
        runs += [run] if run else []
        for run in runs:
            if bars:
                for t in run:
                    if line["values"][t] > 0:
                        wide = plot_w * interval / (source.end - source.start) * 0.8
                        bottom = line["from"].get(t, 0)
                        out.append(f'<rect x="{x(t) - wide / 2:.1f}" y="{y(line["top"][t]):.1f}" width="{wide:.1f}" height="{max(0.5, y(bottom) - y(line["top"][t])):.1f}" fill="{line["color"]}"/>')
                continue
            points, last = [], None
            for t in run:
                if custom["lineInterpolation"] == "stepAfter" and last is not None:
                    points.append((x(t), y(last)))
                last = line["top"][t] if not line["right"] else low + line["top"][t] * (high - low)
                points.append((x(t), y(last)))
            path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
            if line["fill"] > 0:
                under = " ".join(f"{x(t):.1f},{y(line['from'].get(t, max(low, 0))):.1f}" for t in reversed(run))
                out.append(f'<polygon points="{path} {under}" fill="{line["color"]}" opacity="{line["fill"]}"/>')
            if not (line["stack"] and line["fill"] > 0.5):
                dash = f' stroke-dasharray="{" ".join(map(str, line["dash"]))}"' if line["dash"] else ""
                out.append(f'<polyline points="{path}" fill="none" stroke="{line["color"]}" stroke-width="{max(1.3, line["width"])}"{dash}/>')
            if line["points"] or len(run) == 1:
                out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.4" fill="{line["color"]}"/>' for px, py in points]
    for limit in limits:
        if low <= limit["value"] <= high:
            out.append(f'<line x1="{left}" x2="{left + plot_w}" y1="{y(limit["value"]):.1f}" y2="{y(limit["value"]):.1f}" stroke="{limit["color"]}" stroke-width="1.5" stroke-dasharray="7 5"/>')
    out.append("</svg>")
    keys = "".join(f'<span><i style="{"border-top:3px dashed " + line["color"] + ";background:none;height:0" if line["dash"] else "background:" + line["color"]}"></i>{escaped(line["name"])}</span>' for line in lines[:12])
    more = f"<span>and {len(lines) - 12} more</span>" if len(lines) > 12 else ""
    return "".join(out) + f'<div class="legend" style="height:{legend_height}px">{keys}{more}</div>'


def timeline(panel, source, chosen, width, height, names, marks):
    field = panel["fieldConfig"]["defaults"]
    rows = [(name, values) for _, name, values in series_of(panel, source, chosen)]
    if not rows:
        return nothing(panel)
    used = {}
    left, plot_w, plot_h = min(230, width * 0.35), width - min(230, width * 0.35) - 22, height - 44
    tall = min(30, plot_h / len(rows))
    x = lambda t: left + (t - source.start) / (source.end - source.start) * plot_w
    out = [f'<svg width="{width}" height="{height - 20}">']
    for n, (name, values) in enumerate(rows):
        top = n * tall
        out.append(f'<text x="{left - 6}" y="{top + tall / 2 + 4:.1f}" class="axis" text-anchor="end">{escaped(name)}</text>')
        begin = None
        for t in list(range(source.start, source.end + 1, STEP)) + [None]:
            value = values.get(t) if t is not None else None
            if begin and value != begin[1]:
                text, color = mapping(field, begin[1])
                used[text] = color
                end = x(t - STEP if t is not None else source.end) + plot_w * STEP / (source.end - source.start)
                wide = min(end, left + plot_w) - x(begin[0])
                out.append(f'<rect x="{x(begin[0]):.1f}" y="{top + 2:.1f}" width="{wide:.1f}" height="{tall - 4:.1f}" fill="{color}"/>')
                if wide > 7 * len(text or ""):
                    out.append(f'<text x="{x(begin[0]) + 4:.1f}" y="{top + tall / 2 + 4:.1f}" class="axis" style="fill:{ink(color)}">{escaped(text)}</text>')
                begin = None
            if begin is None and value is not None:
                begin = (t, value)
    for at in range(source.start, source.end + 1, 600):
        out.append(f'<text x="{x(at):.1f}" y="{tall * len(rows) + 14:.1f}" class="axis" text-anchor="middle">{clock(at)}</text>')
    keys = "".join(f'<span><i style="background:{color}"></i>{escaped(text)}</span>' for text, color in used.items())
    return "".join(out) + f'</svg><div class="legend">{keys}</div>'


def stat(panel, source, chosen, width, height, names, marks):
    field = panel["fieldConfig"]["defaults"]
    found = [(legend(q, labels), value) for q in panel["targets"] for labels, value in source.instant(fill(q["expr"], chosen))]
    if not found:
        return f'<div class="stat" style="height:{height}px;color:#777">{escaped(field.get("noValue", "no data"))}</div>'
    name, value = found[0]
    text = name if panel["options"]["textMode"] == "name" else mapping(field, value)[0] or written(value, field.get("unit", "short"), field.get("decimals"))
    color = threshold(field, value)
    return f'<div class="stat" style="height:{height}px;background:{color};color:{ink(color)}">{escaped(text)}</div>'


def bargauge(panel, source, chosen, width, height, names, marks):
    field = panel["fieldConfig"]["defaults"]
    out = []
    for query in panel["targets"]:
        for labels, value in source.instant(fill(query["expr"], chosen)):
            part = min(1, max(0, (value - field["min"]) / (field["max"] - field["min"])))
            color = threshold(field, value)
            out.append(f'<div class="bar"><b>{escaped(legend(query, labels))}</b><u><i style="width:{part * 100:.1f}%;background:{color}"></i></u><em>{written(value, field["unit"])}</em></div>')
    return "".join(out) or nothing(panel)


def table(panel, source, chosen, width, height, names, marks):
    rows = {}
    for query in panel["targets"]:
        value_name = f"Value #{query['refId']}" if len(panel["targets"]) > 1 else "Value"
        for labels, value in source.instant(fill(query["expr"], chosen)):
            labels = {k: v for k, v in labels.items() if k != "__name__"}
            # Grafana's merge: rows are one where the labels that both have are equal.
            for known, row in rows.items():
                if all(row.get(k, v) == v for k, v in labels.items()):
                    row.update({**labels, value_name: value})
                    break
            else:
                rows[len(rows)] = {**labels, value_name: value}
            if query["refId"] != "A":  # a query with fewer labels joins every row that fits
                for row in rows.values():
                    if all(row.get(k) == v for k, v in labels.items()):
                        row[value_name] = value
    if not rows:
        return nothing(panel)
    organize = panel["transformations"][1]["options"]
    columns = [c for c in sorted(organize["indexByName"], key=organize["indexByName"].get) if not organize["excludeByName"].get(c)]
    listed = list(rows.values())
    for sort in panel["options"]["sortBy"]:
        key = next(k for k, v in organize["renameByName"].items() if v == sort["displayName"])
        listed.sort(key=lambda row: row.get(key, -math.inf), reverse=sort["desc"])
    out = ["<table><tr>" + "".join(f"<th>{escaped(organize['renameByName'][c])}</th>" for c in columns) + "</tr>"]
    for row in listed[: int((height - 30) / 24)]:
        cells = []
        for c in columns:
            change = overridden(panel, name=organize["renameByName"][c])
            value = row.get(c)
            text, style = "", ""
            if value is not None:
                text = mapping({"mappings": change.get("mappings")}, value)[0]
                if text is None:
                    text = written(value, change.get("unit", "short")) if isinstance(value, float) else value
                if "thresholds" in change and isinstance(value, float):
                    color = threshold({"thresholds": change["thresholds"]}, value)
                    style = f' style="background:{color};color:{ink(color)}"' if color.startswith("#") else ""
            cells.append(f"<td{style}>{escaped(text)}</td>")
        out.append("<tr>" + "".join(cells) + "</tr>")
    left_out = len(listed) - int((height - 30) / 24)
    return "".join(out) + "</table>" + (f'<div class="none" style="padding:2px">and {left_out} rows more</div>' if left_out > 0 else "")


KINDS = {"timeseries": timeseries, "state-timeline": timeline, "stat": stat, "bargauge": bargauge, "table": table}


def placed(panels, source):
    """Panels with those that repeat a GPU drawn once a GPU, and folded rows left folded."""
    shift = 0
    for panel in panels:
        place = dict(panel["gridPos"])
        place["y"] += shift
        if panel.get("repeat") == "gpu":
            gpus = sorted({m["gpu"] for m, _ in source.instant("headroom_gpu_info")})
            for n, gpu in enumerate(gpus):
                wide = WIDTH // min(len(gpus), panel["maxPerRow"])
                yield panel, {**place, "w": wide, "x": n % panel["maxPerRow"] * wide, "y": place["y"] + n // panel["maxPerRow"] * place["h"]}, {"$gpu": gpu}
            shift += (math.ceil(len(gpus) / panel["maxPerRow"]) - 1) * place["h"]
        else:
            yield panel, place, {}


def page(model, source):
    names, boxes, bottom = {}, [], 0
    # As Grafana marks them: those whose time lies in the range.
    marks = [(at, note["iconColor"]) for note in model["annotations"]["list"] for _, values in source.range(fill(note["expr"], {}))
             for at in sorted({v / 1000 for v in values.values()}) if source.start < at < source.end]
    for panel, place, chosen in placed(model["panels"], source):
        left, top = place["x"] * COLUMN, place["y"] * (UNIT + GAP)
        width, height = place["w"] * COLUMN - GAP, place["h"] * (UNIT + GAP) - GAP
        bottom = max(bottom, top + height)
        node = source.instant("headroom_agent_info")[0][0]["instance"]
        title = escaped(panel["title"].replace("$node", node).replace("$gpu", chosen.get("$gpu", "")))
        style = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
        if panel["type"] == "row":
            boxes.append(f'<h2 style="{style}">{"▸" if panel["collapsed"] else "▾"} {title}{" …" if panel["collapsed"] else ""}</h2>')
            continue
        inside = KINDS[panel["type"]](panel, source, chosen, width - 12, height - 30, names, marks)
        boxes.append(f'<div class="box" style="{style}"><h3>{title}</h3>{inside}</div>')
    when = f"{clock(source.start)} – {clock(source.end)} UTC"
    return f"""<!doctype html><meta charset="utf-8"><style>
body{{margin:14px;width:{WIDTH * COLUMN}px;font:12px "DejaVu Sans","WenQuanYi Micro Hei",sans-serif;background:#f4f5f5;color:#222}}
h1{{margin:0 0 2px;font-size:20px}} .note{{margin:0 0 10px;color:#666}} main{{position:relative;height:{bottom}px}}
h2{{position:absolute;margin:0;font-size:14px;line-height:30px}}
.box{{position:absolute;background:#fff;border:1px solid #ddd;border-radius:3px;padding:4px 6px;box-sizing:border-box;overflow:hidden}}
h3{{margin:0 0 4px;font-size:12px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.grid{{stroke:#e6e6e6}} .axis{{font-size:10px;fill:#555}} svg{{display:block}}
.legend{{overflow:hidden;font-size:10.5px;line-height:15px}} .legend span{{margin-right:12px;white-space:nowrap;display:inline-block}}
.legend i{{display:inline-block;width:14px;height:4px;margin-right:4px;vertical-align:middle}}
.stat{{display:flex;align-items:center;justify-content:center;font-size:30px;border-radius:3px}}
.none{{padding:20px;color:#888;text-align:center}}
table{{border-collapse:collapse;width:100%}} th,td{{text-align:left;padding:3px 6px;border-bottom:1px solid #eee;white-space:nowrap;font-size:11px;line-height:17px}}
.bar{{display:flex;align-items:center;margin:6px 0}} .bar b{{width:220px;font-weight:normal;text-align:right;padding-right:8px;font-size:11px}}
.bar u{{flex:1;background:#eee;height:18px;text-decoration:none}} .bar u i{{display:block;height:18px}} .bar em{{width:90px;padding-left:8px;font-style:normal}}
</style><title>{escaped(model["title"])}</title><h1>{escaped(model["title"])}</h1>
<p class="note">A simulated hour, {when}. Drawn by tests/dashboards/render.py from dashboards/{escaped(model["uid"])}.json and a real Prometheus; not by Grafana.</p>
<main>{"".join(boxes)}</main><!-- height {bottom + 80} -->"""


def main(arguments):
    if len(arguments) != 5:
        print(__doc__, file=sys.stderr)
        return 2
    url, path, start, end, out = arguments
    with open(path, encoding="utf-8") as file:
        model = json.load(file)
    with open(out, "w", encoding="utf-8") as file:
        file.write(page(model, Prometheus(url.rstrip("/"), int(start), int(end))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
