#!/usr/bin/env python3
"""golden - replay requests against beadle, and compare the answers with those that Scalelite gave.

    golden.py replay --adapter http://127.0.0.1:PORT [--only PATTERN] [--level must] [--dir DIR] [--report FILE]
    golden.py list   [--only PATTERN] [--level must] [--dir DIR]

The cases are in cases.json, the transcripts in transcripts/*.json; the adapter protocol and the normalisation
rules are described in README.md, and how two steps are compared in compare.py. Standard library only.
The fake BigBlueButton servers (fakebbb.py) are started by this program.
"""
import argparse
import base64
import collections
import fnmatch
import hashlib
import hmac
import io
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from urllib.parse import quote_plus, urlsplit

from compare import HEADERS_COMPARED, compare, parse_pairs
from differences import Differences

HERE = pathlib.Path(__file__).resolve().parent
BBBS = ["bbb1", "bbb2", "bbb3", "bbb4", "bbb5", "bbb6"]
ALGOS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
BY_LENGTH = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
CLOCK = 1_700_000_000_000
RAILS_HEADERS = {"x-frame-options", "x-xss-protection", "x-content-type-options", "x-permitted-cross-domain-policies",
                 "referrer-policy", "x-request-id", "x-runtime", "content-length", "date", "etag", "connection", "server",
                 "transfer-encoding"}
LONG = 8000
BASES = range(23100, 32700, 100)        # control ports of the fake servers to try, below those that systems hand out
KNOWN_SECRETS = []


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt_parts(token):
    try:
        head, payload, _ = token.split(".")
        pad = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
        return json.loads(pad(head)), json.loads(pad(payload))
    except (ValueError, UnicodeDecodeError):
        return None


