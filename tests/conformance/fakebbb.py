#!/usr/bin/env python3
"""fakebbb - a fleet of fake BigBlueButton API servers, for tests and load tests.

    fakebbb.py --ports 41101-41110 --secret s [--ctl-port 41100] [--host 127.0.0.1]

Every port is one independent BigBlueButton server (API of 2.7/3.0) under
/bigbluebutton/api.  Only the Python 3.11 standard library is used; uvloop is
used when it is installed.

What a server does
  ''               version, apiVersion, bbbVersion
  create           GET, or POST with form fields or an XML body (pre-uploaded slides);
                   same passwords again: duplicateWarning; other passwords: idNotUnique
  join             adds the user, answers 302 to the client (or XML for redirect=false);
                   errors redirect to logoutURL?errors=[...] as BigBlueButton does
  isMeetingRunning, end, getMeetingInfo, getMeetings, getSessions, insertDocument, sendChatMessage
  getRecordings, publishRecordings, deleteRecordings, updateRecordings (always empty)
  checksum         verified (sha1/sha256/sha384/sha512 by length) over the raw query
  /sink/...        accepts anything with 200 (target for callbacks), and logs it

Control: /_ctl/... on each port (that server), or /_ctl/<port|all>/... on --ctl-port.
All control calls take and give JSON.
  GET  /_ctl/state                 meetings, faults, settings
  POST /_ctl/reset                 forget meetings, faults, log; clock and settings back
  POST /_ctl/meeting   {"meetingID": "m", ...}   make or change a meeting. Fields:
        name, attendees (viewers), moderators, videos, listeners, voice (counts),
        createTime (ms) or createdAgo (s), isBreakout, parentMeetingID, sequence,
        metadata {..}, attendeePW, moderatorPW, voiceBridge, running, recording, duration
  POST /_ctl/meetings  {"count": n, "prefix": "p", ...fields}   make many at once
  POST /_ctl/remove    {"meetingID": "m"}        forget a meeting without trace
  POST /_ctl/fault     {"call": "create"|"*"|"sink", "mode": ..., "count": n}
        mode: status {"status": 500}, delay {"delay_ms": n} (then answers normally),
              close (no answer), reset (TCP reset), garbage, empty, notFound,
              truncate (half of the body, then close), error {"messageKey","message"},
              body {"body","content_type","status"}
        count: how many requests are hit (default: all until cleared)
  POST /_ctl/fault/clear
  GET  /_ctl/requests[?since=n]    requests received (not control calls)
  POST /_ctl/requests/clear
  POST /_ctl/clock     {"now_ms": n, "step_ms": 1000} fixed clock for createTime; {} = real
  POST /_ctl/settings  {"bbbVersion","apiVersion","secret","log": true|false}
  POST /_ctl/listen    {"on": true|false}   stop or resume listening (connection refused)
"""
import argparse
import asyncio
import collections
import hashlib
import hmac
import json
import re
import signal
import socket
import struct
import sys
import time
from urllib.parse import unquote_plus, quote_plus, urlencode
from xml.sax.saxutils import escape

