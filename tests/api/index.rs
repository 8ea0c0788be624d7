//! The index: the one call that everybody may make.

use super::support::TestApp;

#[tokio::test]
async fn the_index_names_the_version_to_everybody() {
    let app = TestApp::start().await;
    let front_end = app.front_end();
    for path in ["/bigbluebutton", "/bigbluebutton/", "/bigbluebutton/api", "/bigbluebutton/api/"] {
        for method in ["GET", "POST"] {
            for query in ["", "?", "?&checksum=nonsense", "?a=%zz&checksum=1&checksum=2"] {
                let target = format!("{path}{query}");
                let answer = front_end.send(method, &target, None, b"").await;
                answer.succeeded();
                assert_eq!(answer.field("version"), "2.0", "{method} {target}");
                assert_eq!(answer.field("apiVersion"), "2.0");
                assert_eq!(answer.text("build"), None);
            }
        }
        let answer = front_end.send("HEAD", path, None, b"").await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn a_build_is_shown_where_one_is_configured() {
    let app = TestApp::start_with(|config| config.api.build = Some("campus <1> & more".into()));
    let answer = app.await.front_end().send("GET", "/bigbluebutton/api", None, b"").await;
    assert_eq!(answer.succeeded().field("build"), "campus &lt;1&gt; &amp; more");
}