def post_json(url, data=None):
    req = urllib.request.Request(url, json.dumps(data or {}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(req, timeout=180) as r:
        return json.loads(r.read())


def get_json(url):
    with urllib.request.urlopen(url, timeout=60) as r:
        return json.loads(r.read())


def http(host, port, method, target, headers, body, timeout=60):
    """One request over a fresh connection, byte exact; returns (status, [(name, value)], body)."""
    lines = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers] + ["Connection: close", "", ""]
    data = "\r\n".join(lines).encode("utf-8") + body
    with socket.create_connection((host, port), timeout) as s:
        s.sendall(data)
        buf = b""
        while True:
            chunk = s.recv(65536)
            if not chunk:
                break
            buf += chunk
    head, _, rest = buf.partition(b"\r\n\r\n")
    rows = head.decode("latin-1").split("\r\n")
    status = int(rows[0].split(" ")[1])
    got = []
    for row in rows[1:]:
        k, _, v = row.partition(":")
        got.append((k.strip().lower(), v.strip()))
    if dict(got).get("transfer-encoding", "").lower() == "chunked":
        out, pos = b"", 0
        while True:
            eol = rest.find(b"\r\n", pos)
            if eol < 0:
                break
            size = int(rest[pos:eol].split(b";")[0], 16)
            if size == 0:
                break
            out += rest[eol + 2:eol + 2 + size]
            pos = eol + 2 + size + 2
        rest = out
    return status, got, rest


def text_of(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(data).decode()


def shorten(text):
    """Long bodies are kept as their start and a digest."""
    if len(text) <= LONG:
        return text
    return f"{text[:80]}...{{{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()}}}"


# ---- normalisation ---------------------------------------------------------------------------------------------------
class Norm:
    """Replaces what may differ between two runs by names. Literals first (longest first), then patterns."""
    RULES = [
        (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "{uuid}"),
        (re.compile(r"(token=)[0-9a-f]{64}\b"), r"\1{token64}"),
        (re.compile(r"(?<![\w}/.:])/[\w./-]*/spool/"), "{spool}/"),
    ]
    JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

    def __init__(self):
        self.literals = {}
        self.generated = {}

    def add(self, literal, name):
        if literal:
            self.literals.setdefault(literal, name)

    @staticmethod
    def when(v):
        """A time in a token, relative to now (far away ones are constants of a test and stay)."""
        try:
            minutes = round((float(v) - time.time()) / 60)
        except (TypeError, ValueError):
            return v
        if abs(minutes) > 100_000:
            return v
        return f"{{now+{minutes}m}}" if not isinstance(v, str) else f"{{now+{minutes}m as text}}"

    def jwt_text(self, match):
        token = match.group(0)
        parts = jwt_parts(token)
        if parts is None:
            return "{jwt:unreadable}"
        head, payload = parts
        signer = "unknown"
        for secret in KNOWN_SECRETS:
            if head.get("alg") in ("HS256", "HS384", "HS512"):
                text, _, mac = token.rpartition(".")
                fn = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[head["alg"]]
                if b64url(hmac.new(secret.encode(), text.encode(), fn).digest()) == mac:
                    signer = "SECRET_KEY_BASE" if len(secret) == 64 and secret != "x" * 64 else secret
        head = {k: v for k, v in head.items() if k != "typ"}
        payload = {k: (self.when(v) if k in ("exp", "iat", "nbf") else v) for k, v in payload.items()}
        inner = json.dumps([head, payload, "signed with " + signer], sort_keys=True)
        return "{jwt:" + self.text(inner) + "}"

    def text(self, s):
        if not isinstance(s, str):
            return s
        for literal in sorted(self.literals, key=len, reverse=True):
            if literal in s:
                s = s.replace(literal, self.literals[literal])
        s = self.JWT.sub(self.jwt_text, s)
        for rule, repl in self.RULES:
            s = rule.sub(repl, s)
        return s

    def deep(self, v):
        if isinstance(v, dict):
            return {self.text(k): self.deep(x) for k, x in v.items()}
        if isinstance(v, (list, tuple)):
            return [self.deep(x) for x in v]
        return self.text(v)


# ---- running ---------------------------------------------------------------------------------------------------------
class Runner:
    def __init__(self, args):
        self.adapter = args.adapter.rstrip("/")
        self.bases = [args.bbb_base] if args.bbb_base else BASES
        self.bbb_host = "127.0.0.1"
        self.secrets = {name: f"bbb-secret-{i + 1}" for i, name in enumerate(BBBS)}
        self.fake = None
        self.profile = None
        self.place = {}

    # fake BigBlueButton servers
    def start_fakes(self):
        if not any(self.start_fakes_on(base) for base in self.bases):
            raise SystemExit("the fake BigBlueButton servers do not start; their ports are in use")

    def start_fakes_on(self, base):
        """Whether the fake servers could be started on the ports that follow base. They say so when they listen."""
        self.bbb_base = base
        self.ports = {name: base + 1 + i for i, name in enumerate(BBBS)}
        ports = list(self.ports.values())
        self.fake = subprocess.Popen([sys.executable, str(HERE / "fakebbb.py"), "--ports", f"{ports[0]}-{ports[-1]}",
                                      "--secret", ",".join(self.secrets.values()), "--ctl-port", str(base)],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.fake.stdout.readline():
            return True
        self.stop_fakes()
        return False

    def stop_fakes(self):
        if self.fake:
            self.fake.terminate()
            self.fake.wait()
            self.fake.stdout.close()

    def ctl(self, name, what, data=None):
        port = "all" if name == "all" else self.ports[name]
        return post_json(f"http://{self.bbb_host}:{self.bbb_base}/_ctl/{port}/{what}", data)

    def call(self, verb, data=None):
        res = post_json(f"{self.adapter}/{verb}", data)
        if not res.get("ok", False):
            raise RuntimeError(f"adapter {verb}: {res}")
        return res

    def reset(self, case, profiles):
        if self.profile != case["profile"]:
            p = profiles[case["profile"]]
            self.place = self.call("start", {"profile": case["profile"], "env": p.get("env", {}),
                                             "unset": p.get("unset", [])})
            self.profile = case["profile"]
        self.call("reset")
        self.ctl("all", "reset")
        for i, name in enumerate(BBBS):
            self.ctl(name, "clock", {"now_ms": CLOCK + i * 1_000_000, "step_ms": 1000})
        self.vars = {name: f"http://{self.bbb_host}:{port}" for name, port in self.ports.items()}
        self.norm = Norm()
        for name, url in self.vars.items():
            self.norm.add(url, "{" + name + "}")
            self.norm.add(quote_plus(url), "{" + name + "|url}")
        self.seen = {name: 0 for name in BBBS}

    def fill(self, v):
        """Put saved values into {names}."""
        if isinstance(v, str):
            return re.sub(r"\{([A-Za-z][A-Za-z0-9_:]*)\}", lambda m: str(self.vars.get(m.group(1), m.group(0))), v)
        if isinstance(v, list):
            return [self.fill(x) for x in v]
        if isinstance(v, tuple):
            return tuple(self.fill(x) for x in v)
        if isinstance(v, dict):
            return {self.fill(k): self.fill(x) for k, x in v.items()}
        return v

    # one step -> one record
    def step(self, s):
        kind = s["do"]
        if kind == "http":
            return self.do_http(s)
        if kind == "bbb":
            self.ctl(s["server"], s["what"], self.fill(s.get("data") or {}))
            return {"do": "bbb", "server": s["server"], "what": s["what"], "data": s.get("data")}
        if kind == "adapter":
            return self.do_adapter(s)
        if kind == "tar":
            self.do_tar(s)
            return {"do": "tar", "name": s["name"], "files": sorted(s["files"])}
        if kind == "files":
            return {"do": "files", "files": {area: self.ls(area) for area in ("published", "unpublished", "spool")}}
        if kind == "fs":
            path = pathlib.Path(self.place[s["area"] + "_dir"]) / s["path"]
            if s["op"] == "rm":
                subprocess.run(["rm", "-rf", str(path)], check=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(s.get("text", ""))
                for p in [path, *path.parents][:4]:
                    if str(p).startswith(self.place[s["area"] + "_dir"]) and p != pathlib.Path(self.place[s["area"] + "_dir"]):
                        os.chmod(p, 0o777 if p.is_dir() else 0o666)
            return {k: s[k] for k in ("do", "op", "area", "path")}
        if kind == "sleep":
            time.sleep(s["seconds"])
            return {"do": "sleep", "seconds": s["seconds"]}
        raise ValueError(kind)

    def ls(self, area):
        root = pathlib.Path(self.place[area + "_dir"])
        return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) if root.exists() else []

    def do_tar(self, s):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as t:
            for name, text in self.fill(s["files"]).items():
                data = text.encode()
                info = tarfile.TarInfo(name)
                info.size, info.mode, info.mtime = len(data), 0o644, 1_700_000_000
                t.addfile(info, io.BytesIO(data))
        path = pathlib.Path(self.place["spool_dir"]) / s["name"]
        tmp = path.with_suffix(".part")
        tmp.write_bytes(out.getvalue() if not s.get("corrupt") else b"this is not a tar file")
        os.chmod(tmp, 0o666)
        tmp.rename(path)

    def do_adapter(self, s):
        args = self.fill(s.get("args") or {})
        if s["verb"] == "add_server":
            name = s["args"]["name"]
            args.setdefault("id", name)
            args["url"] = args.get("url") or self.vars[name] + "/bigbluebutton/api"
            args["secret"] = args.get("secret") or self.secrets[name]
            args.pop("name")
        res = self.call(s["verb"], args)
        if s["verb"] == "add_server":
            self.vars["server:" + s["args"]["name"]] = res["id"]
            if res["id"] != s["args"]["name"]:
                self.norm.add(res["id"], s["args"]["name"])
        if s["verb"] == "add_tenant":
            self.vars["tenant:" + args["name"]] = res["id"]
            self.norm.add(res["id"], "{tenant:" + args["name"] + "}")
        up = self.upstream()
        rec = {"do": "adapter", "verb": s["verb"], "args": s.get("args") or {}}
        if up:
            rec["upstream"] = up
        extra = {k: v for k, v in res.items() if k in ("errors", "stdout", "stderr", "exit")}
        if extra:
            rec["result"] = self.norm.deep(extra)
        if s.get("loose"):
            rec["loose"] = s["loose"]
        return rec

    def query_of(self, s):
        """Build the query string and where the checksum goes."""
        q = s.get("query")
        if q is None:
            q = "&".join(f"{quote_plus(k)}={quote_plus(v)}" for k, v in self.fill(s.get("params") or []))
        else:
            q = self.fill(q)
        sign = s.get("sign")
        if sign is None:
            return q, None
        text = sign["call"] + (q if sign.get("text") is None else self.fill(sign["text"])) + sign["secret"]
        value = sign.get("value") or ALGOS[sign["algo"]](text.encode()).hexdigest()
        if sign.get("upper"):
            value = value.upper()
        part = "checksum=" + value
        pos = sign["position"]
        if pos == "last":
            q = f"{q}&{part}" if q else part
        elif pos == "first":
            q = f"{part}&{q}" if q else part
        elif pos == "body":
            pass
        else:
            parts = q.split("&")
            parts.insert(int(pos), part)
            q = "&".join(parts)
        return q, value

    def do_http(self, s):
        query, checksum = self.query_of(s)
        target = self.fill(s["path"]) + ("?" + query if query or s.get("question") else "")
        headers = [["Host", s["host"]]] + [[k, self.fill(v)] for k, v in (s.get("headers") or {}).items()]
        body = self.fill(s.get("body") or "")
        if checksum and s["sign"]["position"] == "body":
            body = body + ("&" if body else "") + "checksum=" + checksum
        data = body.encode()
        names = {h[0].lower() for h in headers}
        if (data or s["method"] in ("POST", "PUT")) and "content-length" not in names:
            headers.append(["Content-Length", str(len(data))])
        base = urlsplit(self.place["base_url"])
        started = time.time()
        status, got, raw = http(base.hostname, base.port, s["method"], target, headers, data)
        took = time.time() - started
        gotd = {}
        for k, v in got:
            gotd[k] = gotd[k] + [v] if isinstance(gotd.get(k), list) else ([gotd[k], v] if k in gotd else v)
        text = text_of(raw)
        for name, pattern in (s.get("save") or {}).items():
            where = text
            if pattern.startswith("header:"):
                _, h, pattern = pattern.split(":", 2)
                where = "\n".join(gotd[h]) if isinstance(gotd.get(h), list) else gotd.get(h, "")
            m = re.search(pattern, where)
            self.vars[name] = m.group(1).replace("&amp;", "&") if m else ""
            if s.get("name_saved", True) and m and len(m.group(1)) >= 8:
                self.norm.add(m.group(1), "{saved:" + name + "}") if s.get("hide_saved") else None
        up = self.upstream(s)
        rec = {"do": "http", "request": {
                   "method": s["method"], "target": target, "headers": headers, "body": shorten(body),
                   "sign": {k: v for k, v in (s.get("sign") or {}).items()} or None},
               "response": {"status": status, "headers": {}, "body": text}, "upstream": up}
        for name in HEADERS_COMPARED:
            if name in gotd:
                rec["response"]["headers"][name] = gotd[name]
        if "location" in gotd:
            rec["response"]["headers"]["location"] = self.check_location(gotd["location"])
        rec["info_headers"] = {k: v for k, v in gotd.items() if k not in HEADERS_COMPARED and k not in RAILS_HEADERS}
        if "location" in gotd:
            rec["info_headers"]["location_exact"] = gotd["location"]
        rec = self.norm.deep(rec)
        if took > 0.5:
            rec["took_s"] = round(took, 1)
        for key in ("unordered", "loose"):
            if s.get(key):
                rec[key] = s[key]
        if self.norm.generated:
            rec["generated"] = dict(self.norm.generated)
            self.norm.generated = {}
        return rec

    def upstream(self, s=None):
        """What reached the fake servers since the last look, with the checksum verified and named."""
        rows = []
        for name in BBBS:
            port = self.ports[name]
            got = get_json(f"http://{self.bbb_host}:{self.bbb_base}/_ctl/{port}/requests?since={self.seen[name]}")
            self.seen[name] = got["seq"]
            rows += [(r["at"], name, r) for r in got["requests"]]
        rows.sort(key=lambda r: r[0])
        out = []
        asked = dict(parse_pairs(s.get("query") or "")) if s else {}
        if s:
            asked.update({k: v for k, v in self.fill(s.get("params") or [])})
            if (s.get("headers") or {}).get("Content-Type", "").startswith("application/x-www-form"):
                asked.update(dict(parse_pairs(self.fill(s.get("body") or ""))))
        for _, name, r in rows:
            params = [[k, v] for k, v in r["params"] if k != "checksum"]
            call = r["path"].rsplit("/", 1)[-1] if r["path"].rstrip("/") != "/bigbluebutton/api" else ""
            pd = dict(params)
            if call == "create":
                if pd.get("moderatorPW") and not asked.get("moderatorPW"):
                    self.note_generated("moderatorPW", pd["moderatorPW"])
                if pd.get("voiceBridge") and pd["voiceBridge"] != asked.get("voiceBridge"):
                    self.note_generated("voiceBridge", pd["voiceBridge"])
            rec = {"server": name, "method": r["method"], "path": r["path"], "query": self.hide(r["query"]),
                   "params": params, "checksum": self.check(name, call, r["query"]), "body": shorten(r["body"]),
                   "content_type": r["headers"].get("content-type"),
                   "info_headers": {k: v for k, v in r["headers"].items() if k in ("authorization", "user-agent",
                                                                                   "accept", "accept-encoding")}}
            out.append(rec)
        return self.norm.deep(out)

    def check_location(self, url):
        """A redirect to a fake server: its checksum is verified and replaced by the verdict."""
        parts = urlsplit(url)
        for name, base in self.vars.items():
            if name in BBBS and url.startswith(base + "/"):
                verdict = self.check(name, parts.path.rsplit("/", 1)[-1], parts.query)
                return re.sub(r"([?&]checksum=)[0-9a-f]+", lambda m: m.group(1) + "{" + verdict + "}", url)
        return url

    def note_generated(self, what, value):
        shape = "digits" if value.isdigit() else "alnum"
        self.norm.add(value, f"{{generated:{what}:{shape}{len(value)}}}")
        self.norm.generated[what] = value

    @staticmethod
    def hide(query):
        return re.sub(r"(^|&)checksum=[0-9a-f]*", r"\1checksum={checksum}", query)

    def check(self, name, call, query):
        m = re.search(r"(?:^|&)checksum=([0-9a-f]+)", query)
        if not m:
            return "none"
        algo = BY_LENGTH.get(len(m.group(1)), "?")
        rest = "&".join(p for p in query.split("&") if not p.startswith("checksum="))
        good = algo in ALGOS and ALGOS[algo]((call + rest + self.secrets[name]).encode()).hexdigest() == m.group(1)
        return f"{algo} {'ok' if good else 'WRONG'}"

    def run(self, case, profiles):
        """The records of a case's steps, and what went wrong if one could not be run."""
        records = []
        try:
            self.reset(case, profiles)
            for s in case["steps"]:
                records.append(self.step(s))
        except (OSError, RuntimeError, ValueError, KeyError, IndexError) as e:
            return records, repr(e)
        return records, None


def found_differences(want, records, error):
    """The differences of a case as (step, element, words)."""
    out = [(i + 1, *d) for i, (a, b) in enumerate(zip(want["steps"], records)) for d in compare(a, b)]
    if error:
        out.append((len(records) + 1, "run", error))
    return out


def replay(args, picked, profiles, differences):
    """Runs the cases and prints how each compares; returns what is wrong, by case."""
    transcripts = load_transcripts(args.dir, picked)
    failed, counts = [], {}
    runner = Runner(args)
    try:
        runner.start_fakes()
        for c in sorted(picked, key=lambda c: list(profiles).index(c["profile"])):
            records, error = runner.run(c, profiles)
            found = found_differences(transcripts[c["id"]], records, error)
            wrong, on_purpose = differences.check(c["id"], found)
            verdict = "DIFF" if wrong else "differs on purpose" if on_purpose else "ok"
            counts.setdefault(c["group"], collections.Counter())[verdict] += 1
            print(f"{verdict:5} {c['id']}", flush=True)
            if wrong:
                failed.append({"id": c["id"], "level": c["level"], "diffs": wrong,
                               "found": [[step, element] for step, element, _ in found]})
            for text in wrong if args.verbose else []:
                print("      " + text[:2000])
            if error:
                runner.profile = None
    finally:
        runner.stop_fakes()
    for group, count in sorted(counts.items()):
        print(f"{group}: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(count.items())))
    return failed


def load_cases(folder):
    data = json.loads((pathlib.Path(folder) / "cases.json").read_text())
    KNOWN_SECRETS.extend(data["secrets"] + [f"bbb-secret-{i + 1}" for i in range(len(BBBS))])
    return data["cases"], data["profiles"]


def load_transcripts(folder, picked):
    """The transcript of each picked case, by its id."""
    out = {}
    for group in {c["group"] for c in picked}:
        data = json.loads((pathlib.Path(folder) / "transcripts" / f"{group}.json").read_text())
        out |= {c["id"]: c for c in data["cases"]}
    missing = [c["id"] for c in picked if c["id"] not in out]
    if missing:
        raise SystemExit(f"no transcripts of {missing}")
    return out


def pick(args, cases):
    patterns = args.only.split(",")
    picked = [c for c in cases if any(fnmatch.fnmatchcase(c["id"], p) for p in patterns)]
    if args.level != "all":
        picked = [c for c in picked if c["level"] in args.level.split(",")]
    if not picked:
        raise SystemExit("no case is picked")
    return picked


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("command", choices=["replay", "list"])
    ap.add_argument("--adapter", default="http://127.0.0.1:23010")
    ap.add_argument("--bbb-base", type=int,
                    help="control port of the fake servers; they follow it (default: a free one)")
    ap.add_argument("--only", default="*", help="case ids, e.g. 'create.*' (comma separated)")
    ap.add_argument("--level", default="all", help="only these levels, e.g. must or must,quirk")
    ap.add_argument("--dir", default=str(HERE), help="folder with cases.json and transcripts/ (default: this one)")
    ap.add_argument("--differences", help="list of the differences on purpose")
    ap.add_argument("--report", help="write the replay result as JSON")
    ap.add_argument("--verbose", action="store_true")
    args = ap.parse_args()
    cases, profiles = load_cases(args.dir)
    names = [c["id"] for c in cases]
    dup = [n for n, k in collections.Counter(names).items() if k > 1]
    if dup:
        raise SystemExit(f"duplicate case ids: {dup}")
    picked = pick(args, cases)
    if args.command == "list":
        for c in picked:
            print(f"{c['id']:60} {c['profile']:14} {c['level']}")
        print(len(picked), "cases")
        return
    own = pathlib.Path(args.dir).resolve() == HERE
    differences = Differences(args.differences, names if own else None)
    failed = replay(args, picked, profiles, differences)
    by = collections.Counter(c["level"] for c in picked)
    bad = collections.Counter(f["level"] for f in failed)
    print("; ".join(f"{lv}: {by[lv] - bad[lv]}/{by[lv]} agree or differ on purpose" for lv in by))
    for mistake in differences.mistakes:
        print(f"{args.differences}: {mistake}")
    if args.report:
        pathlib.Path(args.report).write_text(json.dumps({"cases": len(picked), "failed": failed}, indent=1) + "\n")
    sys.exit(1 if failed or differences.mistakes else 0)


if __name__ == "__main__":
    main()
