"""Compares two recorded steps, and names each element in which they differ.

An element is a text such as

    run                                     the step could not be run at all
    status
    header content-type
    header location param NAME              the parameters of a redirect, one by one
    body:/response/message                  text, or "... missing", "... extra", "... attributes", "... order"
    body                                    where one of the two is no XML (or JSON)
    upstream bbb1 create param NAME         also "... checksum", "... body", "... type", "... method"
    upstream bbb1 isMeetingRunning missing  or "... extra"
    result, files

Several children of one name are counted: body:/response/meetings/meeting[2]/meetingID. The order of
parameters, and of the requests that reach the servers, does not count.
"""
import collections
import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import unquote_plus, urlsplit

HEADERS_COMPARED = ["content-type", "location", "set-cookie", "x-accel-redirect", "content-disposition",
                    "www-authenticate", "allow"]
RAILS_PARAMS = {"controller", "action", "format", "bigbluebutton_api"}   # leak into forwarded JSON
OBJECT_STATE = {"new_record", "destroyed"}          # leaks of Ruby objects into JSON answers

# Elements that BigBlueButton knows and Scalelite never sends: they may be added where a transcript has none.
MAY_ADD = {"/response/apiVersion", "/response/pagination", "/response/totalElements",
           "/response/recordings/recording/isBreakout", "/response/recordings/recording/rawSize",
           "/response/recordings/recording/playback/format/processingTime",
           "/response/recordings/recording/playback/format/size"}

# What may be added to a create for beadle's own use: its own marks, and an end callback where the client gave none.
OWN_PARAMS = re.compile(r"^meta_beadle-")
OWN_CALLBACK = re.compile(r"^(meta_end-?callback-?url|meetingEndedURL)$", re.I)

# How a candidate polls, and that it may probe a server when it is added, is its own business.
OWN_BUSINESS = ("poll", "add_server", "set_server", "reset", "start")


def compare(want, got):
    """The differences between two recorded steps, as (element, words); an empty list when they agree."""
    want, got = same_times(want), same_times(got)
    loose = want.get("loose") or []
    out = []
    if "response" in want:
        out += response_differences(want, got.get("response") or {}, loose)
    if "upstream" in want and want.get("verb") not in OWN_BUSINESS and "upstream" not in loose:
        once = "upstream_count" in loose
        out += upstream_differences(upstream_form(want["upstream"], once),
                                    upstream_form(got.get("upstream") or [], once))
    if "result" in want and "result" not in loose and want["result"] != got.get("result"):
        out.append(("result", wanted(want["result"], got.get("result"))))
    if "files" in want and want["files"] != got.get("files"):
        out.append(("files", wanted(want["files"], got.get("files"))))
    return out


def wanted(want, got):
    return f"want {want!r}, got {got!r}"


def same_times(v):
    """A token time given as text counts like a number."""
    return json.loads(json.dumps(v).replace("m as text}", "m}"))


def parse_pairs(text):
    out = []
    for part in text.split("&"):
        if part:
            k, _, v = part.partition("=")
            out.append([unquote_plus(k), unquote_plus(v)])
    return out


# ---- responses -------------------------------------------------------------------------------------------------------
def response_differences(want, got, loose):
    unordered = want.get("unordered") or []
    want = want["response"]
    out = []
    if want["status"] != got.get("status"):
        out.append(("status", wanted(want["status"], got.get("status"))))
    for name in HEADERS_COMPARED:
        if name not in loose:
            out += header_differences(name, want["headers"].get(name), (got.get("headers") or {}).get(name))
    if "body" not in loose:
        a = body_form(want["headers"].get("content-type"), want["body"], unordered)
        b = body_form((got.get("headers") or {}).get("content-type"), got.get("body", ""), unordered, like=want["body"])
        out += body_differences("body", a, b)
    return out


def header_differences(name, want, got):
    a, b = want, got
    if a and b:
        if name == "content-type":
            a, b = a.lower().replace(" ", ""), b.lower().replace(" ", "")
        if name == "set-cookie":
            a, b = cookie_form(a), cookie_form(b)
        if name == "location":
            (a, a_params), (b, b_params) = url_form(a), url_form(b)
            if a == b:
                return param_differences("header location", a_params, b_params)
    return [] if a == b else [(f"header {name}", wanted(want, got))]