API = "/bigbluebutton/api"
CRLF = b"\r\n"
ALGOS = {40: hashlib.sha1, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}
REASONS = {200: "OK", 201: "Created", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 410: "Gone", 413: "Payload Too Large",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
XML_TYPE = "text/xml;charset=utf-8"
META_NAME = re.compile(r"^meta_[a-zA-Z][a-zA-Z0-9-]*$")
CHECKSUM_PARAM = re.compile(r"(^|&)checksum=([^&]*)")


def parse_pairs(text):
    """Decode a query string or form body into a list of (key, value)."""
    out = []
    for part in text.split("&"):
        if not part:
            continue
        key, _, value = part.partition("=")
        out.append((unquote_plus(key), unquote_plus(value)))
    return out


def strip_checksum(query):
    """Remove the checksum parameter, wherever it is, from a raw query string."""
    parts = [p for p in query.split("&") if not p.startswith("checksum=")]
    return "&".join(parts)


def tag(name, value):
    return f"<{name}>{escape(str(value))}</{name}>"


def flag(value):
    return "true" if value else "false"


def java_date(ms):
    t = time.gmtime(ms // 1000)
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", t)


def digits_of(text, n):
    return str(int(hashlib.sha1(text.encode()).hexdigest(), 16) % (9 * 10 ** (n - 1)) + 10 ** (n - 1))


def token_of(text, n):
    return hashlib.sha256(text.encode()).hexdigest()[:n]


class User:
    __slots__ = ("uid", "name", "role", "video", "voice", "listen", "presenter")

    def __init__(self, uid, name, role, video=False, voice=False, listen=False, presenter=False):
        self.uid, self.name, self.role = uid, name, role
        self.video, self.voice, self.listen, self.presenter = video, voice, listen, presenter

    def xml(self):
        return ("<attendee>" + tag("userID", self.uid) + tag("fullName", self.name) + tag("role", self.role)
                + tag("isPresenter", flag(self.presenter)) + tag("isListeningOnly", flag(self.listen))
                + tag("hasJoinedVoice", flag(self.voice)) + tag("hasVideo", flag(self.video))
                + tag("clientType", "HTML5") + "</attendee>")


class Meeting:
    def __init__(self, server, meeting_id, created):
        self.server = server
        self.id = meeting_id
        self.created = created
        self.internal = hashlib.sha1(meeting_id.encode()).hexdigest() + "-" + str(created)
        self.name = meeting_id
        self.attendee_pw = token_of("a" + meeting_id, 8)
        self.moderator_pw = token_of("m" + meeting_id, 8)
        self.voice = digits_of(meeting_id, 5)
        self.duration = 0
        self.record = False
        self.max_users = 0
        self.has_joined = False
        self.running = None          # None: derived from the users
        self.started = created
        self.meta = {}
        self.breakout = False
        self.parent = "bbb-none"
        self.sequence = 0
        self.users = []
        self.documents = 0
        self.disabled = ()
        self._xml = None

    def dirty(self):
        self._xml = None
        self.server.meetings_body = None

    def is_running(self):
        return bool(self.users) if self.running is None else self.running

    def count(self, what):
        if what == "moderators":
            return sum(1 for u in self.users if u.role == "MODERATOR")
        if what == "videos":
            return sum(1 for u in self.users if u.video)
        if what == "voice":
            return sum(1 for u in self.users if u.voice)
        if what == "listeners":
            return sum(1 for u in self.users if u.listen)
        return len(self.users)

    def populate(self, viewers, moderators, videos, listeners, voice):
        """Replace the users by made-up ones with these counts."""
        self.users = []
        for i in range(moderators):
            self.users.append(User(f"mod-{i}", f"Moderator {i}", "MODERATOR", presenter=(i == 0)))
        for i in range(viewers):
            self.users.append(User(f"user-{i}", f"Viewer {i}", "VIEWER"))
        for i, u in enumerate(self.users):
            u.video = i < videos
            u.voice = i < voice
            u.listen = voice <= i < voice + listeners
        if self.users:
            self.has_joined = True

    def create_xml(self, key="", message=""):
        out = ["<response>", tag("returncode", "SUCCESS"), tag("meetingID", self.id),
               tag("internalMeetingID", self.internal), tag("parentMeetingID", self.parent)]
        if self.attendee_pw:
            out.append(tag("attendeePW", self.attendee_pw))
        if self.moderator_pw:
            out.append(tag("moderatorPW", self.moderator_pw))
        out += [tag("createTime", self.created), tag("voiceBridge", self.voice),
                tag("dialNumber", self.server.dial_number), tag("createDate", java_date(self.created)),
                tag("hasUserJoined", flag(self.has_joined)), tag("duration", self.duration),
                tag("hasBeenForciblyEnded", "false"), tag("messageKey", key), tag("message", message), "</response>"]
        return "".join(out)

    def fields(self):
        """The part that getMeetings and getMeetingInfo share."""
        if self._xml is None:
            out = [tag("meetingName", self.name), tag("meetingID", self.id), tag("internalMeetingID", self.internal),
                   tag("createTime", self.created), tag("createDate", java_date(self.created)),
                   tag("voiceBridge", self.voice), tag("dialNumber", self.server.dial_number),
                   tag("attendeePW", self.attendee_pw), tag("moderatorPW", self.moderator_pw),
                   tag("running", flag(self.is_running())), tag("duration", self.duration),
                   tag("hasUserJoined", flag(self.has_joined)), tag("recording", flag(self.record)),
                   tag("hasBeenForciblyEnded", "false"), tag("startTime", self.started), tag("endTime", 0),
                   tag("participantCount", self.count("all")), tag("listenerCount", self.count("listeners")),
                   tag("voiceParticipantCount", self.count("voice")), tag("videoCount", self.count("videos")),
                   tag("maxUsers", self.max_users), tag("moderatorCount", self.count("moderators")), "<attendees>"]
            out += [u.xml() for u in self.users]
            out.append("</attendees><metadata>")
            out += [tag(k, v) for k, v in self.meta.items()]
            out.append("</metadata>")
            out.append(tag("isBreakout", flag(self.breakout)))
            if self.breakout:
                out += [tag("parentMeetingID", self.parent), tag("sequence", self.sequence), tag("freeJoin", "false")]
            rooms = [m.internal for m in self.server.meetings.values() if m.breakout and m.parent == self.internal]
            if rooms:
                out.append("<breakoutRooms>" + "".join(tag("breakout", r) for r in rooms) + "</breakoutRooms>")
            self._xml = "".join(out)
        return self._xml

    def json(self):
        return {"meetingID": self.id, "name": self.name, "internalMeetingID": self.internal, "createTime": self.created,
                "attendeePW": self.attendee_pw, "moderatorPW": self.moderator_pw, "voiceBridge": self.voice,
                "duration": self.duration, "metadata": self.meta, "isBreakout": self.breakout,
                "participants": self.count("all"), "moderators": self.count("moderators"),
                "videos": self.count("videos"), "documents": self.documents, "running": self.is_running()}


class Answer:
    __slots__ = ("status", "ctype", "body", "headers", "action", "delay")

    def __init__(self, body="", status=200, ctype=XML_TYPE, headers=(), action=None, delay=0):
        self.body = body if isinstance(body, bytes) else body.encode()
        self.status, self.ctype, self.headers, self.action, self.delay = status, ctype, headers, action, delay


class Failure(Exception):
    def __init__(self, key, message):
        super().__init__(key)
        self.key, self.message = key, message


def failed(key, message):
    return Answer("<response>" + tag("returncode", "FAILED") + tag("messageKey", key) + tag("message", message)
                  + "</response>")


class FakeServer:
    def __init__(self, fleet, port, secret):
        self.fleet, self.port, self.secret0 = fleet, port, secret
        self.listener = None
        self.seq = 0
        self.reset()

    # ---- state -------------------------------------------------------------------------------------------------
    def reset(self):
        self.secret = self.secret0
        self.api_version, self.bbb_version = "2.0", self.fleet.bbb_version
        self.dial_number = "613-555-1234"
        self.meetings = {}
        self.meetings_body = None
        self.faults = []
        self.clock = None
        self.clock_step = 1000
        self.logging = self.fleet.logging
        self.log = collections.deque(maxlen=self.fleet.log_size)
        self.joins = 0

    def now(self):
        if self.clock is None:
            return int(time.time() * 1000)
        now = self.clock
        self.clock += self.clock_step
        return now

    def note(self, method, path, query, headers, body):
        self.seq += 1
        if self.logging:
            self.log.append((self.seq, method, path, query, headers, body, time.time()))

    # ---- the API -----------------------------------------------------------------------------------------------
    def handle(self, method, path, query, headers, body):
        """Answer one request (already logged)."""
        if path.startswith(API):
            call = path[len(API):].strip("/")
        elif path.startswith("/sink"):
            call = "sink"
        else:
            return Answer("not found", 404, "text/plain")
        delay = 0
        for fault in list(self.faults):
            if fault["call"] not in ("*", call) or (fault["call"] == "*" and call == "sink"):
                continue
            if fault.get("count") is not None:
                fault["count"] -= 1
                if fault["count"] <= 0:
                    self.faults.remove(fault)
            if fault["mode"] == "delay":
                delay = fault.get("delay_ms", 1000) / 1000
                continue
            answer = self.fault_answer(fault, call, method, query, headers, body)
            answer.delay = delay
            return answer
        answer = self.plain(call, method, query, headers, body)
        answer.delay = delay
        return answer

    def fault_answer(self, fault, call, method, query, headers, body):
        mode = fault["mode"]
        if mode == "status":
            status = int(fault.get("status", 500))
            return Answer(fault.get("body", f"<html><body><h1>{status}</h1></body></html>"), status, "text/html")
        if mode in ("close", "reset"):
            return Answer(action=mode)
        if mode == "truncate":
            answer = self.plain(call, method, query, headers, body)
            answer.action = "truncate"
            return answer
        if mode == "garbage":
            return Answer("\x00this is {not} <xml", 200, XML_TYPE)
        if mode == "empty":
            return Answer("", 200, XML_TYPE)
        if mode == "notFound":
            return failed("notFound", "A meeting with that ID does not exist")
        if mode == "error":
            return failed(fault.get("messageKey", "internalError"), fault.get("message", "something failed"))
        return Answer(fault.get("body", ""), int(fault.get("status", 200)), fault.get("content_type", XML_TYPE))

    def plain(self, call, method, query, headers, body):
        if call == "sink":
            return Answer("ok", 200, "text/plain")
        try:
            return self.api(call, method, query, headers, body)
        except Failure as e:
            return failed(e.key, e.message)

    def verify(self, call, query, form):
        """BigBlueButton signs the raw query; with all parameters in the body: the sorted, re-encoded ones (or none)."""
        found = CHECKSUM_PARAM.search(query)
        given = unquote_plus(found.group(2)) if found else dict(form).get("checksum", "")
        algo = ALGOS.get(len(given))
        texts = [strip_checksum(query)]
        if not query and form:
            texts.append("&".join(f"{k}={quote_plus(v)}" for k, v in sorted(form) if k != "checksum"))
        if algo is not None:
            for text in texts:
                good = algo((call + text + self.secret).encode()).hexdigest()
                if hmac.compare_digest(good.encode(), given.lower().encode()):
                    return
        raise Failure("checksumError", "Checksums do not match")

    def api(self, call, method, query, headers, body):
        if call == "":
            return Answer("<response>" + tag("returncode", "SUCCESS") + tag("version", self.api_version)
                          + tag("apiVersion", self.api_version) + tag("bbbVersion", self.bbb_version)
                          + "<graphqlWebsocketUrl></graphqlWebsocketUrl><graphqlApiUrl></graphqlApiUrl></response>")
        fn = CALLS.get(call)
        if fn is None:
            raise Failure("unsupportedRequest", "This request is not supported.")
        ctype = headers.get("content-type", "").split(";")[0].strip().lower()
        form = parse_pairs(body.decode("utf-8", "replace")) if ctype == "application/x-www-form-urlencoded" else []
        self.verify(call, query, form)
        params = {}
        for key, value in parse_pairs(query) + form:
            params.setdefault(key, value)
        return fn(self, params, method, ctype, body)

    def find(self, params):
        mid = params.get("meetingID", "").strip()
        if not mid:
            raise Failure("missingParamMeetingID", "You must provide a meeting ID")
        if mid not in self.meetings:
            raise Failure("notFound", "A meeting with that ID does not exist")
        return self.meetings[mid]

    def do_create(self, p, method, ctype, body):
        mid = p.get("meetingID", "").strip()
        if not mid:
            raise Failure("missingParamMeetingID", "You must provide a meeting ID")
        if not 2 <= len(mid) <= 256:
            raise Failure("validationError", "Meeting ID must be between 2 and 256 characters")
        if "," in mid:
            raise Failure("validationError", "Meeting ID cannot contain ','")
        if not p.get("name"):
            raise Failure("validationError", "You must provide a meeting name")
        if not 2 <= len(p["name"]) <= 256:
            raise Failure("validationError", "Meeting name must be between 2 and 256 characters")
        if p.get("isBreakout") == "true" and not p.get("parentMeetingID"):
            raise Failure("parentMeetingIdMissing", "No parent meeting ID was provided for the breakout room")
        old = self.meetings.get(mid)
        if old is not None:
            same = old.attendee_pw == p.get("attendeePW") and old.moderator_pw == p.get("moderatorPW")
            if same or not (p.get("attendeePW") or p.get("moderatorPW")):
                return Answer(old.create_xml("duplicateWarning",
                              "This conference was already in existence and may currently be in progress."))
            raise Failure("idNotUnique",
                          "A meeting already exists with that meeting ID.  Please use a different meeting ID.")
        if p.get("voiceBridge") and any(m.voice == p["voiceBridge"] for m in self.meetings.values()):
            return Answer("<response>" + tag("returncode", "FAILED") + "<errors><error>"
                          + tag("key", "nonUniqueVoiceBridge")
                          + tag("message", "The selected voice bridge is already in use.")
                          + "</error></errors></response>")
        m = Meeting(self, mid, self.now())
        m.name = p["name"]
        m.attendee_pw = p.get("attendeePW") or m.attendee_pw
        m.moderator_pw = p.get("moderatorPW") or m.moderator_pw
        m.voice = p.get("voiceBridge") or m.voice
        m.record = p.get("record") == "true"
        spared = set((p.get("disabledFeaturesExclude") or "").split(","))
        m.disabled = tuple(f for f in (p.get("disabledFeatures") or "").split(",") if f and f not in spared)
        for name, attr in (("duration", "duration"), ("maxParticipants", "max_users"), ("sequence", "sequence")):
            if p.get(name, "").isdigit():
                setattr(m, attr, int(p[name]))
        m.breakout = p.get("isBreakout") == "true"
        if m.breakout:
            m.parent = p["parentMeetingID"]
        for key, value in p.items():
            if META_NAME.match(key):
                m.meta[key[5:].lower()] = value
        if ctype in ("application/xml", "text/xml"):
            m.documents = body.count(b"<document")
        self.meetings[mid] = m
        self.meetings_body = None
        for other in self.meetings.values() if m.breakout else ():
            other._xml = None
        return Answer(m.create_xml())

    def do_join(self, p, method, ctype, body):
        try:
            m = self.find(p)
            name = p.get("fullName", "").strip()
            if not name:
                raise Failure("missingParamFullName", "You must provide your name")
            if "createTime" in p and p["createTime"] != str(m.created):
                raise Failure("mismatchCreateTimeParam",
                              "The createTime parameter submitted mismatches with the current meeting.")
            if m.max_users and len(m.users) >= m.max_users:
                raise Failure("maxParticipantsReached",
                              "The number of participants allowed for this meeting has been reached.")
        except Failure as e:
            errors = json.dumps([{"key": e.key, "message": e.message}])
            base = p.get("logoutURL") or f"http://127.0.0.1:{self.port}/"
            sep = "&" if "?" in base else "?"
            return Answer("", 302, XML_TYPE, [("Location", base + sep + urlencode({"errors": errors}))])
        role = p.get("role", "").upper()
        if role not in ("MODERATOR", "VIEWER"):
            if not p.get("password"):
                return failed("Params required", "You must either send the valid role of the user, or the password, "
                              "sould the meeting has one.")
            if p["password"] == m.moderator_pw:
                role = "MODERATOR"
            elif p["password"] == m.attendee_pw:
                role = "VIEWER"
            else:
                return failed("Params required", "You must enter a valid password")
        self.joins += 1
        uid = "w_" + token_of(f"u{m.id}{self.joins}", 12)
        session = token_of(f"s{m.id}{self.joins}", 16)
        m.users.append(User(p.get("userID") or uid, name, role, presenter=not m.users and role == "MODERATOR"))
        m.has_joined = True
        m.dirty()
        url = f"http://127.0.0.1:{self.port}/html5client/?sessionToken={session}"
        if p.get("redirect", "true").lower() == "false":
            return Answer("<response>" + tag("returncode", "SUCCESS") + tag("messageKey", "successfullyJoined")
                          + tag("message", "You have joined successfully.") + tag("meeting_id", m.internal)
                          + tag("user_id", uid) + tag("auth_token", token_of(uid, 12)) + tag("session_token", session)
                          + tag("guestStatus", "ALLOW") + tag("url", url) + "</response>")
        return Answer("", 302, XML_TYPE, [("Location", url)])

    def do_running(self, p, method, ctype, body):
        if not p.get("meetingID"):
            raise Failure("missingParamMeetingID", "You must provide a meeting ID")
        m = self.meetings.get(p["meetingID"].strip())
        return Answer("<response>" + tag("returncode", "SUCCESS")
                      + tag("running", flag(m is not None and m.is_running())) + "</response>")

    def do_end(self, p, method, ctype, body):
        m = self.find(p)
        if p.get("password") and p["password"] != m.moderator_pw:
            raise Failure("invalidPassword", "The supplied moderator password is incorrect")
        self.forget(m)
        return Answer("<response>" + tag("returncode", "SUCCESS") + tag("messageKey", "sentEndMeetingRequest")
                      + tag("message", "A request to end the meeting was sent.  Please wait a few seconds, and then use "
                            "the getMeetingInfo or isMeetingRunning API calls to verify that it was ended.")
                      + "</response>")

    def forget(self, m):
        self.meetings.pop(m.id, None)
        for other in [o for o in self.meetings.values() if o.breakout and o.parent == m.internal]:
            self.meetings.pop(other.id, None)
        self.meetings_body = None

    def do_info(self, p, method, ctype, body):
        m = self.find(p)
        return Answer("<response>" + tag("returncode", "SUCCESS") + m.fields() + "</response>")

    def do_meetings(self, p, method, ctype, body):
        if self.meetings_body is None:
            if self.meetings:
                rows = "".join("<meeting>" + m.fields() + "</meeting>" for m in self.meetings.values())
                text = "<response>" + tag("returncode", "SUCCESS") + "<meetings>" + rows + "</meetings></response>"
            else:
                text = ("<response>" + tag("returncode", "SUCCESS") + "<meetings/>" + tag("messageKey", "noMeetings")
                        + tag("message", "no meetings were found on this server") + "</response>")
            self.meetings_body = text.encode()
        return Answer(self.meetings_body)

    def do_insert(self, p, method, ctype, body):
        m = self.find(p)
        if method != "POST" or b"<document" not in body:
            raise Failure("missingParamDocument", "No presentation was sent")
        if "presentation" in m.disabled:
            raise Failure("presentationDisabled", "Presentation feature is disabled")
        m.documents += body.count(b"<document")
        return Answer("<response>" + tag("returncode", "SUCCESS")
                      + tag("message", "Presentation is being uploaded") + "</response>")

    def do_sessions(self, p, method, ctype, body):
        rows = "".join("<meeting>" + tag("meetingID", m.internal) + tag("meetingName", m.name) + tag("userName", u.name)
                       + "</meeting>" for m in self.meetings.values() for u in m.users)
        if rows:
            return Answer("<response>" + tag("returncode", "SUCCESS") + "<sessions>" + rows + "</sessions></response>")
        return Answer("<response>" + tag("returncode", "SUCCESS") + "<sessions/>" + tag("messageKey", "noSessions")
                      + tag("message", "no sessions were found on this server") + "</response>")

    def do_chat(self, p, method, ctype, body):
        m = self.meetings.get((p.get("meetingID") or "").strip())
        if m is None or not m.is_running():
            raise Failure("meetingNotFound", "Meeting not found or not active")
        if not p.get("message"):
            raise Failure("validationError", "You must provide a message")
        return Answer("<response>" + tag("returncode", "SUCCESS") + tag("messageKey", "") + tag("message", "")
                      + "</response>")

    def do_recordings(self, p, method, ctype, body):
        return Answer("<response>" + tag("returncode", "SUCCESS") + "<recordings></recordings>"
                      + tag("messageKey", "noRecordings")
                      + tag("message", "There are no recordings for the meeting(s).") + "</response>")

    def do_no_recording(self, p, method, ctype, body):
        if not p.get("recordID"):
            raise Failure("missingParamRecordID", "You must specify one or more a record IDs.")
        raise Failure("notFound", "We could not find recordings")

    # ---- control -----------------------------------------------------------------------------------------------
    def apply(self, m, d):
        """Change a meeting from control fields."""
        for name, attr in (("name", "name"), ("attendeePW", "attendee_pw"), ("moderatorPW", "moderator_pw"),
                           ("voiceBridge", "voice"), ("duration", "duration"), ("recording", "record"),
                           ("running", "running"), ("isBreakout", "breakout"), ("parentMeetingID", "parent"),
                           ("sequence", "sequence"), ("maxParticipants", "max_users"), ("createTime", "created")):
            if name in d:
                setattr(m, attr, d[name])
        if "createdAgo" in d:
            m.created = int((time.time() - float(d["createdAgo"])) * 1000)
        if "metadata" in d:
            m.meta = {str(k).lower(): str(v) for k, v in d["metadata"].items()}
        if any(k in d for k in ("attendees", "moderators", "videos", "listeners", "voice")):
            m.populate(int(d.get("attendees", 0)), int(d.get("moderators", 0)), int(d.get("videos", 0)),
                       int(d.get("listeners", 0)), int(d.get("voice", 0)))
        for other in self.meetings.values():
            other._xml = None
        m.dirty()

    async def control(self, method, what, query, data):
        if what == "state":
            return {"port": self.port, "listening": self.listener is not None, "faults": self.faults,
                    "bbbVersion": self.bbb_version, "requests": self.seq,
                    "meetings": [m.json() for m in self.meetings.values()]}
        if what == "reset":
            self.reset()
            await self.listen(True)
            return {"ok": True}
        if what == "meeting":
            mid = data["meetingID"]
            m = self.meetings.get(mid)
            if m is None:
                m = self.meetings[mid] = Meeting(self, mid, int(data.get("createTime") or self.now()))
            self.apply(m, data)
            return m.json()
        if what == "meetings":
            for i in range(int(data.get("count", 1))):
                mid = f"{data.get('prefix', 'meeting-')}{i}"
                m = self.meetings.setdefault(mid, Meeting(self, mid, self.now()))
                self.apply(m, data)
            return {"meetings": len(self.meetings)}
        if what == "remove":
            m = self.meetings.get(data.get("meetingID"))
            if m is not None:
                self.forget(m)
            return {"ok": m is not None}
        if what == "fault":
            self.faults.append({"call": data.get("call", "*"), **data})
            return {"ok": True}
        if what == "fault/clear":
            self.faults.clear()
            return {"ok": True}
        if what == "requests":
            since = int(dict(parse_pairs(query)).get("since", 0))
            return {"seq": self.seq, "requests": [self.entry(e) for e in self.log if e[0] > since]}
        if what == "requests/clear":
            self.log.clear()
            return {"seq": self.seq}
        if what == "clock":
            self.clock = data.get("now_ms")
            self.clock_step = int(data.get("step_ms", 1000))
            return {"ok": True}
        if what == "settings":
            self.bbb_version = data.get("bbbVersion", self.bbb_version)
            self.api_version = data.get("apiVersion", self.api_version)
            self.secret = data.get("secret", self.secret)
            self.logging = data.get("log", self.logging)
            return {"ok": True}
        if what == "listen":
            await self.listen(bool(data.get("on", True)))
            return {"ok": True, "listening": self.listener is not None}
        raise KeyError(what)

    @staticmethod
    def entry(e):
        seq, method, path, query, headers, body, at = e
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = "base16:" + body.hex()
        return {"seq": seq, "at": at, "method": method, "path": path, "query": query, "params": parse_pairs(query),
                "headers": headers, "body": text}

    async def listen(self, on, attempts=700):
        if on and self.listener is None:
            loop = asyncio.get_running_loop()
            for attempt in range(attempts):
                try:
                    self.listener = await loop.create_server(lambda: Connection(self), self.fleet.host, self.port,
                                                             backlog=1024, reuse_address=True)
                    return
                except OSError:      # the port may be taken for a moment by an outgoing connection of this machine
                    if attempt == attempts - 1:
                        raise
                    await asyncio.sleep(0.1)
        elif not on and self.listener is not None:
            self.listener.close()
            self.listener = None
            for conn in list(self.fleet.connections.get(self.port, ())):
                conn.drop()


CALLS = {"create": FakeServer.do_create, "join": FakeServer.do_join, "isMeetingRunning": FakeServer.do_running,
         "end": FakeServer.do_end, "getMeetingInfo": FakeServer.do_info, "getMeetings": FakeServer.do_meetings,
         "insertDocument": FakeServer.do_insert, "getSessions": FakeServer.do_sessions, "sendChatMessage": FakeServer.do_chat, "getRecordings": FakeServer.do_recordings,
         "publishRecordings": FakeServer.do_no_recording, "deleteRecordings": FakeServer.do_no_recording,
         "updateRecordings": FakeServer.do_no_recording}


class Connection(asyncio.Protocol):
    """A small HTTP/1.1 server side: keep-alive, Content-Length and chunked bodies, Expect: 100-continue."""

    def __init__(self, server, fleet=None):
        self.server = server
        self.fleet = fleet or server.fleet
        self.buf = bytearray()
        self.busy = False
        self.pending = collections.deque()
        self.transport = None
        self.sent_continue = False

    def connection_made(self, transport):
        self.transport = transport
        if self.server is not None:
            self.fleet.connections.setdefault(self.server.port, set()).add(self)

    def connection_lost(self, exc):
        if self.server is not None:
            self.fleet.connections.get(self.server.port, set()).discard(self)

    def drop(self):
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data):
        self.buf += data
        while True:
            req = self.parse()
            if req is None:
                break
            self.pending.append(req)
        self.pump()

    def parse(self):
        end = self.buf.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = bytes(self.buf[:end]).decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) < 3:
            self.drop()
            return None
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        start = end + 4
        if headers.get("transfer-encoding", "").lower() == "chunked":
            got = self.dechunk(start)
            if got is None:
                return None
            body, stop = got
        else:
            length = int(headers.get("content-length") or 0)
            stop = start + length
            if len(self.buf) < stop:
                if headers.get("expect", "").lower() == "100-continue" and not self.sent_continue:
                    self.sent_continue = True
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return None
            body = bytes(self.buf[start:stop])
        del self.buf[:stop]
        self.sent_continue = False
        path, _, query = parts[1].partition("?")
        keep = headers.get("connection", "").lower() != "close" and parts[2] != "HTTP/1.0"
        return parts[0], path, query, headers, body, keep

    def dechunk(self, pos):
        out = bytearray()
        while True:
            eol = self.buf.find(CRLF, pos)
            if eol < 0:
                return None
            size = int(bytes(self.buf[pos:eol]).split(b";")[0], 16)
            pos = eol + 2
            if len(self.buf) < pos + size + 2:
                return None
            if size == 0:
                stop = self.buf.find(CRLF, pos)
                return bytes(out), stop + 2
            out += self.buf[pos:pos + size]
            pos += size + 2

    def pump(self):
        while self.pending and not self.busy:
            method, path, query, headers, body, keep = self.pending.popleft()
            if path.startswith("/_ctl"):
                self.busy = True
                asyncio.ensure_future(self.run_control(method, path, query, body, keep))
                return
            if self.server is None:
                self.reply(Answer("not found", 404, "text/plain"), keep)
                continue
            self.server.note(method, path, query, headers, body)
            answer = self.server.handle(method, path, query, headers, body)
            if answer.delay:
                self.busy = True
                asyncio.get_running_loop().call_later(answer.delay, self.late, answer, keep)
                return
            self.reply(answer, keep)

    def late(self, answer, keep):
        self.busy = False
        self.reply(answer, keep)
        self.pump()

    def reply(self, answer, keep):
        tr = self.transport
        if tr is None or tr.is_closing():
            return
        if answer.action == "close":
            tr.close()
            return
        if answer.action == "reset":
            sock = tr.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            tr.abort()
            return
        head = (f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}\r\nContent-Type: {answer.ctype}\r\n"
                f"Content-Length: {len(answer.body)}\r\nCache-Control: no-cache\r\n")
        for name, value in answer.headers:
            head += f"{name}: {value}\r\n"
        head += "\r\n" if keep else "Connection: close\r\n\r\n"
        if answer.action == "truncate":
            tr.write(head.encode() + answer.body[:len(answer.body) // 2])
            tr.close()
            return
        tr.write(head.encode() + answer.body)
        if not keep:
            tr.close()

    async def run_control(self, method, path, query, body, keep):
        try:
            what = path[len("/_ctl"):].strip("/")
            targets = [self.server] if self.server is not None else []
            first, _, rest = what.partition("/")
            if first == "all":
                targets, what = list(self.fleet.servers.values()), rest
            elif first.isdigit():
                targets, what = [self.fleet.servers[int(first)]], rest
            data = json.loads(body) if body.strip() else {}
            results = [await s.control(method, what, query, data) for s in targets]
            single = len(results) == 1 and first != "all"
            answer = Answer(json.dumps(results[0] if single else results), 200, "application/json")
        except KeyError as e:
            answer = Answer(json.dumps({"error": f"unknown: {e}"}), 404, "application/json")
        except Exception as e:
            answer = Answer(json.dumps({"error": repr(e)}), 400, "application/json")
        self.late(answer, keep)


class Fleet:
    def __init__(self, args):
        self.host, self.bbb_version = args.host, args.bbb_version
        self.logging, self.log_size = not args.no_log, args.log_size
        self.connections = {}
        self.servers = {}
        secrets = args.secret.split(",")
        for i, port in enumerate(args.ports):
            self.servers[port] = FakeServer(self, port, secrets[i % len(secrets)])


def ports(text):
    out = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        out += range(int(low), int(high or low) + 1)
    return out


async def main():
    ap = argparse.ArgumentParser(description="fleet of fake BigBlueButton servers")
    ap.add_argument("--ports", type=ports, required=True, help="41101-41110 or 41101,41105")
    ap.add_argument("--secret", default="fake-secret", help="one for all, or a comma separated list in port order")
    ap.add_argument("--host", default="127.0.0.1")
    ap.add_argument("--ctl-port", type=int, default=0)
    ap.add_argument("--bbb-version", default="3.0.4")
    ap.add_argument("--no-log", action="store_true", help="do not keep received requests (load tests)")
    ap.add_argument("--log-size", type=int, default=20000)
    ap.add_argument("--pid-file")
    args = ap.parse_args()
    fleet = Fleet(args)
    loop = asyncio.get_running_loop()
    for server in fleet.servers.values():
        await server.listen(True, attempts=1)
    if args.ctl_port:
        await loop.create_server(lambda: Connection(None, fleet), args.host, args.ctl_port, reuse_address=True)
    if args.pid_file:
        import os
        with open(args.pid_file, "w") as f:
            f.write(str(os.getpid()))
    print(f"fakebbb: {len(fleet.servers)} servers on {args.host}:{args.ports[0]}-{args.ports[-1]}", flush=True)
    stop = asyncio.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, stop.set)
    await stop.wait()


if __name__ == "__main__":
    try:
        import uvloop
        uvloop.install()
    except ImportError:
        pass
    sys.exit(asyncio.run(main()))
