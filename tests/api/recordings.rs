//! The calls about recordings, of which there are none yet.

use super::support::{FORM, TestApp};

#[tokio::test]
async fn an_empty_library_is_no_failure() {
    let app = TestApp::start().await;
    for query in ["", "meetingID=a,b", "recordID=x&state=any&meta_x=1"] {
        for answer in [
            app.get("getRecordings", query).await,
            app.front_end().post_form("getRecordings", query).await,
        ] {
            assert_eq!(answer.succeeded().field("messageKey"), "noRecordings");
            assert_eq!(answer.field("recordings"), "");
            assert!(!answer.field("message").is_empty());
        }
    }
    app.front_end().knowing("wrong").get("getRecordings", "").await.refused("checksumError");
}

#[tokio::test]
async fn a_filter_can_be_demanded() {
    let app = TestApp::start_with(|config| config.recordings.require_filter = true).await;
    for query in ["", "meetingID=", "state=any"] {
        app.get("getRecordings", query)
            .await
            .refused_with("missingParameters", "param meetingID or recordID must be included.");
    }
    app.get("getRecordings", "meetingID=a").await.succeeded();
    app.get("getRecordings", "recordID=a").await.succeeded();
}

#[tokio::test]
async fn there_is_nothing_to_change() {
    let app = TestApp::start().await;
    let no_id = ("missingParamRecordID", "You must specify a recordID.");
    let no_value = ("missingParamPublish", "You must specify a publish value true or false.");
    let nothing = ("notFound", "We could not find recordings");
    for (call, query, (key, message)) in [
        ("publishRecordings", "", no_id),
        ("publishRecordings", "recordID=+&publish=true", no_id),
        ("publishRecordings", "recordID=x", no_value),
        ("publishRecordings", "recordID=x&publish=", no_value),
        ("publishRecordings", "recordID=x&publish=true", nothing),
        ("deleteRecordings", "", no_id),
        ("deleteRecordings", "recordID=x,y", nothing),
        ("updateRecordings", "meta_a=1", no_id),
    ] {
        app.get(call, query).await.refused_with(key, message);
        app.front_end().post(call, "", FORM, query).await.refused_with(key, message);
    }
    let answer = app.get("updateRecordings", "recordID=x&meta_a=1").await;
    assert_eq!(answer.succeeded().field("updated"), "false");
}

#[tokio::test]
async fn a_library_that_is_switched_off_has_nothing() {
    let app = TestApp::start_with(|config| {
        config.recordings.enabled = false;
        config.recordings.require_filter = true;
    })
    .await;
    let answer = app.get("getRecordings", "").await;
    assert_eq!(answer.succeeded().field("messageKey"), "noRecordings");
    for call in ["publishRecordings", "deleteRecordings", "updateRecordings"] {
        app.get(call, "").await.refused_with("notFound", "We could not find recordings");
    }
}

#[tokio::test]
async fn text_tracks_are_answered_in_json() {
    let app = TestApp::start().await;
    let track = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.vtt\"\r\n\r\n\
                 WEBVTT\r\n--x--\r\n";
    let multipart = "multipart/form-data; boundary=x";
    for (query, key) in [("", "paramError"), ("recordID=a%22b&kind=captions", "noRecordings")] {
        for answer in [
            app.get("getRecordingTextTracks", query).await,
            app.front_end().post("putRecordingTextTrack", query, multipart, track).await,
        ] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let response = &answer.json()["response"];
            assert_eq!(response["returncode"], "FAILED");
            assert_eq!(response["messageKey"], key);
            assert!(response["message"].is_string());
        }
    }
    app.get("putRecordingTextTrack", "recordID=a").await.refused("unsupportedRequest");
}