def url_form(url):
    s = urlsplit(url)
    return [s.scheme, s.netloc, s.path, s.fragment], parse_pairs(s.query)


def cookie_form(value):
    """Names and attributes of cookies; the value is the server's own business."""
    out = []
    for c in value if isinstance(value, list) else [value]:
        first, *attrs = [a.strip() for a in c.split(";")]
        pairs = [a.partition("=") for a in attrs]
        out.append([first.split("=", 1)[0], sorted([k.lower(), v.lower() if k.lower() == "samesite" else v]
                                                   for k, _, v in pairs)])
    return sorted(out)


def param_differences(where, want, got):
    """Parameters as a set of names, each with its values."""
    names = dict.fromkeys(k for k, _ in [*want, *got])
    values = lambda pairs, name: sorted(v for k, v in pairs if k == name)
    return [(f"{where} param {name}", wanted(values(want, name), values(got, name)))
            for name in names if values(want, name) != values(got, name)]


# ---- bodies ----------------------------------------------------------------------------------------------------------
def body_form(ctype, body, unordered, like=None):
    """Comparable form of a body: XML by structure and order, JSON by value, anything else as text.
    like: the body it is compared with; elements of MAY_ADD that it lacks are left out."""
    kind = (ctype or "").split(";")[0].strip().lower()
    if kind in ("application/xml", "text/xml") and body.strip():
        try:
            known = None if like is None else paths(ET.fromstring(like))
            return ["xml", xml_form(ET.fromstring(body), set(unordered), known=known)]
        except ET.ParseError:
            pass
    if kind == "application/json" and body.strip():
        try:
            value = json.loads(body, object_pairs_hook=lambda kv: {k: v for k, v in kv if k not in OBJECT_STATE})
            if isinstance(value, list) and "[]" in unordered:
                value.sort(key=lambda v: json.dumps(v, sort_keys=True))
            return ["json", value]
        except ValueError:
            pass
    return ["text", body]


def paths(el, path=""):
    path = f"{path}/{el.tag}"
    return {path}.union(*(paths(k, path) for k in el))


def xml_form(el, unordered, path="", known=None):
    path = f"{path}/{el.tag}"
    kids = [xml_form(k, unordered, path, known) for k in el
            if known is None or f"{path}/{k.tag}" not in MAY_ADD or f"{path}/{k.tag}" in known]
    if path in unordered:
        kids.sort(key=lambda k: json.dumps(k, sort_keys=True))
    text = (el.text or "").strip() if len(el) or not (el.text or "").strip() else el.text
    return [el.tag, sorted(map(list, el.attrib.items())), text, kids]


def body_differences(where, want, got):
    (a_kind, a), (b_kind, b) = want, got
    if a_kind == b_kind == "xml":
        if a[0] == b[0]:
            return xml_differences(f"{where}:/{a[0]}", a, b)
    elif a_kind == b_kind == "json":
        return json_differences(f"{where}:", a, b)
    return [] if a == b else [(where, wanted(a, b))]


def xml_differences(path, want, got):
    """Two elements of one name: attributes, text, then the children of each name in their order."""
    (_, a_attrs, a_text, a_kids), (_, b_attrs, b_text, b_kids) = want, got
    out = []
    if a_attrs != b_attrs:
        out.append((f"{path} attributes", wanted(a_attrs, b_attrs)))
    if a_text != b_text:
        out.append((path, wanted(a_text, b_text)))
    a_named, b_named = by_name(a_kids), by_name(b_kids)
    for name in dict.fromkeys([*a_named, *b_named]):
        a, b = a_named.get(name, []), b_named.get(name, [])
        many = len(a) > 1 or len(b) > 1
        for i in range(max(len(a), len(b))):
            kid = f"{path}/{name}" + (f"[{i + 1}]" if many else "")
            if i >= len(a):
                out.append((f"{kid} extra", wanted(None, b[i])))
            elif i >= len(b):
                out.append((f"{kid} missing", wanted(a[i], None)))
            else:
                out += xml_differences(kid, a[i], b[i])
    order_a, order_b = [[k[0] for k in kids if k[0] in a_named and k[0] in b_named] for kids in (a_kids, b_kids)]
    if collections.Counter(order_a) == collections.Counter(order_b) and order_a != order_b:
        out.append((f"{path} order", wanted(order_a, order_b)))
    return out


