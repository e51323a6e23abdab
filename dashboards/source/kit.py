"""What the dashboards are made of. Every text is a W: English and Chinese side by side."""
from collections import namedtuple

LANGUAGES = ("en", "zh")
SCHEMA_VERSION = 42  # of the dashboard model in Grafana 12 and 13 (@grafana/schema); older Grafanas read it too
W = namedtuple("W", LANGUAGES)

# Okabe and Ito's palette: apart for people who do not see red and green.
BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, RED, PURPLE, GREY = "#E69F00", "#D55E00", "#CC79A7", "#8E8E8E"

# What the variables at the top select.
NODE = 'instance=~"$node"'
GPU = NODE + ', gpu=~"$gpu"'
LOAD = NODE + ', workload=~"$workload"'
LOAD_GPU = NODE + ', gpu=~"$gpu", workload=~"$workload"'

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def in_language(model, language):
    """The model with each W replaced by its text."""
    if isinstance(model, W):
        return getattr(model, language)
    if isinstance(model, dict):
        return {in_language(key, language): in_language(value, language) for key, value in model.items()}
    if isinstance(model, (list, tuple)):
        return [in_language(value, language) for value in model]
    return model


# ---- queries

def grown(metric, selector, window="$__rate_interval"):
    """How much a counter grew within the window. A counter that has no series before its first event begins at 1, which increase() cannot see:
    the first value of a series that is new is added, where the agent was scraped before or has started since."""
    series = f"{metric}{{{selector}}}"
    first = (
        f"(min_over_time({series}[{window}]) unless {series} offset {window}"
        f" and on (job, instance) (headroom_agent_ticks_total offset {window}"
        f" or headroom_agent_start_timestamp_seconds >= time() - {window_seconds(window)}))"
    )
    return f"(increase({series}[{window}]) + {first} or {first} or increase({series}[{window}]))"


def window_seconds(window):
    return {"$__range": "$__range_s", "$__rate_interval": "$__rate_interval_ms / 1000"}[window]


def coded(metric, label, words, selector, by):
    """One series a thing: the number of its state among the words, 1 for the first. State timelines show numbers by value mappings."""
    states = " or ".join(f'({metric}{{{selector}, {label}="{word}"}} == 1) * {number}' for number, word in enumerate(words, 1))
    return f"max by ({by}) ({states})"


def q(expr, legend="", instant=False):
    query = {"datasource": SOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend}
    query.update({"instant": True, "range": False, "format": "table"} if instant else {"instant": False, "range": True})
    return query


def now(expr, legend=""):
    """The value of now, for a stat or a gauge."""
    return {**q(expr, legend, instant=True), "format": "time_series"}


# ---- panels

def steps(*pairs):
    """Thresholds: the first has no lower end."""
    return {"mode": "absolute", "steps": [{"color": color, "value": None if n == 0 else value} for n, (value, color) in enumerate(pairs)]}


def mapped(texts):
    """Value -> (text, color)."""
    return [{
        "type": "value",
        "options": {str(value): {"text": text, "color": color, "index": n} if color else {"text": text, "index": n}
                    for n, (value, (text, color)) in enumerate(texts.items())},
    }]


def dashed(ref, color):
    """Query `ref` as a line over the others, not stacked."""
    return {"matcher": {"id": "byFrameRefID", "options": ref}, "properties": [
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
        {"id": "custom.fillOpacity", "value": 0},
        {"id": "custom.lineWidth", "value": 2},
        {"id": "custom.stacking", "value": {"mode": "none"}},
        {"id": "color", "value": {"mode": "fixed", "fixedColor": color}},
    ]}


def painted(ref, color):
    return {"matcher": {"id": "byFrameRefID", "options": ref}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}]}


def on_the_right(ref, unit):
    return {"matcher": {"id": "byFrameRefID", "options": ref}, "properties": [
        {"id": "unit", "value": unit}, {"id": "custom.axisPlacement", "value": "right"}, {"id": "custom.fillOpacity", "value": 0}]}


def _panel(kind, id, title, why, queries, w, h, defaults, overrides, options, **more):
    return {
        "id": id, "type": kind, "title": title, "description": why, "datasource": SOURCE,
        "gridPos": {"h": h, "w": w, "x": 0, "y": 0},
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options,
        "targets": [{"refId": chr(ord("A") + n), **query} for n, query in enumerate(queries)],
        **more,
    }


NOTHING = W("nothing in this time range", "此时间范围内没有数据")


