"""Creates, lists, joins and ends meetings with the PyPI package bigbluebutton-api-python."""
import sys
import urllib.error
import urllib.request

from bigbluebutton_api_python import BigBlueButton
from bigbluebutton_api_python.exception import BBBException


class Stay(urllib.request.HTTPRedirectHandler):
    """Shows a redirect instead of following it."""

    def redirect_request(self, *_):
        return None


def location(url):
    try:
        urllib.request.build_opener(Stay).open(url)
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, answer.code
        return answer.headers["Location"]
    raise AssertionError("no redirect")


def main(url, secret):
    bbb = BigBlueButton(url, secret)
    assert str(bbb.get_api_version().get_version()) == "2.0"
    assert bbb.get_meetings().get_meetings() == []
    for n in (1, 2):
        params = {"name": f"Ünïcode & Co {n}", "moderatorPW": "mp", "attendeePW": "a p+b"}
        made = bbb.create_meeting(f"python {n}", params=params, meta={"bbb-origin": "python"})
        assert made.get_return_code() == "SUCCESS"
        assert str(made.get_meetingid()) == f"python {n}"
        assert str(made.get_attendee_pw()) == "a p+b"
    assert not bbb.is_meeting_running("python 1").is_meeting_running()
    target = location(bbb.get_join_meeting_url("Jürgen Groß", "python 1", "a p+b", params={}))
    # The server itself takes the person in: its own redirect leads to the client.
    assert "sessionToken" in location(target), target
    assert bbb.is_meeting_running("python 1").is_meeting_running()
    names = sorted(str(m.get_meetingid()) for m in bbb.get_meetings().get_meetings())
    assert names == ["python 1", "python 2"], names
    info = bbb.get_meeting_info("python 1").get_meetinginfo()
    assert str(info.get_participantcount()) == "1"
    assert str(info.get_meetingname()) == "Ünïcode & Co 1"
    for n in (1, 2):
        assert bbb.end_meeting(f"python {n}", "mp").get_return_code() == "SUCCESS"
    assert bbb.get_meetings().get_meetings() == []
    try:
        bbb.get_meeting_info("python 1")
        raise AssertionError("an ended meeting is still there")
    except BBBException as failure:
        assert "notFound" in repr(failure) + str(vars(failure)), vars(failure)
    assert bbb.get_recordings(meeting_id="python 1").get_recordings() == []
    print("python: all is well")


main(*sys.argv[1:])