def by_name(kids):
    out = {}
    for kid in kids:
        out.setdefault(kid[0], []).append(kid)
    return out


def json_differences(path, want, got):
    if isinstance(want, dict) and isinstance(got, dict):
        pairs = [(k, want.get(k), got.get(k), k in want, k in got) for k in dict.fromkeys([*want, *got])]
    elif isinstance(want, list) and isinstance(got, list):
        at = lambda v, i: v[i] if i < len(v) else None
        pairs = [(i + 1, at(want, i), at(got, i), i < len(want), i < len(got)) for i in range(max(len(want), len(got)))]
    else:
        return [] if want == got and type(want) is type(got) else [(path, wanted(want, got))]
    out = []
    for key, a, b, in_a, in_b in pairs:
        if in_a and in_b:
            out += json_differences(f"{path}/{key}", a, b)
        else:
            out.append((f"{path}/{key} {'missing' if in_a else 'extra'}", wanted(a, b)))
    return out


# ---- what reached the servers ----------------------------------------------------------------------------------------
def client_params(params):
    """The parameters without those that beadle added for itself."""
    return sorted([k, v] for k, v in params
                  if not OWN_PARAMS.match(k) and not (OWN_CALLBACK.match(k) and "/beadle/" in v))


def upstream_form(up, once):
    """The requests in a form that can be compared, each as text. once: what was repeated counts once."""
    out = []
    for u in up:
        body = u.get("body", "")
        if u["path"].startswith("/sink") and (u.get("content_type") or "").startswith("application/json"):
            try:
                body = json.dumps({k: v for k, v in json.loads(body).items() if k not in RAILS_PARAMS}, sort_keys=True)
            except ValueError:
                pass
        if u["path"].startswith("/sink") and (u.get("content_type") or "").startswith("application/x-www-form"):
            body = json.dumps(sorted(parse_pairs(body)))
        out.append(json.dumps({
            "server": u["server"], "method": u["method"], "path": u["path"], "params": client_params(u["params"]),
            "checksum": u["checksum"], "type": (u.get("content_type") or "").split(";")[0],
            "authorization": (u.get("info_headers") or {}).get("authorization"),
            "body": body_form(u.get("content_type"), body, ())}, sort_keys=True))
    return sorted(set(out) if once else out)


def upstream_differences(want, got):
    """Requests that only one side has, paired by server and path as far as that goes."""
    a, b = collections.Counter(want), collections.Counter(got)
    missing, extra = by_target((a - b).elements()), by_target((b - a).elements())
    out = []
    for target in dict.fromkeys([*missing, *extra]):
        where = "upstream " + target
        ours, theirs = missing.get(target, []), extra.get(target, [])
        for x, y in zip(ours, theirs):
            out += request_differences(where, x, y)
        out += [(f"{where} missing", wanted(x, None)) for x in ours[len(theirs):]]
        out += [(f"{where} extra", wanted(None, y)) for y in theirs[len(ours):]]
    return out


def by_target(requests):
    out = {}
    for text in requests:
        request = json.loads(text)
        path = request["path"].removeprefix("/bigbluebutton/api").removeprefix("/") or "index"
        out.setdefault(f"{request['server']} {path}", []).append(request)
    return out


def request_differences(where, want, got):
    out = param_differences(where, want["params"], got["params"])
    for name in ("method", "checksum", "type", "authorization"):
        if want[name] != got[name]:
            out.append((f"{where} {name}", wanted(want[name], got[name])))
    return out + body_differences(f"{where} body", want["body"], got["body"])