def _field(unit=None, low=None, high=None, decimals=None, none=None, thresholds=None, mappings=None, color=None):
    field = {"unit": unit, "min": low, "max": high, "decimals": decimals, "noValue": none, "mappings": mappings}
    field = {key: value for key, value in field.items() if value is not None}
    field["thresholds"] = thresholds or steps((None, BLUE))
    field["color"] = color or {"mode": "palette-classic-by-name"}
    return field


def graph(id, title, why, *queries, unit="short", w=12, h=8, stack=False, fill=None, bars=False, low=0, high=None, limits=None,
          overrides=(), interval=None, repeat=None, decimals=None, steppy=False, log=False, none=None):
    """Lines over time. `limits`: thresholds drawn as dashed lines. `log`: where one line is a hundred times another."""
    field = _field(unit, None if log else low, high, decimals, none or NOTHING, thresholds=limits)
    field["custom"] = {
        "drawStyle": "bars" if bars else "line", "lineInterpolation": "stepAfter" if steppy else "linear",
        "lineWidth": 0 if stack and not bars else 1, "fillOpacity": (70 if stack or bars else 8) if fill is None else fill, "showPoints": "never",
        # A gap stays a gap: unknown is not zero.
        "spanNulls": False, "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if limits else "off"},
    }
    if log:
        field["custom"]["scaleDistribution"] = {"type": "log", "log": 10}
    more = {"interval": interval} if interval else {}
    if repeat:
        more.update({"repeat": repeat, "repeatDirection": "h", "maxPerRow": 2})
    return _panel("timeseries", id, title, why, queries, w, h, field, overrides, {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }, **more)


REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def stat(id, title, why, *queries, unit="short", w=4, h=4, limits=None, none=W("unknown", "未知"), mappings=None, decimals=None, text="auto"):
    field = _field(unit, decimals=decimals, none=none, thresholds=limits, mappings=mappings, color={"mode": "thresholds"})
    return _panel("stat", id, title, why, queries, w, h, field, (), {
        "colorMode": "background", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "percentChangeColorMode": "standard",
        "reduceOptions": REDUCE, "showPercentChange": False, "textMode": text, "wideLayout": True,
    })


def gauge(id, title, why, *queries, unit="percentunit", w=12, h=8, low=0, high=1, limits=None):
    field = _field(unit, low, high, none=NOTHING, thresholds=limits, color={"mode": "thresholds"})
    return _panel("bargauge", id, title, why, queries, w, h, field, (), {
        "displayMode": "basic", "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "maxVizHeight": 40, "minVizHeight": 16, "minVizWidth": 8, "namePlacement": "left", "orientation": "horizontal",
        "reduceOptions": REDUCE, "showUnfilled": True, "sizing": "auto", "valueMode": "color",
    })


def states(id, title, why, *queries, texts, w=24, h=7):
    """State over time: value -> (text, color)."""
    field = _field(none=NOTHING, mappings=mapped(texts), color={"mode": "thresholds"}, thresholds=steps((None, GREY)))
    field["custom"] = {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False, "insertNulls": False}
    return _panel("state-timeline", id, title, why, queries, w, h, field, (), {
        "alignValue": "left", "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "mergeValues": True, "rowHeight": 0.8, "showValue": "auto", "tooltip": {"mode": "single", "sort": "none"},
    })


def table(id, title, why, *queries, columns, w=24, h=8, sort=None, hide=(), none=None):
    """One row for each set of equal labels. `columns`: label or query letter -> (heading, unit, thresholds, mappings), in their order."""
    names = {key if len(key) > 1 else (f"Value #{key}" if len(queries) > 1 else "Value"): column for key, column in columns.items()}
    overrides = []
    for heading, unit, limits, mappings in names.values():
        properties = []
        if unit:
            properties.append({"id": "unit", "value": unit})
        if mappings:
            properties.append({"id": "mappings", "value": mapped(mappings)})
        if limits:
            properties += [{"id": "thresholds", "value": limits}, {"id": "color", "value": {"mode": "thresholds"}},
                           {"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}}]
        if properties:
            overrides.append({"matcher": {"id": "byName", "options": heading}, "properties": properties})
    field = _field(none=none or NOTHING)
    field["custom"] = {"align": "auto", "inspect": False, "filterable": True}
    return _panel("table", id, title, why, [{**query, "format": "table"} for query in queries], w, h, field, overrides, {
        "cellHeight": "sm", "frameIndex": 0, "showHeader": True,
        "sortBy": [{"displayName": sort, "desc": True}] if sort else [],
    }, transformations=[{"id": "merge", "options": {}}, {"id": "organize", "options": {
        "excludeByName": {name: True for name in ("Time", *hide)}, "includeByName": {},
        "indexByName": {name: n for n, name in enumerate(names)},
        "renameByName": {name: column[0] for name, column in names.items()},
    }}])


def column(heading, unit=None, limits=None, mappings=None):
    return (heading, unit, limits, mappings)


def row(id, question, *panels, repeat=None, collapsed=False):
    return {"id": id, "question": question, "panels": list(panels), "repeat": repeat, "collapsed": collapsed}


# ---- the whole

def _flow(rows):
    """Panels from left to right, rows from top to bottom."""
    placed, top = [], 0
    for each in rows:
        head = {"id": each["id"], "type": "row", "title": each["question"], "collapsed": each["collapsed"], "panels": [],
                "gridPos": {"h": 1, "w": 24, "x": 0, "y": top}}
        if each["repeat"]:
            head["repeat"] = each["repeat"]
        placed.append(head)
        top, left, tall = top + 1, 0, 0
        inside = head["panels"] if each["collapsed"] else placed
        for panel in each["panels"]:
            place = panel["gridPos"]
            if left + place["w"] > 24:
                top, left, tall = top + tall, 0, 0
            panel["gridPos"] = {**place, "x": left, "y": top}
            left, tall = left + place["w"], max(tall, place["h"])
            inside.append(panel)
        top += tall
    return placed


def _choice(name, label, query, hidden):
    return {
        "type": "query", "name": name, "label": label, "datasource": SOURCE, "definition": query,
        "query": query, "refresh": 2, "sort": 7, "regex": "",
        "multi": True, "includeAll": True, "allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [], "skipUrlSync": False, "hide": 2 if hidden else 0,
    }


def _variables(uses):
    """All of them everywhere, so that a link to another dashboard keeps them; hidden where nothing asks for them."""
    return [
        {"type": "datasource", "name": "datasource", "label": W("Data source", "数据源"), "query": "prometheus", "regex": "", "refresh": 1,
         "multi": False, "includeAll": False, "options": [], "skipUrlSync": False, "hide": 0},
        _choice("node", W("Server", "服务器"), "label_values(headroom_agent_info, instance)", False),
        _choice("gpu", "GPU", f"label_values(headroom_gpu_info{{{NODE}}}, gpu)", "gpu" not in uses),
        _choice("workload", W("Workload", "负载"), f"label_values(headroom_workload_info{{{NODE}}}, workload)", "workload" not in uses),
    ]


def _annotations():
    def events(name, color, expr, title, text, tags):
        return {"name": name, "datasource": SOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expr, "step": "15s",
                "titleFormat": title, "textFormat": text, "tagKeys": tags, "useValueForTime": True}
    return [
        events(W("Holds", "限制"), BLUE, f"headroom_hold_since_timestamp_seconds{{{LOAD}}} * 1000",
               W("{{workload}}: {{lever}} begins", "{{workload}}：开始 {{lever}}"),
               W("Headroom on {{instance}} holds {{workload}} by {{lever}} from here on", "{{instance}} 上的 Headroom 从此刻起以 {{lever}} 限制 {{workload}}"), "workload,lever"),
        events(W("XID errors", "XID 错误"), RED, f"headroom_gpu_xid_last_timestamp_seconds{{{GPU}}} * 1000",
               W("XID {{xid}} on GPU {{gpu}}", "GPU {{gpu}} 报告 XID {{xid}}"),
               W("The driver of {{instance}} reported XID {{xid}} on GPU {{gpu}}", "{{instance}} 的驱动在 GPU {{gpu}} 上报告了 XID {{xid}}"), "gpu,xid"),
    ]


def _uid(board):
    return W(f"headroom-{board['name']}", f"headroom-{board['name']}-zh")


def _link(board):
    uid = _uid(board)
    return {"type": "link", "title": board["title"], "url": W(f"/d/{uid.en}", f"/d/{uid.zh}"), "tooltip": board["answers"], "icon": "dashboard", "tags": [],
            "asDropdown": False, "targetBlank": False, "includeVars": True, "keepTime": True}


def dashboard(board, all_boards):
    return {
        "uid": _uid(board), "title": W(f"Headroom: {board['title'].en}", f"Headroom：{board['title'].zh}"), "description": board["answers"],
        "tags": ["headroom"], "schemaVersion": SCHEMA_VERSION, "editable": True, "graphTooltip": 1, "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"}, "refresh": "30s",
        "links": [_link(other) for other in all_boards if other is not board],
        "templating": {"list": _variables(board["uses"])},
        "annotations": {"list": _annotations()},
        "panels": _flow(board["rows"]),
    }
